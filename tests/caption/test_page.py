"""The Python of docs/guides/captions.md runs as it stands, in a training of a second."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import foretell.caption.kind  # which is to know the settings as they are, not as the page is given them
import foretell.caption.model
import foretell.caption.settings
from foretell.caption import CaptionSettings

PAGE = Path(__file__).parents[2] / "docs" / "guides" / "captions.md"


def test_the_page(
    folder: Path,
    tmp_path: Path,
    tiny: Callable[..., CaptionSettings],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (folder / "captions.csv").rename(tmp_path / "captions.csv")
    for name in ("holiday.jpg", "garden.png"):
        Image.new("RGB", (20, 30), "green").save(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    small = tiny(10, size=64, longest=5)
    asked: list[Any] = []

    class Small(CaptionSettings):
        def __new__(cls, **given: Any) -> Any:
            asked.append(given)
            return small

    monkeypatch.setattr(foretell.caption.settings, "CaptionSettings", Small)
    (block,) = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    exec(compile(block, str(PAGE), "exec"), {"__name__": "page"})
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("Score(loss=")
    assert len(lines) >= 2
    assert asked[0] == {"size": 64}
    assert (tmp_path / "eye" / "model.json").exists()

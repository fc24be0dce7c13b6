"""The Python of docs/guides/audio.md runs as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import soundfile

PAGE = Path(__file__).parents[2] / "docs" / "guides" / "audio.md"


def test_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "recordings").mkdir()
    random = np.random.default_rng(0)
    for name in ("0_ann_0", "1_ann_0", "0_bob_0", "1_bob_0"):
        soundfile.write(tmp_path / "recordings" / f"{name}.wav", random.uniform(-0.5, 0.5, 500), 8000)
    monkeypatch.chdir(tmp_path)
    (block,) = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    exec(compile(block, str(PAGE), "exec"), {"__name__": "page"})
    lines = capsys.readouterr().out.splitlines()
    assert lines[1:] == ["0.032"] * 3
    assert soundfile.info("new.wav").frames == 800

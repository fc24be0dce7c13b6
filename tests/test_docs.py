"""The Python in the documentation runs as it stands: the blocks of a page one after another, as a reader would."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import torch

from foretell import Forecaster, ForecastSettings

ROOT = Path(__file__).parents[1]


def run_blocks(page: str) -> dict[str, Any]:
    """Run the Python of a page, and return the names that it leaves; a traceback shows the line of the page."""
    text = (ROOT / page).read_text(encoding="utf-8")
    names: dict[str, Any] = {"__name__": page}
    blocks = list(re.finditer(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))
    assert blocks
    torch.manual_seed(0)
    for block in blocks:
        line = text.count("\n", 0, block.start(1))
        exec(compile("\n" * line + block[1], str(ROOT / page), "exec"), names)
    return names


def test_layers() -> None:
    names = run_blocks("docs/layers.md")
    assert names["loss"].isfinite()


def test_readme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    days = pl.date_range(pl.date(2024, 1, 1), pl.date(2024, 6, 28), eager=True)
    sales = pl.DataFrame({"date": days, "tea": [10.0 + k % 7 for k in range(len(days))]})
    sales.write_csv("newer.csv")
    sales[:-14].write_csv("sales.csv")
    defaults = ForecastSettings()
    small = replace(defaults, hidden=8, layers=1, training=replace(defaults.training, steps=5))
    monkeypatch.setitem(Forecaster.__init__.__kwdefaults__, "settings", small)  # a training of a second
    names = run_blocks("README.md")
    assert names["forecast"].columns == [
        "unique_id",
        "ds",
        "lstm",
        "lstm-lo-95",
        "lstm-lo-80",
        "lstm-hi-80",
        "lstm-hi-95",
    ]
    assert len(names["newer"]) == 14
    assert "lstm" in capsys.readouterr().out
    assert names["outputs"].shape == (8, 100, 64)

"""The tutorials run as they stand, in an empty folder, and teach what they say."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch

DOCS = Path(__file__).parents[1] / "docs"


def run(page: str) -> dict[str, Any]:
    """Run the Python of a page, one block after another, and return the names that it leaves."""
    text = (DOCS / page).read_text(encoding="utf-8")
    names: dict[str, Any] = {"__name__": page}
    torch.manual_seed(0)
    for block in re.finditer(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        above = "\n" * text.count("\n", 0, block.start(1))  # so that a traceback shows the line of the page
        exec(compile(above + block[1], str(DOCS / page), "exec"), names)
    return names


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_first_forecast() -> None:
    forecast = run("start/first-forecast.md")["forecast"]
    assert forecast["unique_id"].unique().to_list() == ["tea"]
    assert len(forecast) == 7


def test_forecast() -> None:
    names = run("tutorials/forecast.md")
    scores = dict(names["backtest"].scores.select("model", "MASE").iter_rows())
    assert names["forecaster"].fitted_model.seasons == (7,)
    assert scores["pretrained"] < scores["seasonal_naive"]
    assert names["newer"].equals(names["forecast"])


def test_covariates() -> None:
    by_offer = run("tutorials/covariates.md")["by_offer"]
    plain, offers = (by_offer.filter(pl.col("offer") == offer)["lstm"] for offer in (False, True))
    assert (offers - plain).is_between(20, 40).all()


def test_layers() -> None:
    names = run("tutorials/layers.md")
    assert names["history"].losses[-1] < 0.1 * names["history"].losses[0]
    assert len(names["values"]) == 20


def test_text(capsys: pytest.CaptureFixture[str]) -> None:
    names = run("tutorials/text.md")
    assert names["classifier"].predict(["a warm story", "a flat and cold play"]) == ["good", "bad"]
    assert names["model"].evaluate(names["held_out"]).bits < 1
    assert "['good', 'bad']" in capsys.readouterr().out


def test_translation() -> None:
    names = run("tutorials/translation.md")
    assert names["translator"].validation.bleu > 80


def test_captions() -> None:
    names = run("tutorials/captions.md")
    assert names["captioner"].validation.exact >= 0.6
    assert len(list(Path("pictures").iterdir())) == 48


def test_music() -> None:
    names = run("tutorials/music.md")
    assert names["model"].validation.accuracy > 0.8
    assert names["notes"].shape == (80, 4)
    assert Path("new.mid").read_bytes()[:4] == b"MThd"


def test_audio() -> None:
    names = run("tutorials/audio.md")
    assert names["model"].validation.bits < 4
    assert names["waveform"].shape == (2000,)
    assert np.isfinite(names["waveform"]).all()

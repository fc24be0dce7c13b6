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
from foretell.text.language_model.settings import LanguageSettings
from foretell.text.translation.settings import TranslatorSettings
from foretell.training import TrainingSettings

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


def smaller(monkeypatch: pytest.MonkeyPatch, module: str, settings: Any) -> None:
    """Whatever settings of that kind a page asks for, it gets these."""
    kind = type(settings)
    given = type(kind.__name__, (kind,), {"__new__": lambda _cls, **_asked: settings})
    monkeypatch.setattr(f"{module}.{kind.__name__}", given)


@pytest.mark.parametrize("page", ["guides/layers", "guides/wavenet", "how-it-works/kernels"])
def test_layers(page: str) -> None:
    run_blocks(f"docs/{page}.md")


def test_structures() -> None:
    names = run_blocks("docs/guides/structures.md")
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
        "auto",
        "auto-lo-95",
        "auto-lo-80",
        "auto-hi-80",
        "auto-hi-95",
    ]
    assert len(names["newer"]) == 14
    assert "auto" in capsys.readouterr().out
    assert names["outputs"].shape == (8, 100, 64)


def test_cross_validation() -> None:
    names = run_blocks("docs/guides/cross-validation.md")
    assert names["windows"]["cutoff"].n_unique() == 5
    assert names["validation"].scores_by("cutoff")["coverage-80"].mean() > 0.6


def test_totals() -> None:
    names = run_blocks("docs/guides/totals.md")
    assert len(names["samples"]) == 2 * 500 * 14
    assert 2000 < names["totals"].median() < 2500


def test_hierarchies() -> None:
    wide = run_blocks("docs/guides/hierarchies.md")["wide"]
    assert wide.columns == ["ds", "total", "north", "south", "north/a", "north/b", "south/a"]
    assert (wide["total"] - wide["north"] - wide["south"]).abs().max() < 1e-9


def test_calendars() -> None:
    days = run_blocks("docs/guides/calendars.md")["forecaster"].predict()["ds"]
    assert days.cast(pl.String).to_list() == ["2024-12-24", "2024-12-27", "2024-12-30", "2024-12-31"]


def test_anomalies(capsys: pytest.CaptureFixture[str]) -> None:
    found = run_blocks("docs/guides/anomalies.md")["found"]
    assert "2024-07-19" in found.table["ds"].cast(pl.String).to_list()
    assert "less likely than 0.002" in capsys.readouterr().out


def test_filling(capsys: pytest.CaptureFixture[str]) -> None:
    filled = run_blocks("docs/guides/filling.md")["filled"]
    assert filled.table["filled"].sum() == 10
    assert "10 values in 1 gap were filled" in capsys.readouterr().out


def test_updates(capsys: pytest.CaptureFixture[str]) -> None:
    names = run_blocks("docs/guides/updates.md")
    assert names["update"].drift.drifted is False
    assert str(names["forecast"]["ds"].min()) == "2025-01-01"
    assert "66 new values in 1 series." in capsys.readouterr().out


def test_sktime(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("sktime", reason="the extra sktime is not installed")
    names = run_blocks("docs/guides/sktime-and-mlflow.md")
    assert (names["bounds"].shape, len(names["scores"])) == ((3, 2), 4)
    assert float(capsys.readouterr().out) < 0.02


def test_text_for_speech(capsys: pytest.CaptureFixture[str]) -> None:
    run_blocks("docs/guides/speech-text.md")
    page = (ROOT / "docs/guides/speech-text.md").read_text(encoding="utf-8")
    assert capsys.readouterr().out.splitlines() == re.findall("^# (.+[0-9)])$", page, re.MULTILINE)


def test_classify(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    run_blocks("docs/guides/classification.md")
    assert capsys.readouterr().out.splitlines()[:2] == ["None", "['good']"]


def test_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plays.txt").write_text(100 * "ROMEO: one two, buckle my shoe;\n")
    training = TrainingSettings(steps=5)
    smaller(monkeypatch, "foretell.text.language_model.settings", LanguageSettings(hidden=8, training=training))
    run_blocks("docs/guides/text.md")
    plain, dynamic, *written = capsys.readouterr().out.splitlines()
    assert plain.startswith("Score(bits=")
    assert dynamic.startswith("Score(bits=")
    assert sum(map(len, written)) >= 1000


def test_translate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("train", "val"):
        (tmp_path / f"{name}.en").write_text(20 * "one two\nthree\n")
        (tmp_path / f"{name}.fr").write_text(20 * "un deux\ntrois\n")
    settings = TranslatorSettings(hidden=8, embedding=8, vocabulary=300, training=TrainingSettings(steps=5))
    smaller(monkeypatch, "foretell.text.translation.settings", settings)
    run_blocks("docs/guides/translation.md")
    bleu, translations = capsys.readouterr().out.splitlines()
    assert bleu.startswith("Score(loss=")
    assert translations.startswith("[")

"""The benchmark of accuracy: contestants in processes of their own, and the tables of what they did."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"

STAND_IN = """
import polars as pl
class StatsForecast:
    def __init__(self, models, freq, n_jobs, fallback_model):
        assert freq == 1
    def forecast(self, df, h, level):
        ids = df["unique_id"].unique(maintain_order=True)
        frame = pl.DataFrame({"unique_id": ids}).join(pl.DataFrame({"SeasonalNaive": [5.0] * h}), how="cross")
        low = {f"SeasonalNaive-lo-{n}": pl.lit(5 - n / 10) for n in level}
        return frame.with_columns(**low, **{f"SeasonalNaive-hi-{n}": pl.lit(5 + n / 10) for n in level})
"""


@pytest.fixture
def accuracy(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return import_module("accuracy")


@pytest.fixture
def case(accuracy: Any) -> Any:
    table = pl.DataFrame({"unique_id": ["a"] * 6 + ["b"] * 6, "ds": [*range(6)] * 2, "y": np.arange(12.0)})
    return accuracy.Case("toy", table, {"a": np.array([5.0, 7.0]), "b": np.array([5.0, np.nan])}, 2, 1)


def test_a_command_that_takes_too_long_is_ended_with_all_that_it_started(accuracy: Any, tmp_path: Path) -> None:
    note = tmp_path / "pid"
    with pytest.raises(subprocess.TimeoutExpired):
        accuracy.run_alone(["sh", "-c", f"sleep 600 & echo $! > {note}; wait"], 1.0)
    child = int(note.read_text())
    for _ in range(100):
        try:
            os.kill(child, 0)
        except ProcessLookupError:
            break
        time.sleep(0.1)
    else:
        pytest.fail("the command's own child lives on")


def test_what_ran_out_is_told_and_measured_anew_with_more_time(
    accuracy: Any, case: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(_: Any, terms: Any) -> Any:
        accuracy.run_alone(["sleep", "600"], terms.seconds)

    monkeypatch.setitem(accuracy.CONTESTANTS, "AutoARIMA", slow)
    found = accuracy.measured("AutoARIMA", case, accuracy.Terms(seconds=0.2))
    assert found == {"ran_out": 0.2}
    known = {"toy": {"AutoARIMA": {"ran_out": 900.0}}}
    assert list(accuracy.measured_table(known))[2] == "| toy | AutoARIMA | not done in 900 s | | | |"
    assert list(accuracy.best_peer_sentences(known, accuracy.OURS)) == []
    wanted = [accuracy._is_open({"ran_out": 900.0}, accuracy.Terms(seconds=limit)) for limit in (60, 900, 901)]
    assert wanted == [False, False, True]
    assert accuracy._is_open(None, accuracy.Terms())
    assert not accuracy._is_open({"MASE": 1.0}, accuracy.Terms())


def test_a_peer_runs_in_the_python_that_has_it(
    accuracy: Any, case: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(accuracy.LeftOutError, match="SeasonalNaive, its package is missing"):
        accuracy.peer("SeasonalNaive")(case, accuracy.Terms(python=sys.executable))
    (tmp_path / "statsforecast").mkdir()
    (tmp_path / "statsforecast" / "__init__.py").write_text(STAND_IN)
    (tmp_path / "statsforecast" / "models.py").write_text("SeasonalNaive = lambda season_length: season_length\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    found = accuracy.measured("SeasonalNaive", case, accuracy.Terms(nice=1))
    # Naive changes of 1 scale errors of 0 and 2 for one series, of 0 for the other.
    assert found["MASE"] == pytest.approx(0.5)
    assert (found["80 %"], found["95 %"], found["seconds"]) == (100.0, 100.0, None)
    quantiles = accuracy.peer("SeasonalNaive")(case, accuracy.Terms())
    assert list(quantiles) == ["a", "b"]
    np.testing.assert_allclose(quantiles["b"][1], 5 + np.array([-95, -80, -60, -40, -20, 0, 20, 40, 60, 80, 95]) / 10)


def test_measured_figures_stand_beside_the_published_ones(accuracy: Any) -> None:
    base = accuracy.PUBLISHED["models"]["seasonal naive"]
    half = {"80 %": 80.0, "95 %": 95.0, "seconds": None}
    known = {name: {"foretell": {"MASE": m / 2, "WQL": w / 4, **half}} for name, (m, w) in base.items()}
    known["m3_yearly"]["NHITS"] = {"MASE": 3.0, "WQL": 0.1, **half}
    lines = list(accuracy.published_table(known))
    assert lines[0] == "| | m3_yearly | m3_quarterly | m3_monthly | car_parts | relative |"
    assert lines[2].startswith("| foretell | 1.586 / 0.0416 |")
    assert lines[2].endswith("| 0.500 / 0.250 |")
    tirex = next(line for line in lines if line.startswith("| TiRex"))
    assert tirex.endswith("| 2.710 / 0.1264 | 1.154 / 0.0699 | 0.831 / 0.0899 | 0.839 / 0.9915 | 0.769 / 0.666 |")
    assert any(line.startswith("| seasonal naive, published") and line.endswith("1.000 / 1.000 |") for line in lines)
    assert not any("NHITS" in line for line in lines)
    assert list(accuracy.best_peer_sentences(known, accuracy.OURS)) == [
        "foretell: 0.529 times the MASE of the best peer of each of 1 sets"
    ]
    assert list(accuracy.measured_table(known))[3] == "| m3_yearly | NHITS | 3.000 | 0.1000 | 80.0 / 95.0 |  |"

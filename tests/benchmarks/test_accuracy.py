"""The benchmark of accuracy: contestants in processes of their own, and the tables of what they did."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import date
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
    measured = {"m3_yearly": base["m3_yearly"], "car_parts": base["car_parts"]}
    known = {name: {"foretell": {"MASE": m / 2, "WQL": w / 4, **half}} for name, (m, w) in measured.items()}
    known["m3_yearly"]["NHITS"] = {"MASE": 3.0, "WQL": 0.1, **half}
    lines = list(accuracy.published_table(known))
    head, _, yearly, parts, mean = ([cell.strip() for cell in line.strip("|").split("|")] for line in lines)
    assert (head[1], yearly[:2], parts[0]) == ("foretell", ["m3_yearly", "0.500 / 0.250"], "car_parts")
    assert mean[:2] == ["geometric mean of 2", "0.500 / 0.250"]
    tirex = next(k for k, model in enumerate(head) if model.startswith("TiRex"))
    assert (yearly[tirex], parts[tirex], mean[tirex]) == ("0.854 / 0.759", "0.699 / 0.620", "0.773 / 0.686")
    assert not any("NHITS" in cell or "naive" in cell for cell in head)
    assert list(accuracy.best_peer_sentences(known, accuracy.OURS)) == [
        "foretell: 0.529 times the MASE of the best peer of each of 1 sets"
    ]
    assert list(accuracy.measured_table(known))[3] == "| m3_yearly | NHITS | 3.000 | 0.1000 | 80.0 / 95.0 |  |"


def test_sets_far_behind_the_rival_are_named(accuracy: Any) -> None:
    rival = accuracy.PUBLISHED["models"][accuracy.PUBLISHED["rival"]]
    (m, w), half = rival["m3_yearly"], {"80 %": 80.0, "95 %": 95.0, "seconds": None}
    known = {"m3_yearly": {"foretell": {"MASE": m * 1.04, "WQL": w * 1.06, **half}}, "toy": {"foretell": half}}
    assert list(accuracy.behind_sentences(known, accuracy.OURS)) == [
        f"foretell: more than 5% behind {accuracy.PUBLISHED['rival']} on m3_yearly (1.040 / 1.060) of 1 published sets"
    ]


def test_further_sets_come_from_a_folder(accuracy: Any, tmp_path: Path) -> None:
    public_sets = import_module("public_sets")
    series = [("a", date(1999, 10, 1), np.array([1.0, 2.0, np.nan, 4.0, 5.0])), ("b", date(1900, 1, 1), np.arange(4.0))]
    table = public_sets.long_table(iter(series), (3, "M"))
    assert table["ds"].to_list()[:2] == [date(1999, 10, 1), date(2000, 1, 1)]
    public_sets.write(table, 2, tmp_path / "toy")
    (tmp_path / "sets.json").write_text('{"toy": {"horizon": 2, "season": 1}}')
    case = accuracy.more_sets(tmp_path)["toy"](tmp_path)
    assert case.table["y"].to_list() == [1.0, 2.0, None, 0.0, 1.0]
    assert {name: list(came) for name, came in case.came.items()} == {"a": [4.0, 5.0], "b": [2.0, 3.0]}
    naive = public_sets.seasonal_naive(case)
    assert (naive["a"][0, 0], naive["b"].shape) == (2.0, (2, 11))
    # Against changes of 1: errors of 2 and 3 for a, whose last value is missing, of 1 and 2 for b.
    assert accuracy.scores(case, naive)["MASE"] == pytest.approx(2.0)


@pytest.mark.usefixtures("accuracy")
@pytest.mark.parametrize(
    ("step", "unit", "second"), [(1, "h", "2016-07-01T01"), (1, "D", "2016-07-02"), (1, "B", "2016-07-04")]
)
def test_times_follow_at_the_step_of_the_set(step: int, unit: str, second: str) -> None:
    times = import_module("public_sets").long_table(iter([("a", date(2016, 7, 1), np.zeros(2))]), (step, unit))["ds"]
    assert times.to_numpy()[1] == np.datetime64(second)

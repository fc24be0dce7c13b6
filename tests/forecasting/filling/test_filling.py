"""Filled tables: what lay in the gaps is near, what was there is untouched, and each value says which it is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from foretell import fill
from foretell.errors import SettingsError, TableError
from foretell.forecasting.tables.columns import Columns

ROWS = 200
WEEKLY = slice(100, 110)


@pytest.fixture(autouse=True)
def _fewer_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("foretell.forecasting.filling.filling._HIDDEN", 24)


def days(rows: int = ROWS) -> np.ndarray:
    return np.datetime64("2024-01-01", "us") + np.arange(rows) * np.timedelta64(1, "D")


def weekly(seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, 1, ROWS)
    return 50 + 10 * np.sin(np.arange(ROWS) / 7 * 2 * np.pi) + noise


def walk(seed: int = 1) -> np.ndarray:
    return 1000 + np.random.default_rng(seed).normal(0, 1, ROWS).cumsum()


def with_gap(values: np.ndarray, gap: slice = WEEKLY) -> np.ndarray:
    holes = values.copy()
    holes[gap] = np.nan
    return holes


def test_a_table() -> None:
    table = pl.DataFrame({"ds": days(), "a": with_gap(weekly()), "b": with_gap(walk())})
    found = fill(table, levels=80)
    filled = found.table
    assert filled.columns == ["unique_id", "ds", "y", "filled", "y-lo-80", "y-hi-80"]
    assert len(filled) == 2 * ROWS
    truth = np.concatenate([weekly(), walk()])
    gaps = filled["filled"].to_numpy()
    assert np.flatnonzero(gaps).tolist() == [*range(100, 110), *range(300, 310)]
    # To the bit, and without an interval.
    assert filled["y"].to_numpy()[~gaps].tobytes() == truth[~gaps].tobytes()
    assert filled.filter(~pl.col("filled"))["y-lo-80"].is_null().all()
    rows = filled.filter("filled")
    a, b = (rows.filter(pl.col("unique_id") == name) for name in "ab")
    assert np.abs(a["y"].to_numpy() - weekly()[WEEKLY]).mean() < 2
    assert np.abs(b["y"].to_numpy() - walk()[WEEKLY]).mean() < 3
    assert ((rows["y-lo-80"] < rows["y"]) & (rows["y"] < rows["y-hi-80"])).all()
    inside = (rows["y-lo-80"].to_numpy() <= truth[gaps]) & (truth[gaps] <= rows["y-hi-80"].to_numpy())
    assert 0.5 <= inside.mean() <= 1
    assert found.sentences == (
        "20 values in 2 gaps were filled; the longest gap has 10 steps, from 2024-04-10 to 2024-04-19 in series 'a'.",
    )
    assert any(
        "20 values missing within the histories; they are filled." in line for line in found.findings.sentences()
    )
    assert found.gaps.listed[1] == {"unique_id": "b", "first": "2024-04-10", "last": "2024-04-19", "steps": 10}


def test_intervals_are_narrow_near_the_edges() -> None:
    found = fill(pl.DataFrame({"ds": days(), "y": with_gap(walk(), slice(80, 120))}), levels=80)
    rows = found.table.filter("filled")
    width = (rows["y-hi-80"] - rows["y-lo-80"]).to_numpy()
    assert width[[0, -1]].max() < 0.7 * width[18:22].min()
    edges = walk()[[79, 120]]
    assert np.abs(rows["y"].to_numpy()[[0, -1]] - edges).max() < 2


def test_absent_rows_are_gaps_and_any_library() -> None:
    values = weekly()
    table = pl.DataFrame({"ds": days(), "shop": "x", "y": values})[[*range(50), *range(53, ROWS)]]
    for given in (table, table.to_pandas(), table.to_arrow()):
        found = fill(given, columns=Columns(id="shop"))
        assert type(found.table) is type(given)
        frame = pl.DataFrame(found.table) if isinstance(found.table, pa.Table) else found.table
        frame = pl.from_pandas(frame) if isinstance(frame, pd.DataFrame) else frame
        assert frame["filled"].arg_true().to_list() == [50, 51, 52]
        assert frame["unique_id"].unique().to_list() == ["x"]
        assert (frame["ds"].cast(pl.Datetime("us")).to_numpy() == days()).all()
        assert np.abs(frame["y"].to_numpy() - values).max() < 4


def test_gaps_at_the_ends_are_left_and_said() -> None:
    early, late = with_gap(weekly(), slice(0, 4)), with_gap(weekly(1), slice(ROWS - 2, ROWS))
    found = fill(pl.DataFrame({"ds": days(), "early": early, "late": with_gap(late)}))
    assert found.table["unique_id"].value_counts().sort("unique_id")["count"].to_list() == [ROWS - 4, ROWS - 2]
    assert found.table["filled"].sum() == 10
    assert found.sentences[1:] == (
        "4 steps before the first value of a series are left out: a gap is filled from both sides.",
        "2 steps after the last value of a series are left out: a gap is filled from both sides.",
    )
    assert not any("cut off" in line for line in found.findings.sentences())


def test_nothing_is_missing() -> None:
    found = fill(pl.DataFrame({"ds": days(), "y": weekly()}))
    assert found.table["y"].to_numpy().tobytes() == weekly().tobytes()
    assert not found.table["filled"].any()
    assert found.sentences == (
        "No value is missing between the first and the last one of any series: nothing was filled.",
    )


def test_counts_stay_counts() -> None:
    random = np.random.default_rng(3)
    few, many = random.poisson(1.5, ROWS).astype(float), random.poisson(400, ROWS).astype(float)
    rows = fill(pl.DataFrame({"ds": days(), "few": with_gap(few), "many": with_gap(many)})).table.filter("filled")
    assert (rows["y"] == rows["y"].round()).all()
    assert (rows["y-lo-95"] >= 0).all()
    assert ((rows["y-lo-80"] <= rows["y"]) & (rows["y"] <= rows["y-hi-80"])).all()
    assert abs(rows.filter(pl.col("unique_id") == "many")["y"].mean() - 400) < 30


def test_what_is_never_negative_stays_so() -> None:
    small = np.maximum(weekly() - 52, 0.0)
    table = pl.DataFrame({"ds": days(), "y": with_gap(small)})
    assert fill(table).table["y-lo-95"].fill_null(0).min() >= 0
    assert fill(table, non_negative=False).table["y-lo-95"].fill_null(0).min() < 0
    with pytest.raises(SettingsError, match="non_negative"):
        fill(pl.DataFrame({"ds": days(), "y": with_gap(small - 1)}), non_negative=True)


def test_short_and_constant_series() -> None:
    table = pl.DataFrame({"ds": days(5), "rise": [1.5, None, 3.5, 4.5, 5.5], "still": [7.0, 7.0, None, 7.0, 7.0]})
    rows = fill(table).table.filter("filled")
    assert 1.5 < rows["y"][0] < 3.5
    assert rows["y"][1] == 7.0


def test_integer_time_and_names_of_columns() -> None:
    table = pl.DataFrame({"step": np.arange(ROWS), "sold": with_gap(weekly()), "other": 1.0})
    found = fill(table, columns=Columns(target="sold"), season=7, levels=(50,))
    assert found.table["ds"].to_list() == list(range(ROWS))
    assert found.table["filled"].sum() == 10


def test_hours_of_a_time_zone() -> None:
    hours = pl.datetime_range(
        pl.datetime(2024, 3, 25), pl.datetime(2024, 4, 3), "1h", time_zone="Europe/Berlin", eager=True
    )
    values = 10 + np.sin(np.arange(len(hours)) / 24 * 2 * np.pi)
    table = pl.DataFrame({"ds": hours, "y": with_gap(values, slice(120, 130))})
    found = fill(table.filter(pl.int_range(pl.len()) != 125)).table
    assert found["ds"].to_list() == hours.to_list()


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"levels": 100}, SettingsError, "level 100"),
        ({"levels": (80, 80)}, SettingsError, "only once"),
        ({"season": 1}, SettingsError, "season is 1"),
        ({"columns": Columns(target="bought")}, TableError, "no target column 'bought'"),
    ],
)
def test_refused(options: dict[str, Any], error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        fill(pl.DataFrame({"ds": days(), "y": with_gap(weekly())}), **options)


def test_a_series_without_any_value_is_left_out() -> None:
    found = fill(pl.DataFrame({"ds": days(), "y": with_gap(weekly()), "z": np.full(ROWS, np.nan)}))
    assert found.table["unique_id"].unique().to_list() == ["y"]
    assert any("1 series without any value left out: 'z'" in line for line in found.findings.sentences())


@pytest.mark.parametrize("rows", [3, 40])
def test_hardly_any_value(rows: int) -> None:
    values = np.full(rows, np.nan)
    values[[0, -1]] = 1.5, 5.5
    filled = fill(pl.DataFrame({"ds": days(rows), "y": values})).table
    assert filled["filled"].sum() == rows - 2
    assert filled["y"].is_between(-10, 20).all()
    assert (filled["y-lo-80"].fill_null(0) <= filled["y-hi-80"].fill_null(0)).all()

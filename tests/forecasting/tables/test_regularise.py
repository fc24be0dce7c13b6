"""Tables of any shape become panels: round trips, and each kind of bad input by name."""

from __future__ import annotations

import json
import warnings
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from foretell.errors import SettingsError, TableError
from foretell.forecasting.tables.columns import Columns
from foretell.forecasting.tables.regularise import to_panel
from foretell.tables.clock import Clock
from foretell.tables.files import read_table
from foretell.tables.frequency import Frequency

DAYS = ["2001-01-01", "2001-01-02", "2001-01-03", "2001-01-04"]


def daily(values: list[object], days: list[str] | None = None) -> pl.DataFrame:
    return pl.DataFrame({"ds": days or DAYS[: len(values)], "y": values}, strict=False)


FORMATS = {
    "h": ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%MZ", "%m/%d/%Y %I:%M %p"],
    "15min": ["%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S+00:00"],
    "D": ["%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y", "%Y%m%d", "%d %b %Y"],
    "B": ["%Y-%m-%d"],
    "W-WED": ["%Y-%m-%d", "%Y/%m/%d"],
    "MS": ["%Y-%m", "%Y%m", "%b %Y", "%Y-%m-%d"],
    "ME": ["%Y-%m-%d", "%d/%m/%Y"],
    "QS": ["%Y-%m-%d"],
    "YS": ["%Y-%m-%d"],
    "1": ["%d"],
}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=120)
@given(st.data(), st.sampled_from(sorted(FORMATS)), st.booleans(), st.randoms(use_true_random=False))
def test_round_trip_through_csv(tmp_path: Path, data: st.DataObject, alias: str, wide: bool, random: object) -> None:
    """A random panel, written in any order with rows dropped, comes back with the same values on the same grid."""
    pattern = data.draw(st.sampled_from(FORMATS[alias]))
    frequency = Frequency(alias)
    steps = 40
    start = np.datetime64("2001-01-03") if alias in ("W-WED", "B") else np.datetime64("2001-01-01")
    start = np.datetime64("2001-01-31") if alias == "ME" else start
    grid = frequency.range(5 if alias == "1" else start, steps)
    labels = [str(t) if alias == "1" else pd.Timestamp(t).strftime(pattern) for t in grid]
    cell = st.none() | st.floats(-1e9, 1e9) | st.sampled_from([1e300, 1e-300])
    dense = st.lists(cell, min_size=steps, max_size=steps)
    series = {name: data.draw(dense) for name in ("a", "b c", "007")[: data.draw(st.integers(1, 3))]}
    for values in series.values():
        # Enough neighbours that the step shows, ends observed.
        values[:12] = [float(i) for i in range(12)]
        values[-1] = 7.5
    names = list(series)
    if wide:
        rows = [(labels[t], *(series[n][t] for n in names)) for t in range(steps)]
        rows = [row for row in rows if any(v is not None for v in row[1:])]
        table = pl.DataFrame(rows, schema=["ds", *names], orient="row", infer_schema_length=None)
    else:
        long = [(n, labels[t], series[n][t]) for n in names for t in range(steps) if series[n][t] is not None]
        table = pl.DataFrame(long, schema=["unique_id", "ds", "y"], orient="row", infer_schema_length=None)
    table = table.sample(fraction=1, shuffle=True, seed=random.randint(0, 9))  # type: ignore[attr-defined]
    path = tmp_path / "panel.csv"
    table.write_csv(path, separator=data.draw(st.sampled_from([",", ";", "\t"])))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        panel, findings = to_panel(read_table(path))
    assert sorted(panel.ids) == sorted(names)
    assert panel.frequency.alias == alias
    assert findings.layout == ("wide" if wide else "long")
    for i, name in enumerate(panel.ids):
        np.testing.assert_array_equal(panel.series(i), np.array(series[name], dtype=float))
        np.testing.assert_array_equal(panel.frequency.range(panel.starts[i], steps), grid)
    assert findings.missing == sum(v is None for values in series.values() for v in values)


TABLES = {
    "pandas": lambda t: t.to_pandas(),
    "polars": lambda t: t,
    "lazy": lambda t: t.lazy(),
    "pyarrow": lambda t: t.to_arrow(),
    "index": lambda t: t.to_pandas().set_index("ds"),
    "nameless index": lambda t: t.to_pandas().set_index("ds").rename_axis(None),
    "multi-index": lambda t: t.to_pandas().assign(unique_id="y").set_index(["unique_id", "ds"]),
    "period": lambda t: t.to_pandas().assign(ds=lambda d: d.ds.dt.to_period("D")),
    "objects": lambda t: t.to_pandas().astype(object),
}


@pytest.mark.parametrize("kind", TABLES)
def test_kinds_of_table(kind: str) -> None:
    table = daily([1.0, None, 3.0]).with_columns(pl.col("ds").str.to_datetime())
    panel, findings = to_panel(TABLES[kind](table))
    assert panel.ids == ("y",)
    np.testing.assert_array_equal(panel.values, [1, np.nan, 3])
    assert str(panel.starts[0]) == "2001-01-01T00:00:00.000000"
    assert (findings.missing, findings.gaps) == (1, 0)


def test_what_is_no_table() -> None:
    with pytest.raises(TableError, match="a list is not a table"):
        to_panel([1, 2])  # type: ignore[arg-type, type-var]
    with pytest.raises(TableError, match="'y' is named twice"):
        to_panel(pd.DataFrame([[1, 2]], columns=["y", "y"]))
    with pytest.raises(TableError, match="no rows"):
        to_panel(pa.table({"y": []}))


def test_order_duplicates_and_gaps_are_said() -> None:
    table = pl.DataFrame({"ds": ["2001-01-05", *DAYS[:3], "2001-01-02"], "y": [5, 1, 2, 3, 2]})
    panel, findings = to_panel(table)
    np.testing.assert_array_equal(panel.values, [1, 2, 3, np.nan, 5])
    assert (findings.resorted, findings.duplicates_dropped, findings.missing, findings.gaps) == (True, 1, 1, 1)
    text = " ".join(findings.sentences())
    for part in (
        "1 series in wide layout",
        "ISO dates",
        "one step a day",
        "1 value missing",
        "stood twice",
        "out of order",
    ):
        assert part in text
    assert json.loads(json.dumps(findings.to_dict()))["frequency"] == "D"


def test_descending_dates() -> None:
    panel, findings = to_panel(daily([1, 2, 3, 4], DAYS[::-1]))
    assert panel.values.tolist() == [4, 3, 2, 1]
    assert findings.resorted


def test_missing_marks_and_numbers_as_text() -> None:
    panel, _ = to_panel(daily(["1", "NA", "null", "1e300"]))
    np.testing.assert_array_equal(panel.values, [1, np.nan, np.nan, 1e300])


def test_series_differ_in_start_and_end() -> None:
    table = pl.DataFrame({"ds": DAYS, "a": [None, 1, 2, None], "b": [1, None, 2, 3], "c": [None] * 4}, strict=False)
    panel, findings = to_panel(table, Columns())
    assert panel.ids == ("a", "b")
    assert panel.history.tolist() == [2, 4]
    assert panel.offsets.tolist() == [0, 2, 6]
    assert [str(s)[:10] for s in panel.starts] == ["2001-01-02", "2001-01-01"]
    assert any("cut off" in note and "--known" in note for note in findings.notes)


def test_one_series_a_row() -> None:
    table = pl.DataFrame({"V1": ["H1", "H2"], "V2": [1, 2], "V3": [3, 4], "V4": [5, None]})
    panel, findings = to_panel(table)
    assert panel.ids == ("H1", "H2")
    assert panel.history.tolist() == [3, 2]
    assert panel.values.tolist() == [1, 3, 5, 2, 4]
    assert findings.layout == "rows"


def test_known_and_static_columns() -> None:
    table = pl.DataFrame(
        {
            "unique_id": ["a"] * 4 + ["b"] * 4, "ds": DAYS * 2, "y": [1, 2, None, None, 5, 6, 7, None],
            "kind": ["W", "W", "A", "U"] * 2, "price": [1.5, None, 2, 3] * 2, "size": ["l"] * 4 + ["s"] * 4,
        }
    )  # fmt: skip
    panel, _ = to_panel(table, Columns(known=("kind", "price"), static=("size",)))
    assert panel.history.tolist() == [2, 3]
    assert panel.offsets.tolist() == [0, 4, 8]
    assert panel.known["kind"].tolist() == ["W", "W", "A", "U"] * 2
    np.testing.assert_array_equal(panel.known["price"], [1.5, np.nan, 2, 3] * 2)
    assert panel.static["size"].tolist() == ["l", "s"]
    np.testing.assert_array_equal(panel.values, [1, 2, np.nan, np.nan, 5, 6, 7, np.nan])
    with pytest.raises(TableError, match=r"'kind' is not constant within series 'a'.*row 4"):
        to_panel(table, Columns(static=("kind",)))


def test_known_columns_of_a_wide_table_are_shared() -> None:
    table = pl.DataFrame({"ds": DAYS, "a": [1, 2, 3, None], "b": [1, 2, None, None], "price": [1, 2, 3, 4]})
    panel, _ = to_panel(table, Columns(known=("price",)))
    assert panel.history.tolist() == [3, 2]
    assert panel.known["price"].tolist() == [1, 2, 3, 4] * 2


def test_integer_and_row_number_time() -> None:
    panel, _ = to_panel(pl.DataFrame({"t": [30, 10, 20], "y": [3, 1, 2]}))
    assert (panel.frequency.alias, panel.starts.tolist(), panel.values.tolist()) == ("10", [10], [1, 2, 3])
    panel, findings = to_panel(pl.DataFrame({"y": [3.5, 1.5, 2.5]}))
    assert (panel.frequency.alias, panel.values.tolist()) == ("1", [3.5, 1.5, 2.5])
    assert "numbered" in findings.notes[0]


def test_time_zones() -> None:
    local = pl.datetime_range(datetime(2001, 3, 20), datetime(2001, 4, 3), "1d", time_zone="Europe/Berlin", eager=True)
    panel, findings = to_panel(pl.DataFrame({"ds": local, "y": range(15)}))
    assert (panel.frequency.alias, panel.clock, len(panel.values)) == ("D", Clock("Europe/Berlin", wall=True), 15)
    assert str(panel.starts[0]) == "2001-03-20T00:00:00.000000"
    assert "Europe/Berlin" in findings.notes[0]
    hours = pl.datetime_range(datetime(2001, 3, 24), datetime(2001, 3, 26), "1h", time_zone="Europe/Berlin", eager=True)
    panel, _ = to_panel(pl.DataFrame({"ds": hours, "y": range(len(hours))}))
    assert (panel.frequency.alias, panel.clock) == ("h", Clock("Europe/Berlin"))
    assert not np.isnan(panel.values).any()
    assert str(panel.starts[0]) == "2001-03-23T23:00:00.000000"


@pytest.mark.parametrize(("given", "alias"), [("M", "MS"), ("MS", "MS"), ("monthly", "MS")])
def test_a_given_month_fits_either_end(given: str, alias: str) -> None:
    table = daily([1, 2, 3], ["2001-01-01", "2001-02-01", "2001-04-01"])
    assert to_panel(table, Columns(frequency=given))[0].frequency.alias == alias


def test_the_grid_that_most_times_lie_on_is_the_one_named() -> None:
    days = ["2001-01-01", "2001-01-02", "2001-01-09", "2001-01-16"]
    with pytest.raises(TableError, match=r"2001-01-01 in row 2 .* off the grid .*W-TUE"):
        to_panel(pl.DataFrame({"ds": days, "y": [1, 2, 3, 4]}), Columns(frequency="W"))


def test_a_single_row_with_a_given_frequency() -> None:
    panel, _ = to_panel(daily([1]), Columns(frequency="W"))
    assert (panel.frequency.alias, panel.values.tolist()) == ("W-MON", [1])


def test_a_constant_series_is_fine() -> None:
    assert to_panel(daily([2, 2, 2]))[0].values.tolist() == [2, 2, 2]


@pytest.mark.parametrize(
    ("table", "columns", "message"),
    [
        (daily(["5 kg", "6 kg"]), Columns(), r"no column holds numbers .*'5 kg' in column 'y', row 2"),
        (daily(["1", "2", "oops"]), Columns(), r"column 'y', row 4 .*'oops' is not a number"),
        (daily(["1,234", "2,345"]), Columns(), r"column 'y', row 2 .*'1,234' may mean thousands"),
        (daily([1.0, float("inf")]), Columns(), r"column 'y', row 3 .*infinite"),
        (daily([None, None]), Columns(target="y"), "'y' has no value at all"),
        (daily([1, 2, 3], [*DAYS[:2], DAYS[1]]), Columns(), r"2001-01-02 appears twice .*2\.0 in row 3 and 3\.0"),
        (daily([1, 2, 3], [*DAYS[:2], "soon"]), Columns(), r"'soon' in column 'ds', row 4"),
        (daily([1]), Columns(), "frequency cannot be inferred.*--frequency or frequency="),
        (
            daily([1, 2, 3], [*DAYS[:2], "2001-01-02 06:00"]), Columns(frequency="D"),
            r"2001-01-02 06:00 in row 4 .* is off the grid",
        ),
        (daily([1, 2, 3], ["2001-01-05", "2001-01-06", "2001-01-08"]), Columns(frequency="B"), "2001-01-06 in row 3"),
        (
            pl.DataFrame({"unique_id": ["a", None], "ds": DAYS[:2], "y": [1, 2]}), Columns(),
            "id in column 'unique_id' is missing in row 3",
        ),
        (
            pl.DataFrame({"unique_id": ["a", "b", "b"], "ds": [DAYS[0]] * 3, "y": [1, 2, 3]}), Columns(),
            "2001-01-01 of series 'b' appears twice",
        ),
        (
            daily([1, 2, 3, 4], [*(f"2001-01-01 00:00:0{s}" for s in range(3)), "2101-01-01 00:00:00"]),
            Columns(), "correct the time stamp that is far off",
        ),
        (
            pl.DataFrame({"t": [0, 1, 19_999_998], "c0": [1, 1, 1]}), Columns(),
            "column 't' run from 0 to 19999998, 19,999,999 steps .* for 3 rows: is this really the time.*--frequency",
        ),
        (pl.DataFrame({"order": [7, 8, 400_007], "y": [1, 1, 1]}), Columns(time="order"), "is this really the time"),
        (pl.DataFrame({"t": [-(2**62) + 1, 0, 1, 2**62 - 1], "y": [1] * 4}), Columns(), "is this really the time"),
        (
            pl.DataFrame({"id": pl.Series([0, 2**31 - 1], dtype=pl.Int32).cast(pl.Date), "ds": DAYS[:2], "y": [1, 2]}),
            Columns(id="id", time="ds"), r"column 'id', row 3 .*outside the years 1 to 9999",
        ),
    ],
)  # fmt: skip
def test_bad_input_is_named(table: pl.DataFrame, columns: Columns, message: str) -> None:
    with pytest.raises(TableError, match=message):
        to_panel(table, columns)


def test_a_frequency_that_is_given_may_make_a_sparse_grid() -> None:
    table = pl.DataFrame({"t": [7, 8, 400_007], "y": [1, 1, 1]})
    assert to_panel(table, Columns(frequency=1))[1].missing == 399_998
    assert to_panel(table[[0, 2]], Columns(frequency=400_000))[0].values.tolist() == [1, 1]


def test_rows_are_counted_with_blank_ones(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("ds,y\n2001-01-01,1\n\n2001-01-02,2\n2001-01-03,x\n")
    with pytest.raises(TableError, match=r"row 5 .*'x'"):
        to_panel(read_table(path))


def test_a_frequency_of_the_other_kind() -> None:
    with pytest.raises(SettingsError, match="holds dates"):
        to_panel(daily([1, 2]), Columns(frequency="1"))
    with pytest.raises(SettingsError, match="holds integers"):
        to_panel(pl.DataFrame({"t": [1, 2], "y": [1, 2]}), Columns(frequency="h"))


TEXT = st.text(st.sampled_from('ab129.,;\n" -:/T'), max_size=80)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=300)
@given(TEXT.map(lambda t: "ds,y\n" + t) | TEXT.map(lambda t: "unique_id;ds;y\n" + t) | TEXT)
def test_any_text_becomes_a_panel_or_a_table_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text)
    try:
        panel, findings = to_panel(read_table(path))
    except TableError:
        return
    assert len(panel) == findings.series > 0
    assert panel.offsets[-1] == len(panel.values)
    assert all(not np.isnan(panel.series(i)[[0, -1]]).any() for i in range(len(panel)))

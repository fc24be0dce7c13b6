"""Columns known up to now: how they are named, and that they reach as far as each series does."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from foretell.errors import ForetellError, SettingsError, TableError
from foretell.forecasting.tables.columns import Columns
from foretell.forecasting.tables.past_columns import past_sentences
from foretell.forecasting.tables.reading import Reading

PAST = Columns(past=("wind",))
DAYS = pl.date_range(pl.date(2024, 3, 1), pl.date(2024, 3, 20), eager=True)


def table(wind: Any = None, names: str = "ab", **columns: Any) -> pl.DataFrame:
    """Series of twenty days; `wind` holds the values of all."""
    cells = [float(i % 7) for i in range(20 * len(names))] if wind is None else wind
    return pl.DataFrame(
        {
            "shop": [name for name in names for _ in DAYS],
            "day": [*DAYS] * len(names),
            "sold": [float(i) for i in range(20 * len(names))],
            "wind": cells,
            **columns,
        }
    )


def test_it_is_read_along_with_each_series() -> None:
    reading = Reading.of(table(), PAST)
    assert (reading.columns.past, reading.panel.ids) == (("wind",), ("a", "b"))
    assert reading.panel.past["wind"].tolist() == [i % 7 for i in range(40)]
    assert reading.panel.known == {}


def test_in_wide_layout_all_series_share_it() -> None:
    wide = pl.DataFrame({"day": DAYS, "bus": range(20), "rail": range(20), "wind": [float(i) for i in range(20)]})
    panel = Reading.of(wide, PAST).panel
    assert panel.ids == ("bus", "rail")
    assert panel.past["wind"].tolist() == [*range(20)] * 2


def test_rows_after_the_history_are_cut_off() -> None:
    cells = table(names="a")
    cells = cells.with_columns(sold=pl.when(pl.col("day") < pl.date(2024, 3, 15)).then(pl.col("sold")))
    panel = Reading.of(cells, PAST).panel
    assert (panel.history.tolist(), len(panel.past["wind"])) == ([14], 14)


@pytest.mark.parametrize(
    ("kind", "cells", "expected"),
    [
        ("numbers", [1.5, None] * 20, [1.5, np.nan]),
        ("flags", [True, False] * 20, [1.0, 0.0]),
        ("words", ["calm", None] * 20, ["calm", None]),
    ],
)
def test_kinds(kind: str, cells: list[Any], expected: list[Any]) -> None:
    cells[19] = cells[39] = cells[0]
    found = Reading.of(table(cells), PAST).panel.past["wind"]
    np.testing.assert_array_equal(found[:2], np.array(expected, dtype=found.dtype))
    assert found.dtype == (object if kind == "words" else np.float64)


@pytest.mark.parametrize("missing", [None, float("nan"), ""])
def test_one_that_ends_early_is_refused_by_its_first_missing_date(missing: Any) -> None:
    cells: list[Any] = [float(i % 7) for i in range(40)]
    cells[37:] = [missing] * 3
    if missing == "":
        cells = [str(cell) for cell in cells]
    with pytest.raises(TableError) as caught:
        Reading.of(table(cells), PAST)
    said = str(caught.value)
    assert "the past column 'wind' has no value from 2024-03-18 on in series 'b'" in said
    assert "go on until 2024-03-20" in said
    assert "end the table at 2024-03-17" in said


def test_each_series_of_a_wide_table_needs_it_as_far_as_it_goes_itself() -> None:
    wind = [float(i) for i in range(16)] + [None] * 4
    short, long = [*range(16), *[None] * 4], [*range(17), *[None] * 3]
    wide = pl.DataFrame({"day": DAYS, "bus": short, "wind": wind})
    assert Reading.of(wide, PAST).panel.history.tolist() == [16]
    with pytest.raises(TableError, match="no value from 2024-03-17 on in series 'rail'"):
        Reading.of(wide.with_columns(rail=pl.Series(long)), PAST)


def test_a_row_without_the_last_date_counts_as_missing() -> None:
    weather = table(names="a").with_columns(shop=pl.lit("a"))
    with pytest.raises(TableError, match="no value from 2024-03-20 on"):
        Reading.of(weather.with_columns(wind=pl.when(pl.col("day") < DAYS[19]).then("wind")), PAST)


def test_gaps_are_reported() -> None:
    cells: list[Any] = [float(i % 7) for i in range(40)]
    cells[3] = cells[4] = cells[25] = None
    reading = Reading.of(table(cells), PAST)
    assert "3 values missing in the past column 'wind'." in reading.findings.notes
    cells[:20] = [None] * 20
    notes = Reading.of(table(cells), PAST).findings.notes
    assert "The past column 'wind' holds no value for 1 series: 'a'." in notes
    assert "1 value missing in the past column 'wind'." in notes


def test_a_column_of_nothing_is_refused() -> None:
    with pytest.raises(TableError, match="'wind' holds no value during the history of any series"):
        Reading.of(table([None] * 40), PAST)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        (Columns(past=("winds",)), "there is no past column 'winds'; did you mean 'wind'?"),
        (
            Columns(past=("temperature",)),
            "there is no past column 'temperature'; the columns are shop, day, sold, wind",
        ),
        (Columns(past=("wind",), known=("wind",)), "'wind' is named as known and as past; it can be only one of them"),
        (Columns(past=("wind",), static=("wind",)), "'wind' is named as past and as static"),
        (Columns(past=("wind", "wind")), "'wind' is named as past and as past"),
        (Columns(past=("sold",), target="sold"), "'sold' is named as target and as past"),
        (Columns(past=("day",)), "'day' is named as past, but it holds the times"),
        (Columns(past=("shop",)), "'shop' is named as past, but it distinguishes the series"),
    ],
)
def test_wrong_names(columns: Columns, said: str) -> None:
    with pytest.raises(ForetellError) as caught:
        Reading.of(table(), columns)
    assert said in str(caught.value)


def test_the_target_by_its_usual_name_is_no_past_column() -> None:
    named = table().rename({"sold": "y"})
    with pytest.raises(SettingsError, match="'y' is named as past, but it holds what is to be forecast"):
        Reading.of(named, Columns(past=("y",)))


def test_a_table_of_one_series_per_row_has_none() -> None:
    rows = pl.DataFrame({"item": ["x", "y", "z"], **{f"2024-01-0{i}": [1.0, 2.0, 3.0] for i in range(1, 9)}})
    with pytest.raises(TableError, match="cannot have past columns"):
        Reading.of(rows, Columns(past=("2024-01-01",)))


def test_two_values_for_one_time_are_refused() -> None:
    twice = pl.concat([table(), table()[:1].with_columns(wind=pl.lit(99.0))])
    with pytest.raises(TableError, match="appears twice with different values of 'wind'"):
        Reading.of(twice, Columns(past=("wind",), id="shop"))


def test_the_sum_of_a_hierarchy_has_the_mean() -> None:
    cells = [1.0] * 20 + [3.0] * 20
    reading = Reading.of(table(cells), Columns(past=("wind",), hierarchy=("shop",)))
    assert reading.panel.ids == ("total", "a", "b")
    assert reading.panel.past["wind"].tolist() == [2.0] * 20 + cells


def test_series_without_a_value_need_none(make_panel: Any) -> None:
    panel = make_panel([[1.0, 2.0], []], rows_after=2, past={"wind": np.array([1.0, 2.0, *[np.nan] * 4])})
    assert past_sentences(panel) == []

"""New rows are put behind the series that they belong to, whatever they repeat, lack or bring."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest

from foretell.errors import TableError
from foretell.forecasting.panel import Panel
from foretell.forecasting.tables.columns import Columns
from foretell.forecasting.tables.reading import Reading
from foretell.forecasting.updating.joining import joined_in_time
from foretell.tables.clock import Clock

NAN = np.nan
START = np.datetime64("2024-01-01", "us")
DAY = np.timedelta64(1, "D")


def panel_of(first: int = 0, **series: list[float]) -> Panel:
    """Daily series that begin so many days after 2024-01-01."""
    rows = [
        {"unique_id": name, "ds": (START + (first + k) * DAY).item(), "y": value}
        for name, values in series.items()
        for k, value in enumerate(values)
    ]
    return Reading.of(pl.DataFrame(rows), Columns(frequency="D")).observed


OLD = panel_of(a=[1, 2, 3, 4, 5], b=[10, 20, 30, 40, 50])


def test_what_follows() -> None:
    joined = joined_in_time(OLD, panel_of(5, a=[6, 7], b=[60]))
    np.testing.assert_array_equal(joined.panel.series(0), [1, 2, 3, 4, 5, 6, 7])
    np.testing.assert_array_equal(joined.panel.series(1), [10, 20, 30, 40, 50, 60])
    assert joined.before.tolist() == [5, 5]
    assert (joined.count, joined.revised) == (3, 0)
    assert joined.sentences == ("3 new values in 2 series.",)


def test_rows_that_the_model_knows() -> None:
    joined = joined_in_time(OLD, panel_of(3, a=[4, 5, 6], b=[40, 50, 60]))
    np.testing.assert_array_equal(joined.panel.series(0), [1, 2, 3, 4, 5, 6])
    assert joined.sentences == ("2 new values in 2 series.",)
    again = joined_in_time(OLD, OLD)
    assert (again.count, again.revised, again.sentences) == (0, 0, ("No value is new.",))
    np.testing.assert_array_equal(again.panel.values, OLD.values)


def test_corrected_values_hold_and_are_said() -> None:
    joined = joined_in_time(OLD, panel_of(3, a=[4, 5.5, 6], b=[40, 50, 60]))
    np.testing.assert_array_equal(joined.panel.series(0), [1, 2, 3, 4, 5.5, 6])
    assert joined.revised == 1
    assert joined.sentences[1] == "1 value of the history changed: 5 became 5.5 in series 'a' at 2024-01-05."


def test_most_may_be_revised_a_little() -> None:
    joined = joined_in_time(OLD, panel_of(3, a=[4.2, 5.1, 6], b=[41, 49, 60]))
    assert joined.revised == 4
    assert "4 became 4.2 in series 'a' at 2024-01-04; 5 became 5.1" in joined.sentences[1]
    assert joined.sentences[1].endswith("; and 1 more.")


def test_rows_without_times_must_repeat_the_history() -> None:
    joined = joined_in_time(OLD, panel_of(0, a=[1, 2, 3, 4, 5, 6]), numbered=True)
    assert joined.count == 1
    with pytest.raises(TableError, match="give the whole table, or add a column of times"):
        joined_in_time(OLD, panel_of(0, a=[6]), numbered=True)


def test_values_that_were_missing() -> None:
    old = panel_of(a=[1, NAN, 3], b=[1, 2, 3])
    joined = joined_in_time(old, panel_of(1, a=[2, 3, 4], b=[2, 3, 4]))
    np.testing.assert_array_equal(joined.panel.series(0), [1, 2, 3, 4])
    assert joined.sentences == ("2 new values in 2 series.", "1 value missing from the history came later.")
    # What the new rows lack does not delete what was there.
    other = joined_in_time(OLD, panel_of(2, a=[3, NAN, NAN, 6], b=[30, 40, 50, 60]))
    np.testing.assert_array_equal(other.panel.series(0), [1, 2, 3, 4, 5, 6])


def test_a_gap_stays_missing() -> None:
    joined = joined_in_time(OLD, panel_of(8, a=[9, 10], b=[90]))
    np.testing.assert_array_equal(joined.panel.series(0), [1, 2, 3, 4, 5, NAN, NAN, NAN, 9, 10])
    assert "6 steps between the history and the new rows without a value stay missing." in joined.sentences


def test_series_that_are_new_and_series_that_are_not_there() -> None:
    joined = joined_in_time(OLD, panel_of(5, b=[60], c=[7, 8]))
    assert joined.panel.ids == ("a", "b", "c")
    assert joined.before.tolist() == [5, 5, 0]
    np.testing.assert_array_equal(joined.panel.series(2), [7, 8])
    assert joined.panel.times(2, 1)[0] == START + 5 * DAY
    assert joined.sentences == (
        "3 new values in 2 series.",
        "1 series of the model brought nothing new.",
        "1 series new to the model: 'c'.",
    )


@pytest.mark.parametrize(
    ("new", "said"),
    [
        (panel_of(-2, a=[0, 0, 1, 2, 3, 4, 5, 6]), "'a' has a row at 2023-12-30, before 2024-01-01"),
        (panel_of(2000, a=[1, 2]), "1,995 steps after 2024-01-05, where its history ends"),
        (panel_of(0, a=[9, 9, 9, 9, 9, 9]), "5 of 5 values that the model was fitted to are others"),
    ],
)
def test_refused(new: Panel, said: str) -> None:
    with pytest.raises(TableError, match=said):
        joined_in_time(OLD, new)


def test_other_times_and_zones(make_panel: Any) -> None:
    with pytest.raises(TableError, match="the times of these rows are numbers"):
        joined_in_time(OLD, make_panel([[1.0, 2.0]], alias="1"))
    with pytest.raises(TableError, match="in UTC, but those that the model was fitted to in none"):
        joined_in_time(OLD, replace(panel_of(5, a=[6]), clock=Clock("UTC")))


def covered(first: int, days: int, **columns: Any) -> Panel:
    frame = {"unique_id": ["a"] * days, "ds": [(START + (first + k) * DAY).item() for k in range(days)]}
    frame |= {"rain": [float(first + k) for k in range(days)]}
    frame |= {"y": [None if value is None else float(value) for value in columns.pop("y")], **columns}
    said = Columns(id="unique_id", known=("price", "kind"), past=("rain",), static=("size",), frequency="D")
    return Reading.of(pl.DataFrame(frame), said).observed


def test_covariates_go_on_too() -> None:
    old = covered(0, 4, y=[1, 2, 3, None], price=[5.0, 6, 7, 8], kind=["x", "y", "x", "y"], size=[3] * 4)
    new = covered(3, 3, y=[4, 5, None], price=[9.0, 10, 11], kind=["1", "2", "1"], size=[3] * 3)
    panel = joined_in_time(old, new).panel
    np.testing.assert_array_equal(panel.series(0), [1, 2, 3, 4, 5])
    np.testing.assert_array_equal(panel.known["price"], [5, 6, 7, 9, 10, 11])
    assert panel.known["kind"].tolist() == ["x", "y", "x", "1", "2", "1"]
    assert panel.past["rain"].tolist() == [0, 1, 2, 3, 4, 5]
    assert panel.static["size"].tolist() == [3]
    with pytest.raises(TableError, match="static column 'size' of series 'a' was 3"):
        joined_in_time(old, covered(3, 1, y=[4], price=[9.0], kind=["x"], size=[4]))
    with pytest.raises(TableError, match="'price' holds text"):
        joined_in_time(old, covered(3, 1, y=[4], price=["dear"], kind=["x"], size=[3]))

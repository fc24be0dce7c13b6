"""A panel hands out histories and times, and its parts agree with the whole."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from foretell.forecasting.panel import Panel, joined, recent, select, truncated
from foretell.forecasting.tables.columns import Columns
from foretell.forecasting.tables.regularise import to_panel

from .conftest import START, panel_of


def test_a_series_is_its_history_alone():
    panel = panel_of([[1.0, np.nan, 3.0], [4.0]], rows_after=2)
    assert len(panel) == 2
    np.testing.assert_array_equal(panel.series(0), [1, np.nan, 3])
    np.testing.assert_array_equal(panel.series(1), [4])


def test_times_go_on_after_the_end():
    panel = panel_of([[1.0, 2.0]], alias="6h")
    np.testing.assert_array_equal(panel.times(0, 4), START + np.arange(4) * np.timedelta64(6, "h"))
    assert panel_of([[1.0]], alias="2").times(0, 3).tolist() == [0, 2, 4]


@pytest.fixture
def gappy() -> Panel:
    ids = ["a"] * 6 + ["b"] * 4
    day = np.datetime64("2020-01-01", "us") + np.array([*range(6), *range(2, 6)]) * np.timedelta64(1, "D")
    table = {"unique_id": ids, "ds": day, "y": [0.0, 1, 2, 3, None, None, 10, 11, 12, None], "k": np.arange(10.0)}
    return to_panel(pl.DataFrame(table), Columns(known=("k",)))[0]


def test_select(gappy: Panel) -> None:
    assert select(gappy, np.arange(2)) is gappy
    part = select(gappy, np.array([1]))
    assert part.ids == ("b",)
    np.testing.assert_array_equal(part.series(0), [10, 11, 12])
    np.testing.assert_array_equal(part.known["k"], [6, 7, 8, 9])
    np.testing.assert_array_equal(part.times(0, 4), gappy.times(1, 4))
    back = select(gappy, np.array([1, 0]))
    np.testing.assert_array_equal(back.series(1), gappy.series(0))


def test_truncated(gappy: Panel) -> None:
    part = truncated(gappy, np.array([2, 0]))
    np.testing.assert_array_equal(part.history, [2, 0])
    np.testing.assert_array_equal(part.values, [0, 1, *[np.nan] * 8])
    np.testing.assert_array_equal(part.known["k"], gappy.known["k"])
    assert gappy.values[2] == 2


def test_recent(gappy: Panel) -> None:
    assert recent(gappy, 4) is gappy
    part = recent(gappy, 3)
    np.testing.assert_array_equal(part.history, [3, 3])
    np.testing.assert_array_equal(part.series(0), [1, 2, 3])
    np.testing.assert_array_equal(part.known["k"], [1, 2, 3, 4, 5, 6, 7, 8, 9])
    np.testing.assert_array_equal(part.times(0, 5), gappy.times(0, 6)[1:])


def test_joined(gappy: Panel) -> None:
    assert joined([gappy]) is gappy
    whole = joined([select(gappy, np.array([i])) for i in range(2)])
    assert whole.ids == gappy.ids
    for name in ("starts", "offsets", "history", "values"):
        np.testing.assert_array_equal(getattr(whole, name), getattr(gappy, name))
    np.testing.assert_array_equal(whole.known["k"], gappy.known["k"])
    three = joined([gappy, select(gappy, np.array([1]))])
    np.testing.assert_array_equal(three.series(2), gappy.series(1))
    np.testing.assert_array_equal(three.times(2, 4), gappy.times(1, 4))

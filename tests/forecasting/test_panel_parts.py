"""Parts of a panel agree with the whole."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from foretell.forecasting.panel import Panel
from foretell.forecasting.panel_parts import recent, select, truncated
from foretell.forecasting.tables.columns import Columns
from foretell.forecasting.tables.regularise import to_panel


@pytest.fixture
def panel() -> Panel:
    ids = ["a"] * 6 + ["b"] * 4
    day = np.datetime64("2020-01-01", "us") + np.array([*range(6), *range(2, 6)]) * np.timedelta64(1, "D")
    table = {"unique_id": ids, "ds": day, "y": [0.0, 1, 2, 3, None, None, 10, 11, 12, None], "k": np.arange(10.0)}
    return to_panel(pl.DataFrame(table), Columns(known=("k",)))[0]


def test_select(panel: Panel) -> None:
    assert select(panel, np.arange(2)) is panel
    part = select(panel, np.array([1]))
    assert part.ids == ("b",)
    np.testing.assert_array_equal(part.series(0), [10, 11, 12])
    np.testing.assert_array_equal(part.known["k"], [6, 7, 8, 9])
    np.testing.assert_array_equal(part.times(0, 4), panel.times(1, 4))
    back = select(panel, np.array([1, 0]))
    np.testing.assert_array_equal(back.series(1), panel.series(0))


def test_truncated(panel: Panel) -> None:
    part = truncated(panel, np.array([2, 0]))
    np.testing.assert_array_equal(part.history, [2, 0])
    np.testing.assert_array_equal(part.values, [0, 1, *[np.nan] * 8])
    np.testing.assert_array_equal(part.known["k"], panel.known["k"])
    assert panel.values[2] == 2


def test_recent(panel: Panel) -> None:
    assert recent(panel, 4) is panel
    part = recent(panel, 3)
    np.testing.assert_array_equal(part.history, [3, 3])
    np.testing.assert_array_equal(part.series(0), [1, 2, 3])
    np.testing.assert_array_equal(part.known["k"], [1, 2, 3, 4, 5, 6, 7, 8, 9])
    np.testing.assert_array_equal(part.times(0, 5), panel.times(0, 6)[1:])

"""Series without a past, named by the table of future values."""

from __future__ import annotations

import numpy as np
import polars as pl

from foretell.forecasting.panel import Panel
from foretell.forecasting.tables.cold_start import with_cold_starts
from foretell.forecasting.tables.columns import Columns
from foretell.forecasting.tables.regularise import to_panel

COLUMNS = Columns(id="shop", time="ds", target="y", static=("region",))


def panel() -> Panel:
    table = pl.DataFrame(
        {
            "shop": ["a", "a", "b"], "ds": ["2024-01-01", "2024-01-02", "2024-01-01"], "y": [1.0, 2.0, 3.0],
            "region": ["north", "north", "south"],
        }
    )  # fmt: skip
    return to_panel(table, COLUMNS)[0]


def test_they_start_at_their_first_time_and_bring_their_static_columns() -> None:
    future = pl.DataFrame(
        {
            "shop": ["z", "a", "z", "y"], "ds": ["2024-01-04", "2024-01-03", "2024-01-03", "2024-01-05"],
            "region": [None, "north", "east", None],
        }
    )  # fmt: skip
    old, wider = panel(), with_cold_starts(panel(), future, COLUMNS)
    assert wider.ids == ("a", "b", "z", "y")
    assert wider.history.tolist() == [2, 1, 0, 0]
    assert wider.starts[2:].tolist() == np.array(["2024-01-03", "2024-01-05"], dtype="datetime64[us]").tolist()
    assert wider.static["region"].tolist() == ["north", "south", "east", None]
    np.testing.assert_array_equal(wider.values, old.values)
    assert len(wider.series(3)) == 0


def test_without_times_they_start_where_the_others_end() -> None:
    wider = with_cold_starts(panel(), pl.DataFrame({"shop": ["z"], "region": ["east"]}), COLUMNS)
    assert wider.ids == ("a", "b", "z")
    assert wider.starts[2] == np.datetime64("2024-01-03")


def test_a_table_of_known_series_alone_changes_nothing() -> None:
    old = panel()
    future = pl.DataFrame({"shop": ["a"], "ds": ["2024-01-03"], "region": ["north"]})
    assert with_cold_starts(old, future, COLUMNS) is old

"""The data inside the package: whole, as published, and read as what it is."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from foretell import SettingsError, datasets
from foretell.forecasting.tables.columns import Columns
from foretell.forecasting.tables.regularise import to_panel


def test_chicago_ridership_is_as_published() -> None:
    table = datasets.load("chicago_ridership")
    assert table.columns == ["service_date", "day_type", "bus", "rail_boardings", "total_rides"]
    assert len(table) == 7701
    assert len(table) - len(table.unique()) == 62
    assert (table["bus"] + table["rail_boardings"] == table["total_rides"]).all()
    assert set(table["day_type"]) == {"W", "A", "U"}


def test_chicago_ridership_reads_as_two_daily_series_without_gaps() -> None:
    columns = Columns(target=("bus", "rail_boardings"), known=("day_type",))
    panel, findings = to_panel(datasets.load("chicago_ridership"), columns)
    assert panel.ids == ("bus", "rail_boardings")
    assert panel.frequency.alias == "D"
    assert panel.history.tolist() == [7639, 7639]
    assert (findings.missing, findings.duplicates_dropped, findings.time) == (0, 62, "service_date")
    assert str(panel.times(0, 7639)[-1])[:10] == "2021-11-30"


def test_the_days_that_follow_have_the_calendar_s_types() -> None:
    table = datasets.load("chicago_ridership_next")
    days = table["service_date"].str.to_date("%m/%d/%Y")
    assert (days[0], days[-1], len(days)) == (date(2021, 12, 1), date(2021, 12, 14), 14)
    weekend = pl.Series(days.dt.weekday()).replace_strict({6: "A", 7: "U"}, default="W")
    assert table["day_type"].to_list() == weekend.to_list()


def test_an_unknown_name() -> None:
    with pytest.raises(SettingsError, match="'boston': choose one of chicago_ridership"):
        datasets.path("boston")

"""Zones told from offsets, and hours that clocks showed twice."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from foretell.tables.clock import Clock, instants, wall_times
from foretell.tables.time_zones import told_apart, turned_back, zone_of_offsets
from foretell.tables.times import parse_times

YEAR = np.arange("2022-01-01", "2023-01-01", dtype="datetime64[h]").astype("datetime64[us]")


def offsets(zone: str) -> np.ndarray:
    return (wall_times(YEAR, zone) - YEAR).astype("timedelta64[m]").astype(np.int64)


@pytest.mark.parametrize(
    "zone",
    [
        "Europe/Berlin", "Europe/London", "Europe/Helsinki", "America/New_York", "America/Los_Angeles",
        "America/St_Johns", "Australia/Sydney", "Australia/Adelaide", "Pacific/Auckland", "America/Santiago",
        "Asia/Kolkata", "Asia/Kathmandu", "Etc/GMT-9", "Etc/GMT+3", "UTC",
    ],
)  # fmt: skip
def test_the_zone_of_offsets(zone: str) -> None:
    assert zone_of_offsets(YEAR, offsets(zone)) == zone


def test_zones_with_the_same_rules_are_as_good() -> None:
    assert zone_of_offsets(YEAR, offsets("Europe/Madrid")) == "Europe/Berlin"
    assert zone_of_offsets(YEAR, offsets("America/Toronto")) == "America/New_York"


def test_offsets_of_no_one_zone() -> None:
    mixed = offsets("Europe/Berlin")
    mixed[100] = 0
    assert zone_of_offsets(YEAR, mixed) is None


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/Chicago", "Australia/Lord_Howe"])
@pytest.mark.parametrize("pattern", ["%Y-%m-%dT%H:%M:%S%:z", "%Y-%m-%d %H:%M:%S%z", "%d/%m/%Y %H:%M %z"])
def test_stamps_with_changing_offsets_are_instants(zone: str, pattern: str) -> None:
    cells = pl.Series(YEAR).dt.replace_time_zone("UTC").dt.convert_time_zone(zone).dt.strftime(pattern)
    parsed = parse_times(cells, "ds")
    assert parsed.zone == zone
    np.testing.assert_array_equal(parsed.values, YEAR)
    assert zone in str(parsed.assumed)


def test_names_of_offsets() -> None:
    parsed = parse_times(pl.Series(["2022-10-30 02:00 CEST", "2022-10-30 02:00 CET", "2022-10-30 03:00 CET"]), "ds")
    assert parsed.zone == "Europe/Berlin"
    np.testing.assert_array_equal(np.diff(parsed.values), np.full(2, np.timedelta64(1, "h")))


def test_offsets_of_several_places_are_shown_in_utc() -> None:
    parsed = parse_times(pl.Series(["2001-01-01 05:00Z", "2001-01-01 08:00+02:00", "2001-01-01 07:00Z"]), "ds")
    assert parsed.zone == "UTC"
    assert [str(time)[11:13] for time in parsed.values] == ["05", "06", "07"]
    assert "no one time zone" in str(parsed.assumed)


def test_hours_that_clocks_showed_twice() -> None:
    autumn = np.array(["2022-10-30T02:00", "2022-10-30T02:45"], "datetime64[us]")
    assert "Europe/Berlin" in turned_back(autumn)
    assert turned_back(np.array(["2022-10-29T02:00"], "datetime64[us]")) == ()
    assert "America/New_York" in turned_back(np.array(["2022-11-06T01:00"], "datetime64[us]"))
    apart = told_apart(autumn[[0, 0]], np.array([False, True]), "Europe/Berlin")
    assert apart is not None
    assert [str(time)[11:16] for time in apart] == ["00:00", "01:00"]
    assert told_apart(np.array(["2022-03-27T02:30"], "datetime64[us]"), np.array([False]), "Europe/Berlin") is None


def test_instants_of_wall_times() -> None:
    wall = np.array(["2022-03-27T02:30", "2022-10-30T02:30", "2022-07-01T12:00"], "datetime64[us]")
    assert [str(t)[11:16] for t in instants(wall, "Europe/Berlin")] == ["01:30", "00:30", "10:00"]
    assert instants(wall[None], "Europe/Berlin").shape == (1, 3)


def test_what_a_clock_shows() -> None:
    noon = np.datetime64("2022-07-01T12:00", "us")
    assert Clock().show(noon) == "2022-07-01 12:00:00"
    assert Clock("Europe/Berlin").show(noon) == "2022-07-01 14:00:00+02:00"
    assert Clock("America/St_Johns").show(noon) == "2022-07-01 09:30:00-02:30"
    assert Clock("Europe/Berlin", wall=True).show(np.datetime64("2022-07-01", "us")) == "2022-07-01 00:00:00+02:00"
    assert Clock("Europe/Berlin", naive=True).show(noon) == "2022-07-01 14:00:00"
    assert Clock().show(np.int64(7)) == "7"

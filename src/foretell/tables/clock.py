"""The clock that times are told by: their zone, and how they are shown to people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl

from foretell.tables.grids import Times


@dataclass(frozen=True)
class Clock:
    """What the times of a grid, `datetime64[us]`, stand for. By default they are what they say, in no zone."""

    zone: str | None = None
    """The time zone that they belong to."""
    wall: bool = False
    """Whether they are what clocks in `zone` show, as days and opening hours want it; otherwise they are UTC."""
    naive: bool = False
    """Whether they came without the zone, so that they are to go without it."""

    def wall_times(self, times: Times) -> Times:
        """What clocks show at the times of the grid."""
        return times if self.zone is None or self.wall else wall_times(times, self.zone)

    def answer(self, times: Times) -> tuple[Times, str | None]:
        """Times of the grid as a table is to show them: naive ones, or UTC and the zone to show it in."""
        if self.zone is None or self.naive:
            return self.wall_times(times), None
        return (instants(times, self.zone) if self.wall else times), self.zone

    def show(self, time: Any) -> str:
        """A time of the grid as people write it, with its offset from UTC where it has a zone."""
        if self.zone is None or not isinstance(time, np.datetime64):
            return show_time(time)
        times, zone = self.answer(np.array([time]))
        if zone is None:
            return show_time(times[0])
        local = wall_times(times, zone)
        minutes = int((local - times)[0].astype("timedelta64[m]").astype(np.int64))
        offset = f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
        midnight = " 00:00:00" if str(local[0]).endswith("T00:00:00.000000") else ""
        return show_time(local[0]) + midnight + offset


def show_time(time: Any) -> str:
    """A time stamp as people write it, no longer than it need be."""
    if not isinstance(time, np.datetime64):
        return str(int(time))
    text = str(time.astype("datetime64[us]")).replace("T", " ").removesuffix(".000000")
    return text.removesuffix(" 00:00:00")


def wall_times(times: Times, zone: str) -> Times:
    """What clocks in `zone` show at UTC instants, both `datetime64[us]`."""
    utc = pl.Series(times.ravel().astype("datetime64[us]")).dt.replace_time_zone("UTC")
    local = utc.dt.convert_time_zone(zone).dt.replace_time_zone(None)
    return local.to_physical().to_numpy().astype("datetime64[us]").reshape(times.shape)


def instants(times: Times, zone: str) -> Times:
    """The UTC instants at which clocks in `zone` show `times`: the first of two, and of none the next that there is."""
    local = pl.Series(times.ravel().astype("datetime64[us]"))
    utc = _localised(local, zone)
    # Where clocks are put forward, they are by an hour at most.
    utc = utc.zip_with(utc.is_not_null(), _localised(local + timedelta(hours=1), zone))
    return utc.to_physical().to_numpy().astype("datetime64[us]").reshape(times.shape)


def _localised(local: pl.Series, zone: str) -> pl.Series:
    return local.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null").dt.convert_time_zone("UTC")

"""Public holidays as columns that are known for the future."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foretell.errors import SettingsError
from foretell.forecasting.panel import Column, Panel, with_rows_ahead
from foretell.tables.grids import DAY, Times
from foretell.tables.public_holidays import public_holidays

_ON, _BEFORE, _AFTER, _OTHER = "holiday", "day before", "day after", "other day"
_EPOCH = np.datetime64("1970-01-01", "D")


def holiday_column(place: str) -> str:
    """Return the name of the column with the holidays of a place."""
    return f"holidays {place.upper()}"


def with_holidays(panel: Panel, places: tuple[str, ...], horizon: int = 0) -> Panel:
    """Add a column of each place's holidays to the known ones, for at least `horizon` steps after each history.

    Where steps are days or shorter it says whether a day is a holiday, or the one before or after; for longer steps it
    counts the holidays in them. Raises SettingsError for a place that does not exist, and for integer time.
    """
    if not places:
        return panel
    if panel.frequency.is_integer:
        raise SettingsError("holidays need times that are dates, but those of this table are numbers")
    panel = with_rows_ahead(panel, horizon)
    known = dict(panel.known)
    for place in places:
        parts: list[NDArray[Any]] = [_cells(panel, i, place) for i in range(len(panel))]
        known[holiday_column(place)] = np.concatenate(parts) if parts else np.empty(0)
    return replace(panel, known=known)


def _cells(panel: Panel, i: int, place: str) -> Column:
    rows = int(panel.offsets[i + 1] - panel.offsets[i])
    times = panel.clock.wall_times(panel.times(i, rows + 1))
    day = times.astype("datetime64[us]").astype(np.int64) // DAY
    off = _days(times, place)
    if panel.frequency.microseconds > DAY * 2:
        # Each step lasts until the next one begins.
        count: Column = (np.searchsorted(off, day[1:]) - np.searchsorted(off, day[:-1])).astype(np.float64)
        return count
    here = day[:-1]
    words = np.full(rows, _OTHER, dtype=object)
    words[np.isin(here, off - 1)] = _BEFORE
    words[np.isin(here, off + 1)] = _AFTER
    words[np.isin(here, off)] = _ON
    return words


def _days(times: Times, place: str) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return the days of the holidays, counted since 1970, ascending."""
    years = times[[0, -1]].astype("datetime64[Y]").astype(np.int64) + 1970
    found = public_holidays(place, int(years[0]) - 1, int(years[1]) + 1)
    return np.sort(np.array([(np.datetime64(day) - _EPOCH).astype(np.int64) for day in found], dtype=np.int64))

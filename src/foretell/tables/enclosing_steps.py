"""The steps of a frequency that times fall into, as where rows finer than the steps are combined."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foretell.errors import SettingsError
from foretell.tables.frequency import Frequency
from foretell.tables.grids import DAY, WEEK, FixedGrid, IntegerGrid, MonthGrid, Times, WeeklyGrid
from foretell.tables.retail_months import MONTHS
from foretell.tables.weekly_pattern import WEEKDAYS

# 1970-01-01 was a Thursday.
_FROM_MONDAY = 3 * DAY


@dataclass(frozen=True)
class Steps:
    """The step that each of some times falls into: its first instant, its last, and the time that it goes by."""

    begin: Times
    """(T,)"""
    end: Times
    """(T,) where the next step begins."""
    label: Times
    """(T,) on the grid of the frequency: where the step begins, or its last day for weeks and ends of months."""


def enclosing_steps(times: Times, frequency: Frequency) -> Steps:
    """Return the steps that times, (T,) `datetime64[us]` or int64, fall into.

    Times outside the open hours or days of a frequency stay as they are. Raises `SettingsError` for a frequency whose
    steps are of no fixed rule: business days without holidays, or the months of retailers.
    """
    grid = frequency.grid
    if isinstance(grid, IntegerGrid):
        begin = times - times % grid.size
        return Steps(begin, begin + grid.size, begin)
    if isinstance(grid, FixedGrid):
        return _fixed(times, frequency, grid)
    if isinstance(grid, MonthGrid):
        return _months(times, frequency, grid)
    if isinstance(grid, WeeklyGrid) and grid.count == 1:
        place = grid.positions(times)[1]
        begin = times - np.maximum(place, 0).astype("timedelta64[us]")
        return Steps(begin, begin + np.timedelta64(grid.width, "us"), begin)
    raise SettingsError(
        f"rows cannot be combined into steps of {frequency.alias!r}; give a frequency such as h, D, B, W or MS"
    )


def _fixed(times: Times, frequency: Frequency, grid: FixedGrid) -> Steps:
    size, shift, label = grid.size, 0, 0
    if grid.size % WEEK == 0 and "W-" in frequency.alias:
        first = (WEEKDAYS.index(frequency.alias[-3:]) + 1) % 7
        shift, label = first * DAY - _FROM_MONDAY, size - DAY
    ticks = times.astype("datetime64[us]").astype(np.int64)
    begin = (ticks - shift) // size * size + shift
    return Steps(_instants(begin), _instants(begin + size), _instants(begin + label))


def _months(times: Times, frequency: Frequency, grid: MonthGrid) -> Steps:
    months: NDArray[np.int64] = times.astype("datetime64[M]").astype(np.int64)
    ends = str(grid.anchor).endswith("end")
    named = frequency.alias[-3:]
    # Quarters and years are named by their first month where they go by their start, by their last otherwise.
    first = (MONTHS.index(named) + ends) % 12 if named in MONTHS else 0
    begin = (months - first) // grid.months * grid.months + first
    month = begin + (grid.months - 1 if ends else 0)
    day = _first_days(month)
    label = day - grid.distance(day).astype("timedelta64[us]")
    return Steps(_first_days(begin), _first_days(begin + grid.months), label)


def _instants(ticks: NDArray[np.int64]) -> Times:
    return ticks.astype("datetime64[us]")


def _first_days(months: NDArray[np.int64]) -> Times:
    return months.astype("datetime64[M]").astype("datetime64[us]")

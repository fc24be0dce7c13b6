"""The months of retailers: four, four and five whole weeks, so that each ends on the same day of the week."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foretell.tables.grids import DAY, WEEK, Place, Times
from foretell.tables.weekly_pattern import WEEKDAYS

MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
PATTERNS = ("4-4-5", "4-5-4", "5-4-4")
_RULES = ("LAST", "NEAREST")
_ALIAS = re.compile(rf"({'|'.join(PATTERNS)})@({'|'.join(WEEKDAYS)})-({'|'.join(MONTHS)})-({'|'.join(_RULES)})")
_YEARS = np.arange(1850, 2300)
_CLOSE = 14 * DAY
_FEWEST = 4
# In the order in which they are tried: the calendar of the American retail federation first.
_USUAL = ("4-5-4", "4-4-5", "5-4-4")


@dataclass(frozen=True)
class RetailGrid:
    """Months of whole weeks, twelve a year; a year of 53 weeks has one more in its last month."""

    pattern: tuple[int, int, int]
    """Weeks of the three months of a quarter."""
    weekday: int
    """Day on which each month ends, 0 for Monday."""
    month: int
    """Calendar month, 0 to 11, about whose end the year ends."""
    nearest: bool
    """Whether it ends on the weekday nearest to that month's last day, or on the last one within the month."""
    wall = True
    length = round(365.2425 / 12 * DAY)
    width = length
    seasons: tuple[int, ...] = (12,)

    def range(self, start: Any, steps: int) -> Times:
        """The times `start, start + 1 step, ...`."""
        first = np.array([np.datetime64(start, "us")])
        number, _ = self.positions(first)
        ends = _ends(self)[number[0] : number[0] + steps]
        begins = _ends(self)[number[0] - 1 : number[0] - 1 + steps] + DAY
        ticks = int(first[0].astype(np.int64))
        from_begin = ticks - int(begins[0])
        found = begins + from_begin if from_begin < _CLOSE else ends - (int(ends[0]) - ticks)
        return np.asarray(found.astype("datetime64[us]"))

    def positions(self, times: Times) -> Place:
        """As in `IntegerGrid`; times lie equally far from the first day of their month, or from its last."""
        ticks = times.astype("datetime64[us]").astype(np.int64)
        ends = _ends(self)
        number = np.searchsorted(ends, ticks // DAY * DAY)
        from_begin = ticks - (ends[number - 1] + DAY)
        return number.astype(np.int64), np.where(from_begin < _CLOSE, from_begin, WEEK * 10 + ticks - ends[number])


@cache
def _ends(grid: RetailGrid) -> NDArray[np.int64]:
    """The last day of each month, in microseconds since 1970."""
    last = ((_YEARS - 1970) * 12 + grid.month + 1).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64) - 1
    back = (last + 3 - grid.weekday) % 7
    year = last - back + (7 if grid.nearest else 0) * (back > 3)
    weeks = np.cumsum(np.tile(grid.pattern, 4))[:-1] * 7
    months = np.concatenate([year[:-1, None] + weeks, year[1:, None]], axis=1)
    return np.asarray(months.ravel() * DAY, dtype=np.int64)


def retail_grid(alias: str) -> RetailGrid | None:
    """Return the grid of an alias such as `4-4-5@SAT-JAN-NEAREST`; None if it is none."""
    match = _ALIAS.fullmatch(alias)
    if match is None:
        return None
    first, second, third = (int(weeks) for weeks in match[1].split("-"))
    return RetailGrid((first, second, third), WEEKDAYS.index(match[2]), MONTHS.index(match[3]), match[4] == "NEAREST")


def retail_alias(times: Times, owner: NDArray[np.int64]) -> str | None:
    """Return the alias of the grid that the times lie on, four and five weeks apart; None if there is none."""
    steps = np.diff(times.astype(np.int64))[(np.diff(owner) == 0)]
    steps = steps[steps > 0]
    if (
        len(steps) < _FEWEST
        or np.any(steps % WEEK)
        or not {4 * WEEK, 5 * WEEK} <= set(steps[steps < 7 * WEEK].tolist())
    ):
        return None
    ends = int(times[0].astype(np.int64)) // DAY + 3
    for alias in _candidates((ends % 7, (ends - 1) % 7)):
        grid = retail_grid(alias)
        assert grid is not None
        place = grid.positions(times)[1]
        if np.all(place == place[0]) and place[0] in (0, 10 * WEEK):
            return alias
    return None


def _candidates(weekdays: tuple[int, int]) -> Iterator[str]:
    """Yield aliases for times that are the last days of months, or the first, which follow that weekday."""
    months = ("JAN", *(month for month in MONTHS if month != "JAN"))
    for weekday, pattern, rule, month in product(weekdays, _USUAL, ("NEAREST", "LAST"), months):
        yield f"{pattern}@{WEEKDAYS[weekday]}-{month}-{rule}"

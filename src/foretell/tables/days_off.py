"""Business days without holidays: those of a country or a stock exchange, or any dates."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

import numpy as np

from foretell.errors import SettingsError
from foretell.tables.grids import DAY, Place, Times, WeeklyGrid
from foretell.tables.public_holidays import public_holidays

_YEARS = (1950, 2079)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class DaysOffGrid:
    """The days of a weekly grid that are not days off."""

    week: WeeklyGrid
    off: tuple[int, ...]
    """Days since 1970, ascending, each a day of `week`."""
    wall = True

    @property
    def length(self) -> int:
        """As in `IntegerGrid`."""
        return self.week.length

    @property
    def width(self) -> int:
        """As in `IntegerGrid`."""
        return self.week.width

    @property
    def seasons(self) -> tuple[int, ...]:
        """A week."""
        return self.week.seasons

    def range(self, start: Any, steps: int) -> Times:
        """The times `start, start + 1 step, ...`, from the next open day on where `start` lies on none."""
        more = steps
        while True:
            times = self.week.range(start, steps + more)
            kept = times[~self._is_off(times)]
            if len(kept) >= steps:
                return np.asarray(kept[:steps])
            more *= 2

    def positions(self, times: Times) -> Place:
        """As in `IntegerGrid`; -1 on days off."""
        number, place = self.week.positions(times)
        off = self.week.positions(np.array(self.off, dtype="datetime64[D]").astype("datetime64[us]"))[0]
        return number - np.searchsorted(off, number), np.where(self._is_off(times), -1, place)

    def _is_off(self, times: Times) -> np.ndarray[Any, np.dtype[np.bool_]]:
        days = times.astype("datetime64[us]").astype(np.int64) // DAY
        return np.isin(days, np.array(self.off, dtype=np.int64))


@lru_cache(maxsize=64)
def days_off_grid(week: WeeklyGrid, said: str) -> DaysOffGrid:
    """Return the grid of business days without those that `said` names: places and dates, such as `US+2024-12-24`.

    Raises SettingsError for a place or a date that does not exist.
    """
    off: set[int] = set()
    for part in said.split("+"):
        if _DATE.fullmatch(part):
            try:
                dates = [date.fromisoformat(part)]
            except ValueError:
                raise SettingsError(f"frequency 'B/{said}': there is no day {part}; correct it") from None
        else:
            dates = list(public_holidays(part, *_YEARS))
        off.update(day.toordinal() - date(1970, 1, 1).toordinal() for day in dates)
    days = np.array(sorted(off), dtype=np.int64)
    place = week.positions(days.astype("datetime64[D]").astype("datetime64[us]"))[1]
    return DaysOffGrid(week, tuple(int(day) for day in days[place >= 0]))

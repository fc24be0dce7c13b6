"""Time grids: the times that follow one another step by step, and where on such a grid a time lies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Times: TypeAlias = NDArray[Any]  # datetime64[us], or int64 for integer time
Place: TypeAlias = tuple[NDArray[np.int64], NDArray[np.int64]]

SECOND = 1_000_000
DAY = 86_400 * SECOND
WEEK = 7 * DAY
# 1970-01-01 was a Thursday; weeks begin on Monday.
_MONDAY = 3 * DAY
_MONTH_LENGTH = 30.436875 * DAY


@dataclass(frozen=True)
class IntegerGrid:
    """Whole numbers, `size` apart."""

    size: int
    length = 0
    """Microseconds from one step to the next, on average."""
    width = 0
    """Microseconds between neighbouring steps, where none is skipped."""
    seasons: tuple[int, ...] = ()
    wall = False
    """Whether steps are even on the clock of a time zone rather than in UTC."""

    def range(self, start: Any, steps: int) -> Times:
        """The times `start, start + 1 step, ...`."""
        return np.asarray(int(start) + np.arange(steps, dtype=np.int64) * self.size, dtype=np.int64)

    def positions(self, times: Times) -> Place:
        """The number of each time's step, and its place within that step; -1 where it is on no grid of this kind."""
        return np.divmod(times.astype(np.int64), self.size)


@dataclass(frozen=True)
class FixedGrid:
    """Instants, `size` microseconds apart."""

    size: int

    @property
    def length(self) -> int:
        """As in `IntegerGrid`."""
        return self.size

    @property
    def width(self) -> int:
        """As in `IntegerGrid`."""
        return self.size

    @property
    def wall(self) -> bool:
        """As in `IntegerGrid`."""
        return self.size % DAY == 0

    @property
    def seasons(self) -> tuple[int, ...]:
        """The natural season lengths in steps."""
        if self.size % WEEK == 0:
            weeks = self.size // WEEK
            return (52 // weeks,) if 52 % weeks == 0 and weeks < 52 else ()
        if self.size < SECOND:
            cycles = (SECOND, 60 * SECOND)
        elif self.size < 10 * SECOND:
            cycles = (60 * SECOND, 3600 * SECOND)
        elif self.size < 300 * SECOND:
            cycles = (3600 * SECOND, DAY)
        else:
            cycles = (DAY, WEEK)
        return tuple(cycle // self.size for cycle in cycles if cycle % self.size == 0 and cycle > self.size)

    def range(self, start: Any, steps: int) -> Times:
        """The times `start, start + 1 step, ...`."""
        ahead = np.arange(steps, dtype=np.int64) * self.size
        return np.asarray(np.datetime64(start, "us") + ahead.astype("timedelta64[us]"))

    def positions(self, times: Times) -> Place:
        """As in `IntegerGrid`."""
        return np.divmod(_ticks(times), self.size)


@dataclass(frozen=True)
class WeeklyGrid:
    """The open slots of each week, such as business days or office hours; every `count`-th of them."""

    slots: tuple[int, ...]
    """Where in the week each begins, microseconds from Monday 0:00 on, ascending."""
    width: int
    """Of a slot, in microseconds: times of a grid lie equally far into their slots."""
    count: int = 1
    wall = True

    @property
    def length(self) -> int:
        """As in `IntegerGrid`."""
        return round(self.count * WEEK / len(self.slots))

    @property
    def seasons(self) -> tuple[int, ...]:
        """A day where all open days have equally many slots, then a week."""
        if self.count > 1:
            return ()
        by_day = np.bincount(np.array(self.slots) // DAY, minlength=7)
        day = int(by_day.max())
        even = bool(np.all((by_day == day) | (by_day == 0)))
        return tuple(n for n in ((day, len(self.slots)) if even else (len(self.slots),)) if n > 1)

    def range(self, start: Any, steps: int) -> Times:
        """The times `start, start + 1 step, ...`, from the next open slot on where `start` lies in none."""
        week, within = np.divmod(int(np.datetime64(start, "us").astype(np.int64)) + _MONDAY, WEEK)
        slots = np.array(self.slots, dtype=np.int64)
        first = int(np.searchsorted(slots, within, side="right")) - 1
        into = int(within - slots[first]) if first >= 0 else self.width
        if into >= self.width:
            first, into = first + 1, int(within) % DAY if self.width == DAY else 0
        weeks, slot = np.divmod(first + np.arange(steps, dtype=np.int64) * self.count, len(slots))
        return np.asarray(((week + weeks) * WEEK - _MONDAY + slots[slot] + into).astype("datetime64[us]"))

    def positions(self, times: Times) -> Place:
        """As in `IntegerGrid`; -1 outside the open slots."""
        week, within = np.divmod(_ticks(times) + _MONDAY, WEEK)
        slots = np.array(self.slots, dtype=np.int64)
        slot = np.searchsorted(slots, within, side="right") - 1
        into = within - slots[slot]
        number, rest = np.divmod(week * len(slots) + slot, self.count)
        return number, np.where((slot < 0) | (into >= self.width), -1, rest * self.width + into)


@dataclass(frozen=True)
class MonthGrid:
    """Every `months`-th month, at the same distance from a day that each month has."""

    months: int
    anchor: Literal["start", "end", "business start", "business end"] | int
    """The day: the first or the last, of all days or of those from Monday to Friday; or the 29th or 30th, which is the
    last day of a shorter month."""
    wall = True

    @property
    def length(self) -> int:
        """As in `IntegerGrid`."""
        return round(self.months * _MONTH_LENGTH)

    @property
    def width(self) -> int:
        """As in `IntegerGrid`."""
        return self.length

    @property
    def seasons(self) -> tuple[int, ...]:
        """A year."""
        return (12 // self.months,) if self.months < 12 and 12 % self.months == 0 else ()

    def range(self, start: Any, steps: int) -> Times:
        """The times `start, start + 1 step, ...`."""
        first = np.datetime64(start, "us")
        month = first.astype("datetime64[M]") + np.arange(steps, dtype=np.int64) * self.months
        anchors = self._anchors(np.append(first.astype("datetime64[M]"), month))
        return np.asarray(anchors[1:] + (first - anchors[0]))

    def positions(self, times: Times) -> Place:
        """As in `IntegerGrid`."""
        months = times.astype("datetime64[M]")
        number, rest = np.divmod(months.astype(np.int64), self.months)
        # Less than 32 days on either side: no two places of different months are equal, and none is negative.
        return number, (2 * rest + 1) * 32 * DAY + self.distance(times)

    def distance(self, times: Times) -> NDArray[np.int64]:
        """How far each time lies behind the anchor of its month, in microseconds."""
        return np.asarray(
            (times.astype("datetime64[us]") - self._anchors(times.astype("datetime64[M]"))).astype(np.int64)
        )

    def _anchors(self, months: NDArray[np.datetime64]) -> NDArray[np.datetime64]:
        first = months.astype("datetime64[D]")
        last = (months + 1).astype("datetime64[D]") - 1
        if isinstance(self.anchor, int):
            day = np.minimum(first + (self.anchor - 1), last)
        elif self.anchor == "start":
            day = first
        elif self.anchor == "end":
            day = last
        elif self.anchor == "business start":
            day = np.busday_offset(first, 0, roll="forward")
        else:
            day = np.busday_offset(last, 0, roll="backward")
        return np.asarray(day.astype("datetime64[us]"))


Grid: TypeAlias = IntegerGrid | FixedGrid | WeeklyGrid | MonthGrid


def _ticks(times: Times) -> NDArray[np.int64]:
    return times.astype("datetime64[us]").astype(np.int64)

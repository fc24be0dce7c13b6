"""The step of a time grid as people name it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from foretell.errors import SettingsError
from foretell.tables.days_off import DaysOffGrid, days_off_grid
from foretell.tables.grids import DAY, WEEK, FixedGrid, Grid, IntegerGrid, MonthGrid, Place, Times, WeeklyGrid
from foretell.tables.retail_months import MONTHS, RetailGrid, retail_grid
from foretell.tables.weekly_pattern import BUSINESS_DAYS, WEEKDAYS, weekly_grid

MICROSECONDS = {"us": 1, "ms": 1_000, "s": 1_000_000, "min": 60_000_000, "h": 3_600_000_000, "D": DAY}
"""The units that steps of a fixed length are counted in, the shortest first."""
# The longest step, in microseconds or integers: the sum of two must not overflow.
_LONGEST = 2**61
_MONTHS_IN = {"M": 1, "Q": 3, "Y": 12}
# What people write, pandas' and polars' older and newer spellings among it, and the alias meant by it.
_SPELLINGS = {
    "us": "us", "ms": "ms", "s": "s", "S": "s", "sec": "s", "second": "s", "secondly": "s",
    "min": "min", "T": "min", "m": "min", "minute": "min", "minutely": "min",
    "h": "h", "H": "h", "hour": "h", "hourly": "h", "d": "D", "D": "D", "day": "D", "daily": "D",
    "b": "B", "B": "B", "business": "B", "w": "W", "W": "W", "week": "W", "weekly": "W",
    "MS": "MS", "ME": "ME", "M": "ME", "mo": "MS", "month": "MS", "monthly": "MS",
    "BMS": "BMS", "BME": "BME", "BM": "BME", "BQS": "BQS", "BQE": "BQE", "BQ": "BQE",
    "QS": "QS", "QE": "QE", "Q": "QE", "q": "QS", "quarter": "QS", "quarterly": "QS",
    "YS": "YS", "YE": "YE", "Y": "YE", "A": "YE", "AS": "YS", "y": "YS", "year": "YS", "yearly": "YS", "annual": "YS",
    "BYS": "BYS", "BYE": "BYE", "BA": "BYE", "BAS": "BYS", "BY": "BYE",
}  # fmt: skip
_ANCHORS = {"S": "start", "E": "end", "BS": "business start", "BE": "business end"}
EXAMPLES = '"h" (hourly), "15min", "D" (daily), "B" (business days), "W", "MS" (month starts), "ME" (month ends), "QS", "YS", or a whole number for integer time'  # noqa: E501


@lru_cache(maxsize=256)
def _decode(alias: str) -> Grid | DaysOffGrid | RetailGrid:
    retail = retail_grid(alias)
    if retail is not None:
        return retail
    if alias.startswith("B/"):
        return days_off_grid(WeeklyGrid(BUSINESS_DAYS, DAY), alias.removeprefix("B/"))
    match = re.fullmatch(
        r"(\d*)(?:(us|ms|s|min|h|D)(?:@(\S+))?|(B)|(W)(?:-[A-Z]{3})?|(B?)([MQY])([SE])(?:-([A-Z]{3}|29|30))?)?", alias
    )
    count = int(match[1] or 1) if match else 0
    grid: Grid | None = None
    if match is None or count == 0 or not alias:
        grid = None
    elif match[3]:
        grid = weekly_grid(match[3], count * MICROSECONDS[match[2]])
    elif match[2]:
        grid = FixedGrid(count * MICROSECONDS[match[2]])
    elif match[4]:
        grid = WeeklyGrid(BUSINESS_DAYS, DAY, count)
    elif match[5]:
        grid = FixedGrid(count * WEEK)
    elif match[7]:
        months, day = count * _MONTHS_IN[match[7]], match[9] or ""
        if not day.isdigit():
            grid = MonthGrid(months, _ANCHORS[match[6] + match[8]])  # type: ignore[arg-type]
        elif (match[6], match[7], match[8]) == ("", "M", "S"):
            grid = MonthGrid(months, int(day))
    else:
        grid = IntegerGrid(count)
    if grid is None:
        raise SettingsError(f"frequency {alias!r} is not understood; give one such as {EXAMPLES}")
    return grid


@dataclass(frozen=True)
class Frequency:
    """The step of a time grid, named by a pandas offset alias; for integer time, the step in digits.

    A grid is a frequency and one time on it. So "MS" means the same day of every month, the first where a series starts
    on a first, and "ME" the same number of days before every month's end, none where it starts on a last day. Beyond
    pandas' aliases, "MS-30" means the 30th of every month, or its last day if it has no 30th, and "D@MON-SAT" or
    "h@MON-FRI/09:00-17:00" the open days or hours of each week. "B/NYSE+2024-06-03" means business days without the
    holidays of a place and without a date; "4-4-5@SAT-JAN-NEAREST" the months of a retailer whose year ends on the
    Saturday nearest to the end of January.
    """

    alias: str
    """Such as "h", "15min", "D", "B", "W-SUN", "MS", "ME", "BME", "QS", "YS", or "1" for integer time."""

    @property
    def grid(self) -> Grid | DaysOffGrid | RetailGrid:
        """The alias in numbers."""
        return _decode(self.alias)

    @property
    def is_integer(self) -> bool:
        """Whether times are plain integers."""
        return isinstance(self.grid, IntegerGrid)

    @property
    def is_on_wall_clock(self) -> bool:
        """Whether steps span whole days or open hours, so that wall time rather than UTC is what is regular."""
        return self.grid.wall

    @property
    def microseconds(self) -> int:
        """The length of a step, on average; 0 for integer time."""
        return self.grid.length

    @property
    def months(self) -> int:
        """The length of a step in months, 0 where it is not counted in months."""
        return self.grid.months if isinstance(self.grid, MonthGrid) else 0

    @property
    def seasons(self) -> tuple[int, ...]:
        """The natural season lengths in steps, shortest first: (24, 168) for hourly, (12,) for monthly data."""
        return self.grid.seasons

    def range(self, start: Any, steps: int) -> Times:
        """The times `start, start + 1 step, ...`, shape (steps,): `datetime64[us]`, or int64 for integer time."""
        return self.grid.range(start, steps)

    def positions(self, times: Times) -> Place:
        """Where times lie: the number of their step, and their place within it, both int64 of the shape of `times`.

        Times lie on one grid exactly where their place is the same. A weekend is on no grid of business days: place -1.
        """
        return self.grid.positions(times)

    def anchored(self, start: Any) -> Frequency:
        """The same step, its alias naming the weekday or the month of the grid that `start` lies on."""
        grid = self.grid
        if isinstance(grid, FixedGrid) and grid.size % WEEK == 0:
            weekday = (int(np.datetime64(start, "D").astype(np.int64)) + 3) % 7
            return Frequency(f"{counted(grid.size // WEEK)}W-{WEEKDAYS[weekday]}")
        if not isinstance(grid, MonthGrid):
            return self
        if isinstance(grid.anchor, int):
            return Frequency(f"{counted(grid.months)}MS-{grid.anchor}")
        letter = "S" if grid.anchor.endswith("start") else "E"
        business = "B" if grid.anchor.startswith("business") else ""
        month = int(np.datetime64(start, "M").astype(np.int64)) % 12
        if grid.months % 12 == 0:
            usual = 0 if letter == "S" else 11
            anchor = "" if month == usual else f"-{MONTHS[month]}"
            return Frequency(f"{counted(grid.months // 12)}{business}Y{letter}{anchor}")
        if grid.months == 3:
            usual = 0 if letter == "S" else 2
            # pandas names a quarter by its first month of the year where it starts, by its last where it ends.
            named = month % 3 if letter == "S" else month % 3 + 9
            anchor = "" if month % 3 == usual else f"-{MONTHS[named]}"
            return Frequency(f"{business}Q{letter}{anchor}")
        return Frequency(f"{counted(grid.months)}{business}M{letter}")

    @property
    def relatives(self) -> tuple[Frequency, ...]:
        """The frequencies of as many months that count from another day, none for those not counted in months."""
        grid = self.grid
        if not isinstance(grid, MonthGrid):
            return ()
        names = (f"{counted(grid.months)}{unit}" for unit in ("MS", "ME", "MS-30", "MS-29", "BME", "BMS"))
        return tuple(other for other in map(Frequency, names) if other.grid != grid)

    @classmethod
    def parse(cls, text: str | int) -> Frequency:
        """The frequency a user names: pandas' aliases, old and new, polars' or words. Raises `SettingsError`."""
        text = str(text)
        named = text.strip()
        if retail_grid(named.upper()) is not None:
            return cls(named.upper())
        if named.upper().startswith("B/"):
            off = cls("B/" + named[2:].replace(" ", "").upper())
            _ = off.grid
            return off
        match = re.fullmatch(r"\s*(\d*)\s*([A-Za-z]*)(?:-([A-Za-z]{3}|29|30)|@(\S+))?\s*", text)
        if match is None or not (match[1] or match[2]) or match[1].strip("0") == "" != match[1]:
            raise SettingsError(f"frequency {text!r} is not understood; give one such as {EXAMPLES}")
        count, name, anchor, pattern = match[1], match[2], (match[3] or "").upper(), (match[4] or "").upper()
        unit = _SPELLINGS.get(name) or _SPELLINGS.get(name.lower()) or _SPELLINGS.get(name.lower().removesuffix("s"))
        if name and unit is None:
            raise SettingsError(f"frequency {text!r} is not understood; give one such as {EXAMPLES}")
        if anchor and anchor not in _anchors(unit or ""):
            raise SettingsError(f"frequency {text!r}: {anchor!r} does not go with it; give one such as {EXAMPLES}")
        if pattern and unit not in MICROSECONDS:
            raise SettingsError(f"frequency {text!r} is not understood; give one such as {EXAMPLES}")
        if unit == "W":
            anchor = anchor or "SUN"
        alias = f"{counted(int(count or 1)) if name else int(count)}{unit or ''}{'-' + anchor if anchor else ''}"
        frequency = cls(alias + (f"@{pattern}" if pattern else ""))
        grid = frequency.grid
        if max(grid.length, getattr(grid, "size", 0), getattr(grid, "months", 0), getattr(grid, "count", 0)) > _LONGEST:
            raise SettingsError(f"frequency {text!r} is too long a step; give one such as {EXAMPLES}")
        return frequency


def _anchors(unit: str) -> tuple[str, ...]:
    if unit == "W":
        return WEEKDAYS
    if unit == "MS":
        return ("29", "30")
    return MONTHS if unit[-2:-1] in ("Q", "Y") else ()


def counted(n: int) -> str:
    """The number that stands before a unit, nothing for 1."""
    return "" if n == 1 else str(n)

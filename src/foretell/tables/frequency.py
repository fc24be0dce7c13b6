"""How far apart the steps of a series are, and the time stamps that follow from it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import gcd
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from foretell.errors import SettingsError, TableError

Times: TypeAlias = NDArray[Any]  # datetime64[us], or int64 for integer time

_MICROSECONDS = {"us": 1, "ms": 1_000, "s": 1_000_000, "min": 60_000_000, "h": 3_600_000_000, "D": 86_400_000_000}
_DAY = _MICROSECONDS["D"]
_WEEKDAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
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
    "QS": "QS", "QE": "QE", "Q": "QE", "q": "QS", "quarter": "QS", "quarterly": "QS",
    "YS": "YS", "YE": "YE", "Y": "YE", "A": "YE", "AS": "YS", "y": "YS", "year": "YS", "yearly": "YS", "annual": "YS",
}  # fmt: skip
_EXAMPLES = '"h" (hourly), "15min", "D" (daily), "B" (business days), "W", "MS" (month starts), "ME" (month ends), "QS", "YS", or a whole number for integer time'  # noqa: E501


@dataclass(frozen=True)
class _Step:
    kind: Literal["fixed", "business", "start", "end", "integer"]
    size: int
    """Microseconds, business days, months or integer steps, by kind."""


@lru_cache(maxsize=256)
def _decode(alias: str) -> _Step:
    match = re.fullmatch(r"(\d*)(?:(us|ms|s|min|h|D|B)|(W)(?:-[A-Z]{3})?|([MQY])([SE])(?:-[A-Z]{3})?)?", alias)
    count = int(match[1] or 1) if match else 0
    if match is None or count == 0 or not alias:
        raise SettingsError(f"frequency {alias!r} is not understood; give one such as {_EXAMPLES}")
    if match[2] == "B":
        return _Step("business", count)
    if match[2]:
        return _Step("fixed", count * _MICROSECONDS[match[2]])
    if match[3]:
        return _Step("fixed", count * 7 * _DAY)
    if match[4]:
        return _Step("start" if match[5] == "S" else "end", count * _MONTHS_IN[match[4]])
    return _Step("integer", count)


@dataclass(frozen=True)
class Frequency:
    """The step of a time grid, named by a pandas offset alias; for integer time, the step in digits.

    A grid is a frequency and one time on it. So "MS" means the same day of every month, the first where a series starts
    on a first, and "ME" the same number of days before every month's end, none where it starts on a last day.
    """

    alias: str
    """Such as "h", "15min", "D", "B", "W-SUN", "MS", "ME", "QS", "YS", or "1" for integer time."""

    @property
    def step(self) -> _Step:
        """The alias in numbers."""
        return _decode(self.alias)

    @property
    def is_integer(self) -> bool:
        """Whether times are plain integers."""
        return self.step.kind == "integer"

    @property
    def is_daily_or_longer(self) -> bool:
        """Whether a step spans whole days, so that wall time rather than UTC is what is regular."""
        step = self.step
        return step.kind in ("business", "start", "end") or (step.kind == "fixed" and step.size % _DAY == 0)

    @property
    def microseconds(self) -> int:
        """The length of a step, on average; 0 for integer time."""
        step = self.step
        scale = {"fixed": 1, "business": _DAY * 7 / 5, "start": _DAY * 30.436875, "end": _DAY * 30.436875, "integer": 0}
        return round(step.size * scale[step.kind])

    @property
    def months(self) -> int:
        """The length of a step in months, 0 where it is not counted in months."""
        return self.step.size if self.step.kind in ("start", "end") else 0

    @property
    def seasons(self) -> tuple[int, ...]:
        """The natural season lengths in steps, shortest first: (24, 168) for hourly, (12,) for monthly data."""
        step = self.step
        if step.kind == "integer":
            return ()
        if step.kind == "business":
            return (5,) if step.size == 1 else ()
        if step.kind != "fixed":
            return (12 // step.size,) if step.size < 12 and 12 % step.size == 0 else ()
        if step.size % (7 * _DAY) == 0:
            weeks = step.size // (7 * _DAY)
            return (52 // weeks,) if 52 % weeks == 0 and weeks < 52 else ()
        second = _MICROSECONDS["s"]
        cycles = {"second": second, "minute": 60 * second, "hour": 3600 * second, "day": _DAY, "week": 7 * _DAY}
        if step.size < second:
            names = ("second", "minute")
        elif step.size < 10 * second:
            names = ("minute", "hour")
        elif step.size < 300 * second:
            names = ("hour", "day")
        else:
            names = ("day", "week")
        lengths = [cycles[name] for name in names]
        return tuple(c // step.size for c in lengths if c % step.size == 0 and c > step.size)

    def range(self, start: Any, steps: int) -> Times:
        """The times `start, start + 1 step, ...`, shape (steps,): `datetime64[us]`, or int64 for integer time."""
        ahead = np.arange(steps, dtype=np.int64)
        step = self.step
        if step.kind == "integer":
            return np.asarray(int(start) + ahead * step.size, dtype=np.int64)
        first = np.datetime64(start, "us")
        if step.kind == "fixed":
            return np.asarray(first + (ahead * step.size).astype("timedelta64[us]"))
        day = first.astype("datetime64[D]")
        clock = first - day.astype("datetime64[us]")
        if step.kind == "business":
            days = np.busday_offset(day, ahead * step.size, roll="forward")
            return np.asarray(days.astype("datetime64[us]") + clock)
        month = first.astype("datetime64[M]")
        months = month + ahead * step.size
        if step.kind == "start":
            into = first - month.astype("datetime64[us]")
            return np.asarray(months.astype("datetime64[us]") + into)
        left = (month + 1).astype("datetime64[us]") - first
        return np.asarray((months + 1).astype("datetime64[us]") - left)

    def positions(self, times: Times) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Where times lie: the number of their step, and their place within it, both int64 of the shape of `times`.

        Times lie on one grid exactly where their place is the same. A weekend is on no grid of business days: place -1.
        """
        step = self.step
        if step.kind == "integer":
            return np.divmod(times.astype(np.int64), step.size)
        times = times.astype("datetime64[us]")
        ticks = times.astype(np.int64)
        if step.kind == "fixed":
            return np.divmod(ticks, step.size)
        days, clock = np.divmod(ticks, _DAY)
        if step.kind == "business":
            weekday = (days + 3) % 7
            count = (days + 3) // 7 * 5 + np.minimum(weekday, 4)
            number, rest = np.divmod(count, step.size)
            return number, np.where(weekday > 4, -1, rest * _DAY + clock)
        months = times.astype("datetime64[M]")
        number, rest = np.divmod(months.astype(np.int64), step.size)
        if step.kind == "start":
            within = (times - months.astype("datetime64[us]")).astype(np.int64)
        else:
            within = ((months + 1).astype("datetime64[us]") - times).astype(np.int64)
        return number, rest * 32 * _DAY + within

    def anchored(self, start: Any) -> Frequency:
        """The same step, its alias naming the weekday or the month of the grid that `start` lies on."""
        step = self.step
        if step.kind == "fixed" and step.size % (7 * _DAY) == 0:
            weeks = step.size // (7 * _DAY)
            weekday = (int(np.datetime64(start, "D").astype(np.int64)) + 3) % 7
            return Frequency(f"{_count(weeks)}W-{_WEEKDAYS[weekday]}")
        if step.kind not in ("start", "end"):
            return self
        letter = "S" if step.kind == "start" else "E"
        month = int(np.datetime64(start, "M").astype(np.int64)) % 12
        if step.size % 12 == 0:
            usual = 0 if step.kind == "start" else 11
            anchor = "" if month == usual else f"-{_MONTHS[month]}"
            return Frequency(f"{_count(step.size // 12)}Y{letter}{anchor}")
        if step.size == 3:
            usual = 0 if step.kind == "start" else 2
            # pandas names a quarter by its first month of the year where it starts, by its last where it ends.
            named = month % 3 if step.kind == "start" else month % 3 + 9
            anchor = "" if month % 3 == usual else f"-{_MONTHS[named]}"
            return Frequency(f"Q{letter}{anchor}")
        return Frequency(f"{_count(step.size)}M{letter}")

    @property
    def twin(self) -> Frequency | None:
        """The frequency counted from the other end of the month, None for those not counted in months."""
        if not self.months:
            return None
        other = {"S": "E", "E": "S"}
        return Frequency(re.sub(r"([MQY])([SE]).*", lambda m: m[1] + other[m[2]], self.alias))

    @classmethod
    def parse(cls, text: str | int) -> Frequency:
        """The frequency a user names: pandas' aliases, old and new, polars' or words. Raises `SettingsError`."""
        text = str(text)
        match = re.fullmatch(r"\s*(\d*)\s*([A-Za-z]*)(?:-([A-Za-z]{3}))?\s*", text)
        if match is None or not (match[1] or match[2]) or match[1].strip("0") == "" != match[1]:
            raise SettingsError(f"frequency {text!r} is not understood; give one such as {_EXAMPLES}")
        count, name, anchor = match[1], match[2], (match[3] or "").upper()
        unit = _SPELLINGS.get(name) or _SPELLINGS.get(name.lower()) or _SPELLINGS.get(name.lower().removesuffix("s"))
        if name and unit is None:
            raise SettingsError(f"frequency {text!r} is not understood; give one such as {_EXAMPLES}")
        if anchor and anchor not in (_WEEKDAYS if unit == "W" else _MONTHS if unit and unit[0] in "QY" else ()):
            raise SettingsError(f"frequency {text!r}: {anchor!r} does not go with it; give one such as {_EXAMPLES}")
        if unit == "W":
            anchor = anchor or "SUN"
        alias = f"{_count(int(count or 1)) if name else int(count)}{unit or ''}{'-' + anchor if anchor else ''}"
        frequency = cls(alias)
        if max(frequency.microseconds, frequency.step.size) > _LONGEST:
            raise SettingsError(f"frequency {text!r} is too long a step; give one such as {_EXAMPLES}")
        return frequency

    @classmethod
    def infer(cls, series: Sequence[Times]) -> Frequency:
        """The frequency that explains the series, whatever gaps they have. Raises `TableError` where none does.

        `series`: sorted times, one array a series, `datetime64[us]` or int64. Differences of zero are passed over.
        """
        filled = [times for times in series if len(times)]
        times = np.concatenate(filled) if filled else np.empty(0, np.int64)
        owner = np.repeat(np.arange(len(filled)), [len(s) for s in filled])
        if times.dtype.kind != "M":
            return cls(str(_common_step(times.astype(np.int64), owner)))
        times = times.astype("datetime64[us]")
        for monthly in (cls("MS"), cls("ME")):
            month, place = monthly.positions(times)
            longest = 28 * _DAY if monthly.alias == "MS" else _DAY
            if _constant(place, owner) and place.max(initial=0) <= longest and _distinct(month, times, owner):
                months = _common_step(month, owner)
                return cls(f"{_count(months)}{monthly.alias}").anchored(_usual(times, month % months))
        step = _common_step(times.astype(np.int64), owner)
        if step == _DAY and _is_business(times):
            return cls("B")
        if step % (7 * _DAY) == 0:
            return cls(f"{_count(step // (7 * _DAY))}W").anchored(_usual(times, times.astype(np.int64) // _DAY % 7))
        unit = next(unit for unit in ("D", "h", "min", "s", "ms", "us") if step % _MICROSECONDS[unit] == 0)
        return cls(f"{_count(step // _MICROSECONDS[unit])}{unit}")


def _count(n: int) -> str:
    return "" if n == 1 else str(n)


def _constant(place: NDArray[np.int64], owner: NDArray[np.int64]) -> bool:
    return bool(np.all((np.diff(place) == 0) | (np.diff(owner) != 0)))


def _distinct(month: NDArray[np.int64], times: Times, owner: NDArray[np.int64]) -> bool:
    """Whether no series has two different times in one month."""
    same = (np.diff(owner) == 0) & (np.diff(month) == 0)
    return not bool(np.any(same & (np.diff(times.astype(np.int64)) != 0)))


def _usual(times: Times, place: NDArray[np.int64]) -> Any:
    """A time on the grid that most times lie on."""
    kinds, first, count = np.unique(place, return_index=True, return_counts=True)
    return times[first[np.argmax(count)]] if len(kinds) else times[0]


def _is_business(times: Times) -> bool:
    days = times.astype("datetime64[D]")
    weekday = (days.astype(np.int64) + 3) % 7
    return not np.any(weekday > 4) and bool(days.max() - days.min() >= np.timedelta64(5, "D"))


def _common_step(ticks: NDArray[np.int64], owner: NDArray[np.int64]) -> int:
    """The step of a grid that holds nearly all ticks: the commonest difference, or what divides all of them."""
    differences = np.diff(ticks)[np.diff(owner) == 0]
    sizes, counts = np.unique(differences[differences > 0], return_counts=True)
    if not len(sizes):
        raise TableError(
            "the frequency cannot be inferred: no series has two different times; "
            f"give it with --frequency or frequency=, such as {_EXAMPLES}"
        )
    total = counts.sum()
    commonest = int(sizes[np.argmax(counts)])
    divisor = gcd(*(int(size) for size in sizes))
    if divisor == commonest or counts[sizes == divisor].sum() >= 0.05 * total:
        return divisor
    if counts[sizes % commonest == 0].sum() >= 0.9 * total and counts.max() >= 0.5 * total:
        return commonest
    raise TableError(
        f"the frequency cannot be inferred: the times are not evenly spaced (the commonest of {total} differences "
        f"makes up {counts.max() / total:.0%}); give it with --frequency or frequency=, such as {_EXAMPLES}, "
        "or bring the table to even steps first"
    )

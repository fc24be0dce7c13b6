"""Time stamps that are numbers: calendar dates in digits, spreadsheet dates, epochs, years or plain counts."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foretell.errors import TableError
from foretell.tables.decimal_years import times_of_decimal_years
from foretell.tables.frequency_inference import filled_share
from foretell.tables.grids import SECOND, Times
from foretell.tables.iso_weeks import monday_of
from foretell.tables.parsed_times import ADVICE, ParsedTimes, refusal

_EPOCHS = {"seconds": 1_000_000.0, "milliseconds": 1_000.0, "microseconds": 1.0, "nanoseconds": 0.001}
YEAR_NAMES = re.compile(r"(?:^|[^a-z])(?:years?|yr|yyyy|jahr|ann[eé]e|a[nñ]o|anno)(?:[^a-z]|$)", re.IGNORECASE)
"""What a column of years is called."""
_DATE_NAMES = re.compile(
    r"date|datum|fecha|period|month|week|quarter|monat|woche|quartal|(?:^|[^a-z])(?:ds|dt|days?|tag|jour|d[ií]a)(?:[^a-z]|$)",
    re.IGNORECASE,
)
# Leaves room for what comes after it.
_LARGEST = 2**62
_COUNTING = "number the steps 0, 1, 2, ... or "
# Nearly all cells of a calendar: then the odd one is a mistake rather than a sign that they are counts.
_NEARLY = 0.9
# A reading by which the steps are filled so much better is the one that is meant.
_CLEARLY = 0.1
# So many of the smallest numbers tell how well the steps are filled.
_LOOKED_AT = 10_000
# 1982 to 2050.
_SERIALS = (30_000, 55_000)
_SERIAL_ZERO = np.datetime64("1899-12-30", "us")


@dataclass(frozen=True)
class _Calendar:
    """A way to write dates in digits."""

    words: str
    one: str
    """What a single number of it is called, with its article."""
    read: Callable[[NDArray[np.int64]], Times]
    """`datetime64[us]`, NaT for numbers that are no such date."""
    names: str
    """The names of columns that say that it is meant, as a pattern; a pattern that matches nothing if none do."""
    presumed: bool = True
    """Whether it is presumed where counts would fit as well."""

    def is_named(self, name: str) -> bool:
        """Whether a column's name says that this is meant."""
        return re.search(self.names, name, re.IGNORECASE) is not None


def _days(year: NDArray[np.int64], month: NDArray[np.int64], day: NDArray[np.int64]) -> Times:
    months = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + (day - 1)
    wrong = (month < 1) | (month > 12) | (day < 1) | (days >= (months + 1).astype("datetime64[D]"))
    return np.where(wrong | (year < 1800) | (year > 2200), np.datetime64("NaT"), days.astype("datetime64[us]"))


def _dates_and_clocks(places: int) -> Callable[[NDArray[np.int64]], Times]:
    def read(values: NDArray[np.int64]) -> Times:
        date, clock = np.divmod(values, 10**places)
        days = _days(date // 10_000, date // 100 % 100, date % 100)
        parts = clock * 10 ** (6 - places)
        hour, minute, second = parts // 10_000, parts // 100 % 100, parts % 100
        ticks = (hour * 3600 + minute * 60 + second) * SECOND
        wrong = (hour > 23) | (minute > 59) | (second > 59)
        return np.where(wrong, np.datetime64("NaT"), days + ticks.astype("timedelta64[us]"))

    return read


def _months(values: NDArray[np.int64]) -> Times:
    return _days(values // 100, values % 100, np.ones_like(values))


def _weeks(values: NDArray[np.int64]) -> Times:
    year = values // 100
    return np.where((year < 1900) | (year > 2100), np.datetime64("NaT"), monday_of(year, values % 100))


def _quarters(places: int) -> Callable[[NDArray[np.int64]], Times]:
    def read(values: NDArray[np.int64]) -> Times:
        year, quarter = np.divmod(values, 10**places)
        return _days(year, np.where((quarter >= 1) & (quarter <= 4), 3 * quarter - 2, 0), np.ones_like(values))

    return read


def _days_of_years(values: NDArray[np.int64]) -> Times:
    year, day = np.divmod(values, 1_000)
    first = _days(year, np.ones_like(year), np.ones_like(year))
    times = first + ((day - 1) * 86_400 * SECOND).astype("timedelta64[us]")
    return np.where(
        (day < 1) | (times.astype("datetime64[Y]") != first.astype("datetime64[Y]")), np.datetime64("NaT"), times
    )


def _short_dates(values: NDArray[np.int64]) -> Times:
    year = values // 10_000
    return _days(np.where(year < 69, 2000 + year, 1900 + year), values // 100 % 100, values % 100)


_NOTHING = "(?!)"
_WEEK = _Calendar("weeks as YYYYWW", "a week", _weeks, r"week|wk|kw|woche|semaine|semana|ww$", presumed=False)
_QUARTER_NAMES = r"quarter|qtr|quartal|trimest|q$"
# By the number of digits; of several that fit equally well, the first.
_CALENDARS = {
    5: [_Calendar("quarters as YYYYQ", "a quarter", _quarters(1), _QUARTER_NAMES, presumed=False)],
    6: [
        _Calendar("months as YYYYMM", "a month", _months, r"month|monat|mois|mes|yyyymm|ym$"),
        _Calendar("quarters as YYYYQQ", "a quarter", _quarters(2), _QUARTER_NAMES, presumed=False),
        _WEEK,
        _Calendar("dates as YYMMDD", "a date", _short_dates, "yymmdd", presumed=False),
    ],
    7: [_Calendar("dates as YYYYDDD", "a date", _days_of_years, r"julian|doy|yday|ddd$", presumed=False)],
    8: [_Calendar("dates as YYYYMMDD", "a date", _dates_and_clocks(0), _NOTHING)],
    # Of ten digits there are epochs too: those from 1970 to 2030 are less than 1900_01_01_00.
    10: [_Calendar("dates as YYYYMMDDHH", "a date", _dates_and_clocks(2), _NOTHING)],
    12: [_Calendar("dates as YYYYMMDDHHMM", "a date", _dates_and_clocks(4), _NOTHING)],
    14: [_Calendar("dates as YYYYMMDDHHMMSS", "a date", _dates_and_clocks(6), _NOTHING)],
}


def times_of_floats(
    values: NDArray[np.float64], name: str, rows: NDArray[np.int64], *, counts: bool = False
) -> ParsedTimes:
    """Numbers as times; `rows`: (R,) their rows in error messages. With `counts` they are counts, whatever they look
    like. Raises `TableError` for one that is neither a date nor a whole number."""
    large = np.abs(values) >= _LARGEST
    if large.any():
        raise _too_large(name, int(rows[np.argmax(large)]))
    finite = np.isfinite(values)
    low, high = (values.min(), values.max()) if finite.all() else (0.0, 0.0)
    if low >= 3e8 and high <= 4.2e9:
        return ParsedTimes((np.round(values * 1e6)).astype("datetime64[us]"), None, "seconds since 1970")
    whole = finite & (values == np.floor(np.where(finite, values, 0.0)))
    if not whole.all():
        if finite.all() and _SERIALS[0] <= low and high <= _SERIALS[1]:
            return _spreadsheet_dates(values, values[0])
        years = times_of_decimal_years(values) if finite.all() else None
        if years is not None:
            return years
        at = int(np.argmin(whole))
        raise refusal(f"{float(values[at])!r}", name, int(rows[at]), f"is not a whole number; {_COUNTING}{ADVICE}")
    return times_of_integers(values.astype(np.int64), name, rows, counts=counts)


def times_of_integers(
    values: NDArray[np.int64], name: str, rows: NDArray[np.int64], *, counts: bool = False
) -> ParsedTimes:
    """As `times_of_floats`, of whole numbers."""
    large = (values > _LARGEST) | (values < -_LARGEST)
    if large.any():
        raise _too_large(name, int(rows[np.argmax(large)]))
    plain = ParsedTimes(values.astype(np.int64), None, "integers")
    if counts or not len(values):
        return plain
    low, high = int(values.min()), int(values.max())
    digits = len(str(abs(int(np.median(values)))))
    found = _on_calendar(values, name, rows, _CALENDARS.get(digits, []))
    if found is not None:
        return found
    if low >= 1000 and high <= 2500 and YEAR_NAMES.search(name):
        return ParsedTimes((values - 1970).astype("datetime64[Y]").astype("datetime64[us]"), None, "years")
    if _SERIALS[0] <= low and high <= _SERIALS[1] and _are_serials(values, name):
        return _spreadsheet_dates(values, low)
    for unit, scale in _EPOCHS.items():
        # 1979 to 2103: long enough for data, short enough that no step counter lies in it by chance.
        if low * scale >= 3e14 and high * scale <= 4.2e15:
            ticks = values * int(scale) if scale >= 1 else values // 1000
            return ParsedTimes(ticks.astype("datetime64[us]"), None, f"{unit} since 1970")
    return plain


def _on_calendar(
    values: NDArray[np.int64], name: str, rows: NDArray[np.int64], calendars: list[_Calendar]
) -> ParsedTimes | None:
    """The reading by the calendar that is meant. Raises `TableError` for the odd number that is no date of it."""
    if not calendars:
        return None
    unique = np.unique(values)
    readings = [(calendar, calendar.read(unique)) for calendar in calendars]
    fitting = [(calendar, times) for calendar, times in readings if not np.isnat(times).any()]
    meant = next((calendar for calendar, _ in fitting if calendar.is_named(name)), None)
    if meant is None and len(calendars) == len(fitting) == 1 and calendars[0].presumed:
        meant = calendars[0]
    if meant is None and (fitting or any(np.isnat(times).mean() < 0.5 for _, times in readings)):
        as_counts = filled_share(unique[:_LOOKED_AT])
        shares = [filled_share(times[:_LOOKED_AT]) for _, times in fitting]
        best = int(np.argmax(shares)) if shares else -1
        for calendar, times in readings:
            if _nearly_fits(calendar, times, calendar.is_named(name), max(as_counts, *shares, 0.0)):
                at = int(np.argmax(np.isnat(calendar.read(values))))
                why = f"is not {calendar.one}, though nearly all others are {calendar.words}; mend or drop that row"
                raise refusal(str(values[at]), name, int(rows[at]), why)
        presumed = shares and (fitting[best][0].presumed or _DATE_NAMES.search(name))
        if shares and (shares[best] > as_counts or (shares[best] == as_counts and presumed)):
            meant = fitting[best][0]
    return None if meant is None else ParsedTimes(meant.read(values), None, meant.words)


def _nearly_fits(calendar: _Calendar, times: Times, named: bool, otherwise: float) -> bool:
    """Whether nearly all numbers are dates of a calendar, and even as such rather than by the best other reading."""
    wrong = np.isnat(times)
    few = wrong.mean() <= 1 - _NEARLY or (wrong.sum() == 1 and len(times) > 2 and calendar.presumed)
    if not few or not wrong.any():
        return False
    return named or filled_share(times[~wrong][:_LOOKED_AT]) > otherwise + _CLEARLY


def _are_serials(values: NDArray[np.int64], name: str) -> bool:
    """Whether a spreadsheet's serial dates are meant: by the name, or as they are even as dates and not as counts."""
    if _DATE_NAMES.search(name):
        return True
    unique = np.unique(values)[:_LOOKED_AT]
    return filled_share(_SERIAL_ZERO + _ticks_of_days(unique)) > filled_share(unique) + _CLEARLY


def _spreadsheet_dates(values: NDArray[np.int64] | NDArray[np.float64], example: float) -> ParsedTimes:
    times = _SERIAL_ZERO + _ticks_of_days(values)
    shown = str((_SERIAL_ZERO + _ticks_of_days(np.array([example])))[0].astype("datetime64[m]")).replace("T", " ")
    return ParsedTimes(
        times, None, "a spreadsheet's serial dates",
        f"Numbers such as {example:g} were read as serial dates of a spreadsheet ({example:g} is "
        f"{shown.removesuffix(' 00:00')}); give a whole number with --frequency if they are counts.",
    )  # fmt: skip


def _ticks_of_days(values: NDArray[np.int64] | NDArray[np.float64]) -> NDArray[np.timedelta64]:
    # To the second: five decimals of a day are what a spreadsheet shows.
    return (np.round(values * 86_400.0).astype(np.int64) * SECOND).astype("timedelta64[us]")


def _too_large(name: str, row: int) -> TableError:
    return TableError(
        f"the time stamp in column {name!r}, row {row + 2} (the header is row 1), is too large a number; "
        f"{_COUNTING}{ADVICE}"
    )

"""Time stamps written as text: the spellings that are understood, and the times that their parts make."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretell.tables.grids import SECOND, Times
from foretell.tables.iso_weeks import monday_of

# English, German, French, Spanish, Italian, Portuguese and Dutch, in full and as usually shortened.
_MONTHS = (
    "january jan januar jänner janvier janv enero ene gennaio gen janeiro januari",
    "february feb februar février févr fevr fév febrero febbraio fevereiro fev februari",
    "march mar märz mär mrz maerz mars marzo março marco maart mrt",
    "april apr avril avr abril abr aprile",
    "may mai mayo maggio mag maio mei",
    "june jun juni juin junio giugno giu junho",
    "july jul juli juillet juil julio luglio lug julho",
    "august aug août aout agosto ago augustus",
    "september sep sept septembre septiembre settembre setembro",
    "october oct oktober okt octobre octubre ottobre ott outubro",
    "november nov novembre noviembre novembro",
    "december dec dezember dez décembre déc diciembre dic dicembre dezembro",
)
_MONTH_NUMBERS = {name: i + 1 for i, names in enumerate(_MONTHS) for name in names.split()}
MONTH_NAMES = "|".join(sorted(_MONTH_NUMBERS, key=len, reverse=True))
"""The months' names as alternatives of a pattern."""
_ABBREVIATIONS = {
    "WET": 0, "WEST": 60, "BST": 60, "CET": 60, "CEST": 120, "EET": 120, "EEST": 180, "MSK": 180, "SAST": 120,
    "EST": -300, "EDT": -240, "CST": -360, "CDT": -300, "MST": -420, "MDT": -360, "PST": -480, "PDT": -420,
    "AKST": -540, "AKDT": -480, "HST": -600, "JST": 540, "KST": 540, "AWST": 480, "ACST": 570, "ACDT": 630,
    "AEST": 600, "AEDT": 660, "NZST": 720, "NZDT": 780, "Z": 0, "UTC": 0, "GMT": 0,
}  # fmt: skip

_ZONE = r"(?P<z>Z|[A-Z]{3,4}|(?:UTC|GMT)?[+-][0-9]{2}(?::?[0-9]{2})?)?"
_CLOCK = (
    r"(?:(?:[T,_:]|\s)\s?(?P<H>[0-9]{1,2})(?:[:h](?P<M>[0-9]{2})(?::(?P<S>[0-9]{2})(?:[.,](?P<f>[0-9]{1,9}))?)?)?h?"
    rf"\s*(?P<p>[AP]\.?M\.?)?\s*{_ZONE})?$"
)
_COMPACT_CLOCK = rf"T(?P<H>[0-9]{{2}}):?(?P<M>[0-9]{{2}})(?::?(?P<S>[0-9]{{2}}))?{_ZONE}$"
_WEEKDAY = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,?\s+)?"
_NAME = rf"(?P<b>{MONTH_NAMES})\.?"
_YEAR = r"(?P<y>[0-9]{4}|'?[0-9]{2})"
_FISCAL = rf"(?:(?P<F>FY)[ '-]?)?{_YEAR}"
_ST, _GAP = r"(?:st|nd|rd|th|\.)?", "[-/, ]{0,2}(?:de )?"
_QUARTER, _WEEK = r"(?:Q|QTR|Quarter)\.?", r"(?:W|WK|Week|KW|CW)\.?"
# What each spelling is called, and the groups it is made of: year, number of the year, month, day, quarter, half, ISO
# week and its day, day of the year, name of the month, whether a year is fiscal; or `a` and `c` where day and month may
# stand in either order.
_PATTERNS = {
    "ISO dates": rf"{_WEEKDAY}(?P<y>[0-9]{{4}})[-/.](?P<m>[0-9]{{1,2}})[-/.](?P<d>[0-9]{{1,2}})" + _CLOCK,
    "compact ISO date-times": r"(?P<y>[0-9]{4})-?(?P<m>[0-9]{2})-?(?P<d>[0-9]{2})" + _COMPACT_CLOCK,
    "day and month": rf"{_WEEKDAY}(?P<a>[0-9]{{1,2}})[-/.](?P<c>[0-9]{{1,2}})[-/.](?P<y>[0-9]{{4}}|[0-9]{{2}})"
    + _CLOCK,
    "year and month": r"(?P<y>[0-9]{4})(?:[-/: ]M?|\.?M)(?P<m>[0-9]{1,2})$",
    # With a point between them only where the year is plausible: 1.2345 and 4711.25 are decimals.
    "year and month with a point": r"(?P<y>(?:1[5-9]|2[01])[0-9]{2})\.(?P<m>[0-9]{1,2})$",
    "month and year with a point": r"(?P<m>[0-9]{1,2})\.(?P<y>(?:1[5-9]|2[01])[0-9]{2})$",
    # Without anything between them only where both are plausible: 90210 is a postal code.
    "compact years and months": r"(?P<y>(?:1[5-9]|2[01])[0-9]{2})(?P<m>0[1-9]|1[0-2])$",
    "month and year": r"(?P<m>[0-9]{1,2})[-/](?P<y>[0-9]{4})$",
    "year and quarter": rf"{_FISCAL}[-/:. ]{{0,3}}{_QUARTER}[-. ]?(?P<q>[1-4])$",
    "quarter and year": rf"{_QUARTER}[-. ]?(?P<q>[1-4])[-/:,. ]{{0,3}}(?:of )?{_FISCAL}$",
    "quarter's number and year": rf"(?P<q>[1-4]){_ST}[- ]?{_QUARTER}[-/:,. ]{{0,3}}(?:of )?{_FISCAL}$",
    "year and quarter's number": rf"{_FISCAL}[-/:. ]{{0,3}}(?P<q>[1-4])Q$",
    "year and half": rf"{_FISCAL}[-/:. ]{{0,3}}[HS](?P<h>[12])$",
    "half and year": rf"[HS](?P<h>[12])[-/:,. ]{{0,3}}{_FISCAL}$",
    "half's number and year": rf"(?P<h>[12])[HS][-/:,. ]{{0,3}}{_FISCAL}$",
    "ISO weeks": rf"(?P<y>[0-9]{{4}})[-/:. ]{{0,3}}{_WEEK}[-. ]?(?P<w>[0-9]{{1,2}})$",
    "ISO weeks and days": r"(?P<y>[0-9]{4})-?W(?P<w>[0-9]{2})-?(?P<u>[1-7])$",
    "week and year": rf"{_WEEK}[-. ]?(?P<w>[0-9]{{1,2}})[-/:,. ]{{1,3}}(?P<y>[0-9]{{4}})$",
    "years and their days": r"(?P<y>[0-9]{4})-(?P<o>[0-9]{3})$",
    "ranges of dates": r"(?P<y>[0-9]{4})-(?P<m>[0-9]{2})-(?P<d>[0-9]{2})/[0-9]{4}-[0-9]{2}-[0-9]{2}$",
    "fiscal years": r"(?P<F>FY)[ '-]?(?P<y>[0-9]{4}|[0-9]{2})$",
    "day, month's name and year": rf"{_WEEKDAY}(?P<d>[0-9]{{1,2}}){_ST}{_GAP}{_NAME}{_GAP}{_YEAR}" + _CLOCK,
    "month's name, day and year": rf"{_WEEKDAY}{_NAME}[-/ ](?P<d>[0-9]{{1,2}}){_ST},?[-/ ]\s*{_YEAR}" + _CLOCK,
    "month's name and year": rf"{_NAME}{_GAP}{_YEAR}$",
    "year and month's name": rf"(?P<y>[0-9]{{4}})[-/ ]?{_NAME}(?:[-/ ](?P<d>[0-9]{{1,2}}))?" + _CLOCK,
    "dates with the year last": rf"{_WEEKDAY}{_NAME}\s+(?P<d>[0-9]{{1,2}})\s+(?P<H>[0-9]{{1,2}}):(?P<M>[0-9]{{2}})"
    rf":(?P<S>[0-9]{{2}})\s*{_ZONE}\s+(?P<y>[0-9]{{4}})$",
}
# Months of years of two digits, and those of a textbook's tables, whose years are numbered from 1. Too much else looks
# like them: a column of them is one of times only if its name says so, and month follows month.
_OF_SHORT_YEARS = {
    "number of the year and month": r"(?P<n>[1-9][0-9]?)-(?P<m>0[1-9]|1[0-2])$",
    "number of the year and month's name": rf"(?P<n>[1-9][0-9]?)-{_NAME}$",
    "month and year of two digits": r"(?P<m>[0-9]{1,2})[-/](?P<y>[0-9]{2})$",
    "year of two digits and month": r"(?P<y>[0-9]{2})[-/](?P<m>[0-9]{1,2})$",
}
SPELLINGS = {words: "(?i)^" + pattern for words, pattern in {**_PATTERNS, **_OF_SHORT_YEARS}.items()}
"""What each spelling is called, and the pattern of its parts."""
DATES_WITHOUT_YEAR = re.compile(rf"(?i)^(?:[0-9]{{1,2}}{_ST}[-/ ]?)?(?:{MONTH_NAMES})\.?$")
"""Plainly a time, and yet none: a day and a month, or a month alone."""

NO_ZONE = -9999
_SHORT = 4_096
# Two-digit years are taken for a run of years that ends before this one.
_LATEST = 2040
_BEFORE_FIRST = 2000
"""The year before those that are only numbered."""
_NAT = np.datetime64("NaT")


def month_number(name: str) -> int | None:
    """The number of the month that is called so, in full or shortened; None if none is."""
    return _MONTH_NUMBERS.get(name.lower().removesuffix("."))


@cache
def _compiled(words: str) -> re.Pattern[str]:
    return re.compile(SPELLINGS[words])


def fits(cells: Sequence[str]) -> dict[str, int]:
    """How many of a few cells each spelling fits; of one that fits all, that alone."""
    counts = {}
    for words in SPELLINGS:
        match = _compiled(words).match
        counts[words] = sum(match(cell) is not None for cell in cells)
        if counts[words] == len(cells):
            return {words: len(cells)}
    return counts


def is_spelled(cell: str) -> bool:
    """Whether any spelling fits a cell."""
    return any(_compiled(words).match(cell) for words in _PATTERNS)


def settled(cells: pl.Series, words: str) -> str:
    """Return the spelling of months of short years by which month follows month, or the one that was taken."""
    if words not in _OF_SHORT_YEARS:
        return words
    follow = (other for other in _OF_SHORT_YEARS if not with_years(parts_of(cells, other), other)["y"].null_count())
    return next(follow, words)


def with_years(parts: pl.DataFrame, words: str) -> pl.DataFrame:
    """Return the parts of a spelling, year 1 as 2001; those of short years without them unless month follows month."""
    if words not in _OF_SHORT_YEARS:
        return parts
    numbered = "n" in parts.columns
    if numbered:
        first = "1" in parts["n"]
        parts = parts.with_columns(y=(pl.col("n").cast(pl.Int64) + _BEFORE_FIRST).cast(pl.String)).drop("n")
    steps = np.unique(np.diff(times_of_parts(parts.drop_nulls("y")).astype("datetime64[M]").astype(np.int64)))
    months_follow = (not numbered or first) and len(steps) == 1 and abs(steps[0]) == 1
    return parts if months_follow else parts.with_columns(y=pl.lit(None, pl.String))


def parts_of(cells: pl.Series, words: str) -> pl.DataFrame:
    """The groups of a spelling in each cell, null where it does not fit."""
    if len(cells) > _SHORT:
        return cells.str.extract_groups(SPELLINGS[words]).struct.unnest()
    # Compiling the pattern again, as polars does, takes longer than going through a few cells.
    pattern = _compiled(words)
    found = [pattern.match(cell) for cell in cells.to_list()]
    groups = {name: [match and match[name] for match in found] for name in pattern.groupindex}
    return pl.DataFrame(groups, schema=dict.fromkeys(groups, pl.String))


def times_of_parts(parts: pl.DataFrame) -> Times:
    """Times, `datetime64[us]` without their zone, from the groups of a spelling; NaT where they make no time."""
    present = parts["y"].is_not_null().to_numpy()
    year = years_of(parts["y"])
    if "w" in parts.columns:
        days: Times = monday_of(year, _numbers(parts, "w", 1)).astype("datetime64[D]") + (_numbers(parts, "u", 1) - 1)
    else:
        days = _days_of(parts, year)
    hour = _numbers(parts, "H", 0)
    wrong = ~present
    if "p" in parts.columns:
        half = parts["p"].str.to_lowercase().str.slice(0, 1)
        given, afternoon = half.is_not_null().to_numpy(), (half == "p").fill_null(False).to_numpy()
        wrong |= given & ((hour < 1) | (hour > 12))
        # Twelve o'clock begins each half of the day.
        hour = np.where(given, hour % 12 + 12 * afternoon, hour)
    minute, second, fraction = _numbers(parts, "M", 0), _numbers(parts, "S", 0), _fraction(parts)
    # The end of a day may be called 24:00.
    wrong |= (hour > 24) | (minute > 59) | (second > 59) | ((hour == 24) & (minute + second + fraction > 0))
    ticks = ((hour * 60 + minute) * 60 + second) * SECOND + fraction
    return np.where(wrong, _NAT, days.astype("datetime64[us]") + ticks.astype("timedelta64[us]"))


def years_of(column: pl.Series) -> NDArray[np.int64]:
    """Years of four digits or two; 1970 where missing. Those of two are one run of at most a hundred years."""
    digits = column.str.strip_chars("'")
    years = digits.cast(pl.Int64).fill_null(1970).to_numpy()
    short = (digits.str.len_chars() == 2).fill_null(False).to_numpy()
    if not short.any():
        return years
    within = np.unique(years[short])
    # The run begins after the widest stretch of the century without a year.
    after = int(np.argmax(np.diff(np.append(within[-1] - 100, within))))
    first, last = int(within[after]), int(within[after - 1])
    century = 2000 if 2000 + first + (last - first) % 100 < _LATEST else 1900
    return np.where(short, century + first + (years - first) % 100, years)


def _days_of(parts: pl.DataFrame, year: NDArray[np.int64]) -> NDArray[np.datetime64]:
    if "o" in parts.columns:
        years, ordinal = (year - 1970).astype("datetime64[Y]"), _numbers(parts, "o", 1)
        days = years.astype("datetime64[D]") + (ordinal - 1)
        return np.where((ordinal < 1) | (days.astype("datetime64[Y]") != years), _NAT, days)
    month, day = _numbers(parts, "m", 1), _numbers(parts, "d", 1)
    if "b" in parts.columns:
        names = parts["b"].str.to_lowercase()
        month = names.replace_strict(_MONTH_NUMBERS, default=0, return_dtype=pl.Int64).fill_null(0).to_numpy()
    for group, length in (("q", 3), ("h", 6)):
        if group in parts.columns:
            month = length * (_numbers(parts, group, 1) - 1) + 1
    months = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + (day - 1)
    wrong = (month < 1) | (month > 12) | (day < 1) | (days >= (months + 1).astype("datetime64[D]"))
    return np.where(wrong, _NAT, days)


def _numbers(parts: pl.DataFrame, group: str, default: int) -> NDArray[np.int64]:
    if group not in parts.columns:
        return np.full(len(parts), default, np.int64)
    return parts[group].cast(pl.Int64, strict=False).fill_null(default).to_numpy()


def _fraction(parts: pl.DataFrame) -> NDArray[np.int64]:
    """Microseconds."""
    if "f" not in parts.columns:
        return np.zeros(len(parts), np.int64)
    return parts["f"].fill_null("0").str.pad_end(6, "0").str.slice(0, 6).cast(pl.Int64).to_numpy()


def offset_minutes(zones: pl.Series) -> NDArray[np.int64]:
    """The offsets from UTC, in minutes, of words such as `Z`, `+02:00` or `CEST`; `NO_ZONE` for others."""
    text = zones.str.to_uppercase().str.replace(r"^(?:UTC|GMT)([+-])", "${1}").str.replace_all(":", "")
    digits = text.str.strip_chars("+-").str.pad_end(4, "0").cast(pl.Int64, strict=False)
    minutes = (digits // 100 * 60 + digits % 100) * text.str.starts_with("-").replace_strict({True: -1, False: 1})
    named = text.replace_strict(_ABBREVIATIONS, default=None, return_dtype=pl.Int64)
    return named.zip_with(named.is_not_null(), minutes).fill_null(NO_ZONE).to_numpy()

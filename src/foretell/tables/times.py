"""Time stamps of many spellings, read as instants or integers."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretell.errors import TableError
from foretell.tables.frequency import Frequency, Times
from foretell.tables.numerals import is_text, text_of

_CLOCK = (
    r"(?:(?:[T,]|\s)\s*(?P<H>[0-9]{1,2}):(?P<M>[0-9]{2})(?::(?P<S>[0-9]{2})(?:[.,](?P<f>[0-9]{1,9}))?)?"
    r"\s*(?P<p>[AaPp]\.?[Mm]\.?)?\s*(?P<z>Z|z|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?)?)?$"
)
_COMPACT_CLOCK = r"T(?P<H>[0-9]{2}):?(?P<M>[0-9]{2})(?::?(?P<S>[0-9]{2}))?(?P<z>Z|z|[+-][0-9]{2}(?::?[0-9]{2})?)?$"
_NAME = r"(?P<b>[A-Za-z]{3,9})\.?"
# What each spelling is called, and the groups it is made of: year, month, day, quarter, ISO week, month's name; or
# `a` and `c` where day and month may stand in either order.
_SPELLINGS = {
    "ISO dates": r"^(?P<y>[0-9]{4})[-/.](?P<m>[0-9]{1,2})[-/.](?P<d>[0-9]{1,2})" + _CLOCK,
    "compact ISO date-times": r"^(?P<y>[0-9]{4})-?(?P<m>[0-9]{2})-?(?P<d>[0-9]{2})" + _COMPACT_CLOCK,
    "day and month": r"^(?P<a>[0-9]{1,2})[-/.](?P<c>[0-9]{1,2})[-/.](?P<y>[0-9]{4}|[0-9]{2})" + _CLOCK,
    "year and month": r"^(?P<y>[0-9]{4})[-/.](?P<m>[0-9]{1,2})$",
    "month and year": r"^(?P<m>[0-9]{1,2})[-/.](?P<y>[0-9]{4})$",
    "year and quarter": r"^(?P<y>[0-9]{4})[-/ ]?[Qq](?P<q>[1-4])$",
    "quarter and year": r"^[Qq](?P<q>[1-4])[-/ ]?(?P<y>[0-9]{4})$",
    "ISO weeks": r"^(?P<y>[0-9]{4})-?[Ww](?P<w>[0-9]{1,2})$",
    "day, month's name and year": r"^(?P<d>[0-9]{1,2})[- ]" + _NAME + r"[-, ]+(?P<y>[0-9]{4})" + _CLOCK,
    "month's name, day and year": "^" + _NAME + r"[- ](?P<d>[0-9]{1,2}),?[- ]\s*(?P<y>[0-9]{4})" + _CLOCK,
    "month's name and year": "^" + _NAME + r"[-, ]+(?P<y>[0-9]{4})$",
    "year and month's name": r"^(?P<y>[0-9]{4})[- ]" + _NAME + r"(?:[- ](?P<d>[0-9]{1,2}))?" + _CLOCK,
}
_DAY_SHAPE, _SECOND_SHAPE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}", r"[0-9]{2}:[0-9]{2}:[0-9]{2}$"
# The commonest spellings by shape, read at once rather than part by part.
_QUICK = (
    (_DAY_SHAPE + "$", "%Y-%m-%d", "ISO dates"),
    (_DAY_SHAPE + " " + _SECOND_SHAPE, "%Y-%m-%d %H:%M:%S", "ISO dates and times"),
    (_DAY_SHAPE + "T" + _SECOND_SHAPE, "%Y-%m-%dT%H:%M:%S", "ISO dates and times"),
)
_MONTH_NUMBERS = {
    name: str(i + 1)
    for i, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split())  # noqa: SIM905
}
_EPOCHS = {"seconds": 1_000_000.0, "milliseconds": 1_000.0, "microseconds": 1.0, "nanoseconds": 0.001}
_TICKS_PER_DAY = {"ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}
# 0001-01-01 and 9999-12-31, from 1970-01-01.
_FIRST_DAY, _LAST_DAY = -719_162, 2_932_896
_YEAR_NAMES = re.compile(r"(?:^|[^a-z])(?:years?|yr|yyyy|jahr|ann[eé]e|a[nñ]o|anno)(?:[^a-z]|$)", re.IGNORECASE)
# Leaves room for what comes after it.
_LARGEST = 2**62
_ADVICE = "write dates such as 2001-01-31 or 2001-01-31 15:00"


@dataclass(frozen=True)
class ParsedTimes:
    """A column of time stamps, read."""

    values: Times
    """(R,) `datetime64[us]`, in UTC where there is a zone; or int64 for integer time."""
    zone: str | None
    """The zone that the stamps were given in, None for naive or integer time."""
    words: str
    """The spelling, in words."""
    assumed: str | None = None
    """What had to be assumed about the spelling, as a sentence."""


def time_share(column: pl.Series) -> float:
    """The share of a text column's present cells that are spelled like a time stamp."""
    text = text_of(column).drop_nulls()
    if not len(text):
        return 0.0
    return float(text.str.contains("|".join(f"(?:{_nameless(p)})" for p in _SPELLINGS.values())).sum()) / len(text)


def _nameless(pattern: str) -> str:
    return re.sub(r"\?P<\w>", "?:", pattern)


def parse_times(
    column: pl.Series, name: str, owner: NDArray[np.int64] | None = None, rows: NDArray[np.int64] | None = None
) -> ParsedTimes:
    """Read a column of time stamps: dates and times of any usual spelling, integers, or epochs.

    `owner`: (R,) which series each row belongs to, used where day and month could stand in either order; `rows`: (R,)
    the rows' numbers in error messages, counted from 0 below the header. Raises `TableError` that names row and value.
    """
    rows = np.arange(len(column)) if rows is None else rows
    owner = np.zeros(len(column), np.int64) if owner is None else owner
    text = text_of(column) if is_text(column) else column
    if text.null_count():
        row = rows[text.is_null().arg_max() or 0] + 2
        raise TableError(f"the time stamp in column {name!r} is missing in row {row} (the header is row 1); fill it in")
    dtype = column.dtype
    if dtype.is_temporal():
        check_range(column, name, rows)
    if dtype == pl.Date:
        return ParsedTimes(_microseconds(column), None, "dates")
    if isinstance(dtype, pl.Datetime):
        return ParsedTimes(_microseconds(column), dtype.time_zone, "dates and times")
    if dtype.is_float():
        return _from_floats(column.cast(pl.Float64).to_numpy(), name, rows)
    if dtype.is_integer():
        return _from_integers(column.cast(pl.Int64, strict=False), name, rows)
    if not is_text(column):
        raise TableError(f"column {name!r} holds {dtype} values, which are no time stamps; {_ADVICE}")
    if text.str.contains(r"^[+-]?[0-9]{1,18}$").all():
        return _from_integers(text.cast(pl.Int64), name, rows)
    return _from_text(text, name, owner, rows)


def check_range(column: pl.Series, name: str, rows: NDArray[np.int64]) -> None:
    """Raise `TableError` for a date outside the years 1 to 9999, where nothing can be computed or shown.

    `rows`: (R,) the rows' numbers, counted from 0 below the header. Columns of other types pass.
    """
    if column.dtype == pl.Date:
        per_day = 1
    elif isinstance(column.dtype, pl.Datetime):
        per_day = _TICKS_PER_DAY[column.dtype.time_unit]
    else:
        return
    days = column.to_physical() // per_day
    outside = ~days.is_between(_FIRST_DAY, _LAST_DAY).fill_null(True)
    if outside.any():
        at = int(outside.arg_max() or 0)
        raise TableError(
            f"column {name!r}, row {rows[at] + 2} (the header is row 1), holds a date outside the years 1 to 9999 "
            f"({int(days[at]):,} days from 1970-01-01); mend it, or drop that row"
        )


def _microseconds(column: pl.Series) -> NDArray[np.datetime64]:
    if column.dtype == pl.Datetime("us"):
        return column.to_numpy().astype("datetime64[us]")
    return (
        column.cast(pl.Datetime("us", getattr(column.dtype, "time_zone", None)))
        .to_physical()
        .to_numpy()
        .astype("datetime64[us]")
    )


def _too_large(name: str, row: int) -> TableError:
    return TableError(
        f"the time stamp in column {name!r}, row {row + 2} (the header is row 1), is too large a number; "
        f"number the steps 0, 1, 2, ... or {_ADVICE}"
    )


def _from_floats(values: NDArray[np.float64], name: str, rows: NDArray[np.int64]) -> ParsedTimes:
    large = np.abs(values) >= _LARGEST
    if large.any():
        raise _too_large(name, int(rows[np.argmax(large)]))
    whole = np.isfinite(values)
    low, high = (values.min(), values.max()) if whole.all() else (0.0, 0.0)
    if low >= 3e8 and high <= 4.2e9:
        return ParsedTimes((np.round(values * 1e6)).astype("datetime64[us]"), None, "seconds since 1970")
    whole &= values == np.floor(np.where(whole, values, 0.0))
    if not whole.all():
        at = int(np.argmin(whole))
        raise TableError(
            f"the time stamp {float(values[at])!r} in column {name!r}, row {rows[at] + 2} (the header is row 1), "
            f"is not a whole number; number the steps 0, 1, 2, ... or {_ADVICE}"
        )
    return _from_integers(pl.Series(values.astype(np.int64)), name, rows)


def _from_integers(column: pl.Series, name: str, rows: NDArray[np.int64]) -> ParsedTimes:
    large = ~column.is_between(-_LARGEST, _LARGEST).fill_null(False)
    if large.any():
        raise _too_large(name, int(rows[large.arg_max() or 0]))
    values = column.to_numpy()
    low, high = (int(values.min()), int(values.max())) if len(values) else (0, 0)
    for clock in ("", "HH", "HHMM", "HHMMSS"):
        # Of ten digits there are epochs too: those from 1970 to 2030 are less than 1900_01_01_00.
        scale = 10 ** len(clock)
        if low >= (1900_01_01 if clock else 1800_01_01) * scale and high < 2201_01_01 * scale:
            digits = column.cast(pl.String).str.pad_end(14, "0")
            dates = digits.str.to_datetime("%Y%m%d%H%M%S", strict=False, time_unit="us")
            if dates.null_count() == 0:
                return ParsedTimes(_microseconds(dates), None, f"dates as YYYYMMDD{clock}")
    if low >= 1800_01 and high <= 2200_12 and bool(np.all((values % 100 >= 1) & (values % 100 <= 12))):
        months = ((values // 100 - 1970) * 12 + values % 100 - 1).astype("datetime64[M]")
        return ParsedTimes(months.astype("datetime64[us]"), None, "months as YYYYMM")
    if low >= 1000 and high <= 2500 and _YEAR_NAMES.search(name):
        return ParsedTimes((values - 1970).astype("datetime64[Y]").astype("datetime64[us]"), None, "years")
    for unit, scale in _EPOCHS.items():
        # 1979 to 2103: long enough for data, short enough that no step counter lies in it by chance.
        if low * scale >= 3e14 and high * scale <= 4.2e15:
            ticks = values * int(scale) if scale >= 1 else values // 1000
            return ParsedTimes(ticks.astype("datetime64[us]"), None, f"{unit} since 1970")
    return ParsedTimes(values.astype(np.int64), None, "integers")


def _from_text(text: pl.Series, name: str, owner: NDArray[np.int64], rows: NDArray[np.int64]) -> ParsedTimes:
    for shape, pattern, words in _QUICK:
        if text.str.contains(shape).all():
            times = text.str.to_datetime(pattern, strict=False, time_unit="us")
            if times.null_count() == 0:
                return ParsedTimes(_microseconds(times), None, words)
    stamps = pl.DataFrame({"t": text}).with_row_index("i")
    unique = stamps.group_by("t", maintain_order=True).agg(pl.col("i").first())
    matches = {words: int(unique["t"].str.contains(_nameless(p)).sum()) for words, p in _SPELLINGS.items()}
    words = max(matches, key=lambda key: matches[key])
    parts = unique["t"].str.extract_groups(_SPELLINGS[words]).struct.unnest()
    readings = {words: parts}
    if "a" in parts.columns:
        readings = {
            "month/day/year": parts.rename({"a": "m", "c": "d"}),
            "day/month/year": parts.rename({"a": "d", "c": "m"}),
        }
        if text.str.contains(".", literal=True).any():
            # Dots are Europe's: there the day comes first unless something else settles it.
            readings = dict(reversed(readings.items()))
    read = {words: _assemble(reading) for words, reading in readings.items()}
    fewest = min(times.null_count() for times in read.values())
    if fewest:
        times = next(times for times in read.values() if times.null_count() == fewest)
        at = int(unique["i"][times.is_null().arg_max() or 0])
        how = f" beside {words}" if matches[words] else ""
        raise TableError(
            f"the time stamp {text[at]!r} in column {name!r}, row {rows[at] + 2} (the header is row 1), is not "
            f"understood{how}; {_ADVICE}"
        )
    read = {words: times for words, times in read.items() if times.null_count() == 0}
    zone, offset = _zone(parts, unique["i"], text, name, rows)
    spread = stamps.select("t").join(
        unique.select("t").with_columns(pl.Series(words, times) for words, times in read.items()),
        on="t", how="left", maintain_order="left",
    )  # fmt: skip
    values = {words: _microseconds(spread[words]) - np.timedelta64(offset, "m") for words in read}
    if len(values) == 1:
        words, only = next(iter(values.items()))
        return ParsedTimes(only, zone, words)
    words = max(values, key=lambda words: _regularity(values[words], owner))
    assumed = f"Dates such as {text[0]} fit both month/day/year and day/month/year; they were read as {words}."
    return ParsedTimes(values[words], zone, words, f"{assumed} Write them as 2001-01-31 to leave no doubt.")


def _assemble(parts: pl.DataFrame) -> pl.Series:
    """Times from their parts; null where the parts make no time."""
    if "w" in parts.columns:
        numbers = parts.select(pl.col("y", "w").cast(pl.Int64))
        fourth = (numbers["y"] - 1970).fill_null(0).to_numpy().astype("datetime64[Y]").astype("datetime64[D]") + 3
        monday = fourth - (fourth.astype(np.int64) + 3) % 7
        days = monday + 7 * (numbers["w"].fill_null(1).to_numpy() - 1)
        valid = numbers["w"].is_between(1, 53).fill_null(False)
        return pl.Series(days.astype("datetime64[us]")).zip_with(valid, pl.Series([None], dtype=pl.Datetime("us")))

    def part(key: str, default: str) -> pl.Expr:
        return pl.col(key).fill_null(default) if key in parts.columns else pl.lit(default, dtype=pl.String)

    present = parts.select(pl.col("y").is_not_null()).to_series()
    year = pl.col("y")
    century = pl.when(year.cast(pl.Int64) < 69).then(pl.lit("20")).otherwise(pl.lit("19"))
    year = pl.when(year.str.len_chars() == 2).then(century + year).otherwise(year)
    month = part("m", "1")
    if "b" in parts.columns:
        month = pl.col("b").str.to_lowercase().str.slice(0, 3).replace_strict(_MONTH_NUMBERS, default=None)
    if "q" in parts.columns:
        month = (pl.col("q").cast(pl.Int64) * 3 - 2).cast(pl.String)
    hour = part("H", "0").cast(pl.Int64)
    if "p" in parts.columns:
        half = part("p", "").str.to_lowercase().str.slice(0, 1)
        # Twelve o'clock begins each half of the day.
        hour = (
            pl.when(half == "").then(hour)
            .when(~hour.is_between(1, 12)).then(None)
            .otherwise(hour % 12 + pl.when(half == "p").then(12).otherwise(0))
        )  # fmt: skip
    text = pl.format(
        "{}-{}-{} {}:{}:{}.{}", year, month, part("d", "1"), hour, part("M", "0"), part("S", "0"), part("f", "0")
    )
    times = parts.select(text.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", strict=False, time_unit="us")).to_series()
    return times.zip_with(present, pl.Series([None], dtype=times.dtype))


def _zone(
    parts: pl.DataFrame, first: pl.Series, text: pl.Series, name: str, rows: NDArray[np.int64]
) -> tuple[str | None, int]:
    """The one zone of all stamps, and its offset in minutes."""
    if "z" not in parts.columns or parts["z"].null_count() == len(parts):
        return None, 0
    zones = parts["z"].str.to_uppercase().str.replace_all(":", "").replace(["Z", "UTC", "GMT"], ["+0000"] * 3)
    zones = zones.str.replace(r"^([+-][0-9][0-9])$", "${1}00").replace("-0000", "+0000")
    if zones.n_unique() > 1:
        other = int(zones.ne_missing(zones[0]).arg_max() or 0)
        one, two = int(first[0]), int(first[other])
        naive = zones[0] is None or zones[other] is None
        what = "some have a time zone and some have none" if naive else "they are in several time zones"
        raise TableError(
            f"the time stamps in column {name!r} cannot be compared, since {what}: {text[one]!r} in row "
            f"{rows[one] + 2}, {text[two]!r} in row {rows[two] + 2} "
            "(the header is row 1); convert all of them to one zone, such as UTC"
        )
    hours, minutes = int(zones[0][1:3]), int(zones[0][3:])
    sign = -1 if zones[0][0] == "-" else 1
    offset = sign * (60 * hours + minutes)
    # The zone database names offsets of whole hours, with the sign turned round; other offsets are shown in UTC.
    named = minutes == 0 and hours > 0 and -12 <= sign * hours <= 14
    return (f"Etc/GMT{-sign * hours:+d}" if named else "UTC"), offset


def _regularity(values: Times, owner: NDArray[np.int64]) -> tuple[float, float]:
    """How much of its grid a reading fills, then how nearly its rows are in order."""
    order = np.lexsort((values, owner))
    times, owners = values[order], owner[order]
    bounds = np.flatnonzero(np.diff(owners)) + 1
    steps = np.diff(values.astype(np.int64))[np.diff(owner) == 0]
    ordered = max(float(np.mean(steps >= 0)), float(np.mean(steps <= 0))) if len(steps) else 1.0
    try:
        series = np.split(times, bounds)
        numbers = np.split(Frequency.infer(series).positions(times)[0], bounds)
    except TableError:
        return 0.0, ordered
    filled = sum(len(np.unique(number)) for number in numbers)
    return round(filled / sum(int(number[-1] - number[0]) + 1 for number in numbers), 3), round(ordered, 3)

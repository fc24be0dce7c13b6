"""Time stamps of many spellings, read as instants or integers."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretell.errors import TableError
from foretell.tables.calendar_numbers import times_of_floats, times_of_integers
from foretell.tables.frequency_inference import filled_share
from foretell.tables.grids import Times
from foretell.tables.iso_times import all_iso, few_iso_times, is_iso, iso_times
from foretell.tables.numerals import is_text, text_of
from foretell.tables.parsed_times import ADVICE, ParsedTimes, refusal
from foretell.tables.time_spellings import (
    DATES_WITHOUT_YEAR,
    NO_ZONE,
    fits,
    is_spelled,
    offset_minutes,
    parts_of,
    settled,
    times_of_parts,
    with_years,
)
from foretell.tables.time_zones import zone_of_offsets

_TICKS_PER_DAY = {"ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}
# 0001-01-01 and 9999-12-31, from 1970-01-01.
_FIRST_DAY, _LAST_DAY = -719_162, 2_932_896
# From here to there, of which the first is when a step begins.
_FROM_TO = "^([^ ].{5,}?) +(?:-|\u2013|to|bis) +[^ ].{4,}$"
_SAMPLED = 200
_DIGITS = r"^[+-]?[0-9]{1,18}$"


def time_share(column: pl.Series) -> float:
    """The share of a text column's present cells that are spelled like a time stamp."""
    if all_iso(column) is not None:
        return 1.0
    cells = text_of(column).drop_nulls().to_list()
    if all(map(is_iso, cells)):
        return 1.0 if cells else 0.0
    return float(np.mean([is_spelled(cell) for cell in cells]))


def parse_times(
    column: pl.Series, name: str, owner: NDArray[np.int64] | None = None, rows: NDArray[np.int64] | None = None,
    *, counts: bool = False, day_first: bool | None = None,
) -> ParsedTimes:  # fmt: skip
    """Read a column of time stamps: dates and times of any usual spelling, integers, or epochs.

    `owner`: (R,) which series each row belongs to, used where day and month could stand in either order; `rows`: (R,)
    the rows' numbers in error messages, counted from 0 below the header. With `counts`, whole numbers are counts even
    where they look like dates. `day_first` says whether the day comes before the month where either could. Raises
    `TableError` that names row and value.
    """
    rows = np.arange(len(column)) if rows is None else rows
    owner = np.zeros(len(column), np.int64) if owner is None else owner
    few = few_iso_times(column) if is_text(column) else None
    if few is not None:
        return ParsedTimes(few[0], None, few[1])
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
        return times_of_floats(column.cast(pl.Float64).to_numpy(), name, rows, counts=counts)
    if dtype.is_integer():
        # What does not fit is too large in any case.
        return times_of_integers(
            column.cast(pl.Int64, strict=False).fill_null(2**63 - 1).to_numpy(), name, rows, counts=counts
        )
    if not is_text(column):
        raise TableError(f"column {name!r} holds {dtype} values, which are no time stamps; {ADVICE}")
    numbers = text.str.contains(_DIGITS)
    if numbers.all():
        return times_of_integers(text.cast(pl.Int64).to_numpy(), name, rows, counts=counts)
    if numbers.sum() > 0.5 * len(text):
        at = int(numbers.arg_min() or 0)
        why = f"stands among whole numbers such as {text[int(numbers.arg_max() or 0)]}; mend or drop that row"
        raise refusal(repr(text[at]), name, int(rows[at]), why)
    return _from_text(text, name, owner, rows, day_first)


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


def _from_text(
    text: pl.Series, name: str, owner: NDArray[np.int64], rows: NDArray[np.int64], day_first: bool | None
) -> ParsedTimes:
    iso = iso_times(text)
    if iso is not None:
        return ParsedTimes(_microseconds(iso[0]), None, iso[1])
    stamps = pl.DataFrame({"t": text}).with_row_index("i")
    unique = stamps.group_by("t", maintain_order=True).agg(pl.col("i").first()).with_row_index("u")
    cells, spelling, fitting = _spelled(unique["t"])
    parts = parts_of(cells, spelling)
    offsets = offset_minutes(parts["z"]) if "z" in parts.columns else np.full(len(parts), NO_ZONE)
    unknown = (offsets == NO_ZONE) & (parts["z"].is_not_null().to_numpy() if "z" in parts.columns else False)
    readings = {way: times_of_parts(reading) for way, reading in _readings(spelling, parts, text).items()}
    wrong = min((np.isnat(times) for times in readings.values()), key=np.sum) | unknown
    if wrong.any():
        at = int(np.argmax(wrong))
        raise _not_understood(text, int(unique["i"][at]), name, rows, spelling if fitting else None, parts[at])
    readings = {way: times for way, times in readings.items() if not np.isnat(times).any()}
    if len(readings) > 1 and day_first is not None:
        readings = {way: times for way, times in readings.items() if way.startswith("day") == day_first}
    zone, said = _zone(next(iter(readings.values())), offsets, unique["i"], text, name, rows)
    if zone is not None:
        readings = {way: times - offsets.astype("timedelta64[m]") for way, times in readings.items()}
    rejoined = stamps.select("t").join(unique.select("t", "u"), on="t", how="left", maintain_order="left")
    values = {way: times[rejoined["u"].to_numpy()] for way, times in readings.items()}
    best = max(values, key=lambda way: _regularity(values[way], owner)) if len(values) > 1 else next(iter(values))
    notes = [said] if said else []
    if len(values) > 1:
        first, second = values
        notes.append(f"Dates such as {text[0]} fit both {first} and {second}; they were read as {best}.")
        notes.append("Write them as 2001-01-31 to leave no doubt.")
    elif "n" in parts.columns:
        notes.append(f"Times such as {text[0]} were taken for the months of numbered years, and year 1 for 2001.")
    elif best == _TWO_YEARS:
        notes.append(f"Times such as {text[0]} were taken for a year that begins in the first of the two.")
    elif "F" in parts.columns and parts["F"].null_count() < len(parts):
        notes.append(f"Fiscal years and quarters such as {text[0]} were taken for those of the calendar.")
    return ParsedTimes(values[best], zone, best, " ".join(notes) or None)


def _spelled(cells: pl.Series) -> tuple[pl.Series, str, int]:
    """The cells, of ranges their beginnings; the spelling that fits most of a sample; and how many of it that is."""
    counts = fits(_sample(cells))
    if max(counts.values()) < len(_sample(cells)):
        beginnings = cells.str.extract(_FROM_TO, 1).fill_null("")
        of_ranges = fits(_sample(beginnings))
        if max(of_ranges.values()) > max(counts.values()):
            cells, counts = beginnings, of_ranges
    spelling = max(counts, key=lambda words: counts[words])
    return cells, settled(cells, spelling), counts[spelling]


def _sample(cells: pl.Series) -> list[str]:
    return cells.gather_every(max(1, len(cells) // _SAMPLED)).to_list()


def _readings(spelling: str, parts: pl.DataFrame, text: pl.Series) -> dict[str, pl.DataFrame]:
    """Return the ways to read the parts of a spelling, the most likely first."""
    if "a" in parts.columns:
        readings = {
            "month/day/year": parts.rename({"a": "m", "c": "d"}),
            "day/month/year": parts.rename({"a": "d", "c": "m"}),
        }
        # Dots are Europe's: there the day comes first unless something else settles it.
        return dict(reversed(readings.items())) if text.str.contains(".", literal=True).any() else readings
    if spelling == "year and month":
        numbers = parts.select(pl.col("y", "m").cast(pl.Int64))
        no_months = len(parts) > 2 or (numbers["m"] > 12).all()
        if no_months and ((numbers["y"] + 1) % 100 == numbers["m"]).all():
            # Such as 2010/11, which as months would be thirteen months apart.
            return {_TWO_YEARS: parts.drop("m")}
    return {spelling: with_years(parts, spelling)}


_TWO_YEARS = "years that begin in one and end in the next"


def _not_understood(
    text: pl.Series, at: int, name: str, rows: NDArray[np.int64], words: str | None, parts: pl.DataFrame
) -> TableError:
    stamp = text[at]
    why = f"is not understood{f' beside {words}' if words else ''}; {ADVICE}"
    week = parts["w"].item() if "w" in parts.columns else None
    if week is not None:
        why = f"is no week of that year, which has {52 if int(week) == 53 else '52 or 53'} weeks; mend that row"
    elif DATES_WITHOUT_YEAR.match(stamp):
        why = f"names no year; {ADVICE}"
    return refusal(repr(stamp), name, int(rows[at]), why)


def _zone(
    local: Times, offsets: NDArray[np.int64], first: pl.Series, text: pl.Series, name: str, rows: NDArray[np.int64]
) -> tuple[str | None, str | None]:
    """The zone of all stamps, None where they have none, and what had to be assumed about it."""
    without = offsets == NO_ZONE
    if without.all():
        return None, None
    if without.any():
        one, two = int(first[0]), int(first[int(np.argmax(without != without[0]))])
        raise TableError(
            f"the time stamps in column {name!r} cannot be compared, since some have a time zone and some have none: "
            f"{text[one]!r} in row {rows[one] + 2}, {text[two]!r} in row {rows[two] + 2} "
            "(the header is row 1); convert all of them to one zone, such as UTC"
        )
    zone = zone_of_offsets(local - offsets.astype("timedelta64[m]"), offsets)
    if zone is None:
        return "UTC", "The offsets from UTC are those of no one time zone, so times are shown in UTC."
    if np.all(offsets == offsets[0]):
        return zone, None
    return zone, f"The offsets from UTC change as clocks in {zone} do, so times are shown in that zone."


def _regularity(values: Times, owner: NDArray[np.int64]) -> tuple[float, float]:
    """How much of its grid a reading fills, then how nearly its rows are in order."""
    steps = np.diff(values.astype(np.int64))[np.diff(owner) == 0]
    ordered = max(float(np.mean(steps >= 0)), float(np.mean(steps <= 0))) if len(steps) else 1.0
    return filled_share(values, owner), round(ordered, 3)

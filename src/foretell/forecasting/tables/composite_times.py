"""Composite times: a time spread over several columns, such as year and month, or date and hour."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from foretell.errors import TableError
from foretell.forecasting.tables.cell_kinds import is_whole, present
from foretell.forecasting.tables.column_names import time_part
from foretell.forecasting.tables.composite_columns import joined_name, parts_of
from foretell.tables.numerals import is_text, text_of

_RANGES = {
    "year": (1000, 2500), "quarter": (1, 4), "month": (1, 12), "week": (1, 53), "day": (1, 31),
    "day of the year": (1, 366), "hour": (0, 24), "minute": (0, 59), "second": (0, 59),
}  # fmt: skip
_MONTHS = tuple("jan feb mar apr may jun jul aug sep oct nov dec".split())  # noqa: SIM905
_MONTH_SHAPE = r"(?i)^(?:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)[a-z]*\.?$"
_LETTER = {
    "quarter": r"(?i)^q\s*([0-9])", "month": r"(?i)^m([0-9])", "week": r"(?i)^(?:w|wk|kw|week)\s*([0-9])",
    "hour": r"(?i)^he?\s*([0-9])",
}  # fmt: skip
_CLOCK_SHAPE = r"^[0-9]{1,2}(?:[:.h][0-9]{2}){0,2}(?:[.,][0-9]+)?\s*(?:[AaPp]\.?[Mm]\.?)?$"
# Sets of parts that complete a year to a time, the finest first.
_FROM_YEAR = (("month", "day"), ("day of the year",), ("week",), ("month",), ("quarter",))


def spread_time(table: pl.DataFrame, names: Sequence[str], date: str | None) -> str | None:
    """Return the joint name of the columns among `names` that together give a time, from the year or the date down.

    `date`: the column of dates, None if there is none. Returns None if nothing is to be joined.
    """
    parts = {part: name for name in reversed(names) if name != date and (part := part_of_time(table, name)) is not None}
    clock = [parts[part] for part in ("hour", "minute") if part in parts] if "hour" in parts else []
    if date is not None:
        return joined_name((date, *clock)) if clock and not _has_clock(table[date]) else None
    if "year" not in parts:
        return None
    for finer in _FROM_YEAR:
        if all(part in parts for part in finer):
            below = [parts[part] for part in finer]
            return joined_name((parts["year"], *below, *(clock if finer[-1].startswith("day") else ())))
    return None


def part_of_time(table: pl.DataFrame, name: str) -> str | None:
    """Return the part of a time that a column holds, by its name and most of its cells."""
    part = time_part(name) if name in table.columns else None
    return part if part is not None and _fits(table[name], part) else None


def _fits(column: pl.Series, part: str) -> bool:
    if part == "hour" and column.dtype == pl.Time:
        return True
    if not (is_text(column) or is_whole(column)) or column.null_count() == len(column):
        return False
    low, high = _RANGES[part]
    cells = present(column)
    if is_text(column):
        if part == "month" and cells.str.contains(_MONTH_SHAPE).mean() == 1.0:
            return True
        if part == "hour" and not cells.str.contains(r"^[0-9]+$").all():
            return cells.str.contains(_CLOCK_SHAPE).mean() == 1.0
        cells = _number(cells, part)
    inside = cells.cast(pl.Float64, strict=False).is_between(low, high)
    # A single invalid cell, such as a month 13 for the year's total, gives an error that names its row.
    return int(inside.fill_null(False).sum()) >= 0.9 * len(cells) > 0


def _number(cells: pl.Series, part: str) -> pl.Series:
    return cells.str.replace(_LETTER[part], "$1") if part in _LETTER else cells


def _has_clock(column: pl.Series) -> bool:
    if isinstance(column.dtype, pl.Datetime):
        cells = column.drop_nulls()
        return bool((cells != cells.dt.truncate("1d")).any())
    return is_text(column) and bool(present(column).str.contains(":", literal=True).any())


def time_cells(table: pl.DataFrame, name: str) -> pl.Series:
    """Return the time of each row: one column's, or that of several as text such as `2024-01-31 15:00`.

    Raises `TableError` for a column that is not part of a time.
    """
    parts = parts_of(name, table.columns)
    if len(parts) == 1:
        return table[parts[0]]
    kinds = ["date" if i == 0 and time_part(p) != "year" else _said_part(p) for i, p in enumerate(parts)]
    cells = {kind: _cells(table[part], kind) for kind, part in zip(kinds, parts, strict=True)}
    frame = pl.DataFrame([column.alias(kind) for kind, column in cells.items()])
    if "day of the year" in cells:
        frame = _dated(frame)
    words = ["{}"]
    columns = ["date" if "date" in frame.columns else "year"]
    for kind, shape in (("quarter", "-Q{}"), ("month", "-{}"), ("week", "-W{}"), ("day", "-{}"), ("hour", " {}")):
        if kind in frame.columns:
            words.append(shape)
            columns.append(kind)
    if "minute" in frame.columns:
        frame = frame.with_columns(pl.col("hour").str.replace(r":00$", ""))
        words.append(":{}")
        columns.append("minute")
    return frame.select(pl.format("".join(words), *columns)).to_series().alias(name)


def ends_of_hours(table: pl.DataFrame, name: str) -> bool:
    """Return whether a joined time has hours from 1 to 24, which are numbered by their end."""
    return any(
        time_part(part) == "hour" and _hours_end(table[part])
        for part in parts_of(name, table.columns)[1:]
    )  # fmt: skip


def _said_part(name: str) -> str:
    part = time_part(name)
    if part is None:
        raise TableError(
            f"column {name!r} was named as part of the time, but its name does not say which part; rename it to year, "
            "quarter, month, week, day, hour or minute"
        )
    return part


def _hours_end(column: pl.Series) -> bool:
    if not is_whole(column):
        return False
    hours = column.cast(pl.Float64, strict=False)
    return hours.max() == 24 and hours.min() == 1


def _cells(column: pl.Series, kind: str) -> pl.Series:
    """Return the cells of one part as text of the usual width; invalid cells stay as they are."""
    if column.dtype.is_temporal() and column.dtype != pl.Time:
        return column.dt.strftime("%Y-%m-%d")
    if column.dtype == pl.Time:
        return column.dt.strftime("%H:%M:%S")
    if kind == "hour" and _hours_end(column):
        column = column.cast(pl.Float64).cast(pl.Int64) - 1
    if column.dtype.is_float():
        column = column.cast(pl.Int64, strict=False)
    text = text_of(column)
    if kind == "date":
        return text.str.replace(r"^([0-9]{4})([0-9]{2})([0-9]{2})$", "$1-$2-$3")
    if kind == "year":
        return text
    if kind == "month":
        number = (
            text.str.to_lowercase()
            .str.slice(0, 3)
            .replace_strict({month: f"{i + 1:02}" for i, month in enumerate(_MONTHS)}, default=None)
        )
        text = number.zip_with(text.str.contains(_MONTH_SHAPE).fill_null(False), text)
    text = _number(text, kind)
    if kind == "quarter":
        return text.str.replace(r"^0", "")
    if kind == "day of the year":
        return text
    if kind == "hour":
        text = text.str.replace_all(r"[.h]([0-9]{2})", ":$1")
    padded = text.str.replace(r"^([0-9])(?:$|(\D))", "0$1$2")
    return padded.str.replace(r"^([0-9]{2})(\s*[AaPp]\.?[Mm]\.?)?$", "$1:00$2") if kind == "hour" else padded


def _dated(frame: pl.DataFrame) -> pl.DataFrame:
    day = pl.col("day of the year").cast(pl.Int64, strict=False)
    date = pl.date(pl.col("year").cast(pl.Int32, strict=False), 1, 1) + pl.duration(days=day - 1)
    whole = date.dt.strftime("%Y-%m-%d")
    # A day beyond the year stays as it is, so that the error names its row.
    raw = pl.format("{} day {}", "year", "day of the year")
    return frame.with_columns(
        date=pl.when(date.dt.year().cast(pl.String) == pl.col("year")).then(whole).otherwise(raw)
    ).drop("year", "day of the year")

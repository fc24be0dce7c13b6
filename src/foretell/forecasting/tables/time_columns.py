"""Time columns: the column, or the columns together, that hold the times of a table."""

from __future__ import annotations

import re
from collections.abc import Sequence

import polars as pl

from foretell.errors import TableError
from foretell.forecasting.tables.cell_kinds import is_date, is_whole, present
from foretell.forecasting.tables.column_names import TIME_NAMES, usual_name
from foretell.forecasting.tables.composite_times import spread_time
from foretell.tables.decimal_years import times_of_decimal_years
from foretell.tables.numerals import is_text, read_numbers, text_of
from foretell.tables.time_spellings import MONTH_NAMES
from foretell.tables.times import parse_times

_SAMPLE = 2_000
_CALLED = re.compile(
    r"date|datum|fecha|week|woche|semaine|semana|month|monat|quarter|quartal|trimest|period|yyyy|epoch|unix|timestamp",
    re.IGNORECASE,
)
# In front of these letters, or behind them, the same may be a part of another word, such as candidate.
_WORD = re.compile(rf"(?:^|[^a-z]|year|calendar)(?:{_CALLED.pattern})s?(?:[^a-z]|time|$)", re.IGNORECASE)
_SHAPE = (
    rf"(?i)^.*(?:\b(?:{MONTH_NAMES})\b\D*[0-9]|[0-9]\D*\b(?:{MONTH_NAMES})\b|\b[0-9]{{1,2}}:[0-9]{{2}}\b"
    r"|(?:^|[^0-9.])(?:[0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}|[0-9]{1,2}[-/.][0-9]{1,2}[-/.](?:[0-9]{2}){1,2})(?:[^0-9.]|$))"
)
_CERTAIN = ("ds", "date", "datetime", "date_time", "timestamp")


def time_column(table: pl.DataFrame, names: Sequence[str]) -> str | None:
    """Return the column of time stamps among `names`, by type, spelling and name; None if there is none."""
    dates = [name for name in names if is_date(table[name])]
    if dates:
        typed = [name for name in dates if table[name].dtype.is_temporal()]
        likely = usual_name(typed, TIME_NAMES) or usual_name(dates, TIME_NAMES)
        return likely or (typed + dates)[0]
    name = usual_name(names, TIME_NAMES)
    if name and (name.lower() == "ds" or _counts(table[name])):
        return name
    counted = (n for n in names if "date" in n.lower() and _counts(table[n]))
    decimal = (n for n in names if is_decimal_year(table[n]))
    return next((n for n in names if is_time_like(table[n])), None) or next(decimal, None) or next(counted, None)


def joined_time(table: pl.DataFrame, names: Sequence[str], time: str | None) -> str | None:
    """Return the joint name of columns among `names` that together give the time, including `time` if it is not a date
    itself; None if one column is the whole time."""
    date = time if time is not None and (is_date(table[time]) or _is_day_number(table[time])) else None
    return spread_time(table, names, date)


def is_surely_time(table: pl.DataFrame, name: str) -> bool:
    """Return whether a column can only be the time: dates, or numbers called `ds` or `date`."""
    return is_date(table[name]) or name.strip().lower() in _CERTAIN


def _counts(column: pl.Series) -> bool:
    return is_whole(column) and not (column.dtype.is_float() and column.null_count() + column.is_nan().sum())


def _is_day_number(column: pl.Series) -> bool:
    """Return whether whole numbers are dates such as 20240131."""
    days = present(column).cast(pl.Int64, strict=False) if is_whole(column) else column.head(0)
    return len(days) > 0 and bool(days.is_between(1800_01_01, 2200_12_31).fill_null(False).all())


def is_time_like(column: pl.Series) -> bool:
    """Whether a column is meant as the time: numbers called so that make dates, or text called or shaped so.

    Reading it may still fail, with an error that names the cell.
    """
    if is_text(column):
        cells = text_of(column.head(_SAMPLE)).drop_nulls()
        numbers = read_numbers(cells)
        if not len(cells) or numbers.ambiguous or 2 * len(numbers.wrong) < len(cells):
            return False
        return _WORD.search(column.name) is not None or float(cells.str.contains(_SHAPE).sum()) > 0.5 * len(cells)
    if not column.dtype.is_integer() or column.null_count() or not _CALLED.search(column.name):
        return False
    try:
        return parse_times(column, column.name).values.dtype.kind == "M"
    except TableError:
        # The odd cell among dates, or what no number of steps can be.
        return True


def is_decimal_year(column: pl.Series) -> bool:
    """Return whether numbers are years with decimals, in a column that is called a time."""
    called = column.name.strip().lower() in TIME_NAMES or "year" in column.name.lower() or _CALLED.search(column.name)
    if not called or not column.dtype.is_float() or column.null_count() or not column.is_finite().all():
        return False
    return not is_whole(column) and times_of_decimal_years(column.to_numpy()) is not None

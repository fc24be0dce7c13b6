"""Columns that are plainly times, although no cell need be spelled in a way that is understood."""

from __future__ import annotations

import re

import polars as pl

from foretell.errors import TableError
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

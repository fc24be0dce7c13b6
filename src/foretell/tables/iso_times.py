"""ISO dates and times, the commonest spellings, read at once rather than part by part."""

from __future__ import annotations

import re

import numpy as np
import polars as pl

from foretell.tables.grids import Times

_DAY, _SECOND = "[0-9]{4}-[0-9]{2}-[0-9]{2}", "[0-9]{2}:[0-9]{2}:[0-9]{2}"
_SPELLINGS = (
    (_DAY, "%Y-%m-%d", "ISO dates"),
    (f"{_DAY} {_SECOND}", "%Y-%m-%d %H:%M:%S", "ISO dates and times"),
    (f"{_DAY}T{_SECOND}", "%Y-%m-%dT%H:%M:%S", "ISO dates and times"),
)
_ONE = re.compile(f"{_DAY}(?:[ T]{_SECOND})?").fullmatch
_LINES = tuple((re.compile(f"(?:{shape}\n)+").fullmatch, words) for shape, _, words in _SPELLINGS)
_FEW = 4_096
"""Cells up to which Python reads a column sooner than the threads of polars are awake."""


def is_iso(cell: str) -> bool:
    """Whether a cell is a date, or a date and a time, of the commonest spellings."""
    return _ONE(cell) is not None


def all_iso(column: pl.Series) -> str | None:
    """Return the spelling of a short column of text, in words, if all of its cells share it; otherwise None."""
    if not 0 < len(column) <= _FEW or column.null_count():
        return None
    lines = "\n".join(column.to_list()) + "\n"
    return next((words for match, words in _LINES if match(lines)), None)


def few_iso_times(column: pl.Series) -> tuple[Times, str] | None:
    """Return the times of a short column of text and their spelling, if `all_iso`; None too if one does not exist."""
    words = all_iso(column)
    if words is None:
        return None
    try:
        times = np.array(column.to_list(), dtype="datetime64[us]")
    except ValueError:
        return None
    return times, words


def iso_times(text: pl.Series) -> tuple[pl.Series, str] | None:
    """Return the times (Datetime) of a column of any length without blanks, and their spelling; None as above."""
    for shape, pattern, words in _SPELLINGS:
        if text.str.contains(f"^{shape}$").all():
            times = text.str.to_datetime(pattern, strict=False, time_unit="us")
            if times.null_count() == 0:
                return times, words
    return None

"""Types of the cells of a column, judged by the first of them."""

from __future__ import annotations

import polars as pl

from foretell.forecasting.covariates.word_spellings import are_flags
from foretell.tables.numerals import is_text, read_numbers, text_of
from foretell.tables.times import time_share

_SAMPLE = 2_000
_DAYS = (
    "mon", "monday", "tue", "tues", "tuesday", "wed", "wednesday", "thu", "thur", "thurs", "thursday", "fri",
    "friday", "sat", "saturday", "sun", "sunday", "weekday", "weekend", "workday", "holiday", "spring", "summer",
    "autumn", "fall", "winter", "morning", "afternoon", "evening", "night", "day", "am", "pm", "jan", "january",
    "feb", "february", "mar", "march", "apr", "april", "may", "jun", "june", "jul", "july", "aug", "august", "sep",
    "sept", "september", "oct", "october", "nov", "november", "dec", "december",
)  # fmt: skip


def present(column: pl.Series) -> pl.Series:
    """Return the first cells of a column that are not missing; text is stripped."""
    first = column.drop_nulls().head(_SAMPLE)
    return text_of(first).drop_nulls() if is_text(first) else first


def is_numeric(column: pl.Series) -> bool:
    """Return whether a column holds numbers, or text that is mostly numbers, so that other cells deserve an error."""
    if column.dtype.is_numeric():
        return True
    if not is_text(column):
        return False
    cells = present(column)
    if not len(cells):
        return False
    numbers = read_numbers(cells)
    return numbers.ambiguous or len(numbers.wrong) < 0.5 * len(cells)


def is_whole(column: pl.Series) -> bool:
    """Return whether all cells that are not missing are whole numbers, written as such or as `7.0`."""
    if column.dtype.is_integer():
        return True
    if column.dtype.is_float():
        cells = column.drop_nulls().drop_nans()
        return bool((cells == cells.floor()).all())
    cells = present(column) if is_text(column) else column.head(0)
    return len(cells) > 0 and bool(cells.str.contains(r"^[+-]?[0-9]+$").all())


def is_words(column: pl.Series) -> bool:
    """Return whether a column is text other than numbers, times, or yes and no."""
    if not is_text(column):
        return False
    cells = present(column)
    return (
        len(cells) > 0
        and not is_numeric(column)
        and not is_spelled_time(column)
        and not are_flags(cells.cast(pl.String).unique().to_list())
    )


def is_spelled_time(column: pl.Series) -> bool:
    """Return whether a column is text that mostly looks like time stamps."""
    return is_text(column) and time_share(column.head(_SAMPLE)) > 0.5


def is_date(column: pl.Series) -> bool:
    """Return whether a column holds times, by its type or by its spelling."""
    dtype = column.dtype
    return (dtype.is_temporal() and dtype not in (pl.Duration, pl.Time)) or is_spelled_time(column)


def tells_days(column: pl.Series) -> bool:
    """Return whether text names weekdays, months, seasons or parts of a day."""
    return is_text(column) and bool(present(column).str.to_lowercase().is_in(_DAYS).all())


def is_row_number(column: pl.Series) -> bool:
    """Return whether whole numbers count the rows from 0 or 1."""
    if not is_whole(column) or column.null_count():
        return False
    numbers = column.cast(pl.Int64, strict=False)
    first = numbers[0]
    return first in (0, 1) and bool((numbers == pl.int_range(first, first + len(numbers), eager=True)).all())

"""Cells of text become numbers where every one of a column is a number."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import polars as pl

from foretell.tables.numerals import (
    Decimal,
    has_decimal_comma,
    may_be_number,
    read_numbers,
    text_of,
    without_decimal_comma,
)

_CODE = r"^\s*[+-]?0[0-9]"
_UNTRIMMED = r"^\s|\s$|^$"
_OTHER_THAN_A_POINT = r",|\..*\."
"""What a number has whose decimal mark may be a comma: without it, there is no need for a closer look."""
_HEAD = 200


def is_code(column: pl.Series) -> bool:
    """Whether a leading zero shows that a column of digits holds names."""
    return bool(column.str.contains(_CODE).any())


def typed_columns(columns: list[pl.Series]) -> list[pl.Series]:
    """Int64 or Float64 where every present cell is a number and none has a leading zero, else text, null where empty.

    `NA` and the like are missing in columns of numbers, names elsewhere. A decimal comma that one column settles holds
    for the others.
    """
    final: list[pl.Series | None] = []
    decimal: Decimal | None = None
    for column in columns:
        plain = _plain(column)
        final.append(plain)
        if plain is None and decimal is None and not is_code(column):
            numbers = read_numbers(column)
            decimal = numbers.decimal if not len(numbers.wrong) else None
    comma: Decimal | None = "," if decimal == "," else None
    return [
        _read(column, comma) if plain is None or (comma and plain.dtype == pl.Float64) else plain
        for column, plain in zip(columns, final, strict=True)
    ]


def typed_rows(cells: pl.Series, width: int) -> list[pl.Series]:
    """What `typed_columns` makes of the columns of a table of which all `cells` are given, row by row.

    For all columns at once, since an expression for each of very many takes long.
    """
    names = [str(i) for i in range(width)]

    def everywhere(mask: pl.Series) -> Any:
        return np.all(mask.to_numpy().reshape(-1, width), axis=0)

    def columns(of: pl.Series) -> list[pl.Series]:
        return of.reshape((len(of) // width, width)).arr.to_struct(fields=names).struct.unnest().get_columns()

    bare, present = _stripped(cells), text_of(cells)
    whole, real = present.cast(pl.Int64, strict=False), present.cast(pl.Float64, strict=False)
    is_code = ~everywhere(~bare.str.contains(_CODE).fill_null(False))
    is_text = is_code | ~everywhere(may_be_number(bare).fill_null(True)) | everywhere(bare.is_null())
    # Where a word such as NA stands for a missing number, the column is of floats.
    is_whole = everywhere(whole.is_not_null() | bare.is_null()) & ~is_text
    is_real = everywhere(real.is_not_null() | present.is_null()) & ~is_text & ~is_whole
    odd = ~(is_text | is_whole | is_real)
    kinds = [(is_real, real), (is_whole, whole), (is_text, bare)]
    decimal: Decimal | None = None
    if settles_decimal_comma(bare.gather_every(width, i) for i in np.flatnonzero(odd).tolist()):
        decimal = ","
        with_comma = everywhere(has_decimal_comma(present).fill_null(True)) & (odd | is_real)
        kinds.append((with_comma, without_decimal_comma(present)))
        odd &= ~with_comma
    final = [pl.Series()] * width
    for kind, values in kinds:
        chosen = columns(values) if kind.any() else []
        for i in np.flatnonzero(kind).tolist():
            final[i] = chosen[i]
    for i in np.flatnonzero(odd).tolist():
        final[i] = _read(bare.gather_every(width, i).alias(names[i]), decimal)
    return final


def settles_decimal_comma(columns: Iterable[pl.Series]) -> bool:
    """Whether one of these columns of text settles that the decimal mark is a comma."""
    marked = (column for column in columns if column.str.contains(_OTHER_THAN_A_POINT).any())
    return any(
        numbers.decimal == "," and not len(numbers.wrong)
        for numbers in (read_numbers(column) for column in marked if not _is_text(column) and not is_code(column))
    )


def _plain(column: pl.Series) -> pl.Series | None:
    """The column where no closer look is needed: plain numbers, and text; None elsewhere."""
    if column.null_count() == len(column):
        return column
    if _is_text(column):
        return _stripped(column)
    for dtype in (pl.Int64, pl.Float64):
        numbers = column.cast(dtype, strict=False)
        if numbers.null_count() == column.null_count():
            return _stripped(column) if is_code(column) else numbers
    bare = _stripped(column)
    return None if bare is column else _plain(bare)


def _is_text(column: pl.Series) -> bool:
    """Whether one of the first cells shows that not all can be numbers."""
    head = column.head(_HEAD).drop_nulls()
    # What is plainly a number needs no closer look, which takes ten times as long.
    return bool(head.cast(pl.Float64, strict=False).null_count()) and not may_be_number(head).all()


def _read(column: pl.Series, decimal: Decimal | None) -> pl.Series:
    if is_code(column):
        return _stripped(column)
    numbers = read_numbers(column, decimal)
    return _stripped(column) if len(numbers.wrong) else pl.Series(column.name, numbers.values).fill_nan(None)


def _stripped(column: pl.Series) -> pl.Series:
    if not column.str.contains(_UNTRIMMED).any():
        return column
    stripped = column.str.strip_chars()
    return stripped.set(stripped == "", None)

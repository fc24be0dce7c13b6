"""Cells of text become numbers where every one of a column is a number."""

from __future__ import annotations

import polars as pl

from foretell.tables.numerals import Decimal, may_be_number, read_numbers

CODE = r"^\s*[+-]?0[0-9]"
"""How a cell of digits begins that is a name."""
_HEAD = 200


def is_code(column: pl.Series) -> bool:
    """Whether a leading zero shows that a column of digits holds names."""
    return bool(column.str.contains(CODE).any())


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


def settles_decimal_comma(columns: list[pl.Series]) -> bool:
    """Whether one of these columns of text settles that the decimal mark is a comma."""
    return any(
        numbers.decimal == "," and not len(numbers.wrong)
        for numbers in (read_numbers(column) for column in columns if not _is_text(column) and not is_code(column))
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
    return None if bare.equals(column) else _plain(bare)


def _is_text(column: pl.Series) -> bool:
    """Whether one of the first cells shows that not all can be numbers."""
    head = column.head(_HEAD).drop_nulls()
    return not may_be_number(head).all()


def _read(column: pl.Series, decimal: Decimal | None) -> pl.Series:
    if is_code(column):
        return _stripped(column)
    numbers = read_numbers(column, decimal)
    return _stripped(column) if len(numbers.wrong) else pl.Series(column.name, numbers.values).fill_nan(None)


def _stripped(column: pl.Series) -> pl.Series:
    stripped = column.str.strip_chars()
    return stripped.set(stripped == "", None)

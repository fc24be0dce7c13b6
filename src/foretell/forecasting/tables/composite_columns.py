"""Composite columns: several columns that together act as one, such as the parts of an id or of a time."""

from __future__ import annotations

from collections.abc import Container, Iterable

import polars as pl

from foretell.tables.numerals import is_text, text_of

SIGN = " + "


def joined_name(names: Iterable[str]) -> str:
    """Return the joint name of columns: `store + item`."""
    return SIGN.join(names)


def parts_of(name: str, columns: Container[str]) -> tuple[str, ...]:
    """Return the columns that a name stands for: itself, or those it joins; none if any of them does not exist."""
    if name in columns:
        return (name,)
    parts = tuple(part.strip() for part in name.split("+"))
    return parts if len(set(parts)) == len(parts) > 1 and all(part in columns for part in parts) else ()


def id_cells(table: pl.DataFrame, name: str) -> pl.Series:
    """Return the id of each row: one column's, or that of several as `north/tea`, without parts that are missing."""
    parts = parts_of(name, table.columns)
    if len(parts) == 1:
        return table[parts[0]]
    cells = [_as_words(table[part]).alias(str(i)) for i, part in enumerate(parts)]
    joined = pl.DataFrame(cells).select(pl.concat_str(pl.all(), separator="/", ignore_nulls=True)).to_series()
    return joined.set(joined == "", None).alias(name)


def _as_words(column: pl.Series) -> pl.Series:
    if column.dtype.is_float() and bool((column == column.floor()).fill_null(True).all()):
        return column.cast(pl.Int64, strict=False).cast(pl.String)
    return text_of(column) if is_text(column) else column.cast(pl.String)

"""Numbers written as text: missing-value marks, decimal commas and thousands separators."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

MISSING = ("", "na", "n/a", "#n/a", "<na>", "nan", "null", "none", "nat")
"""What stands for a missing value, in any case of letters."""

Decimal = Literal[".", ","]

_DECIMAL_COMMA = r"^[+-]?(?:(?:[1-9][0-9]{0,2}(?:\.[0-9]{3})+|[0-9]+)(?:,[0-9]+)?|,[0-9]+)(?:[eE][+-]?[0-9]+)?$"
_THOUSANDS_COMMA = r"^[+-]?(?:[1-9][0-9]{0,2}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?$"


@dataclass(frozen=True)
class Numbers:
    """A column read as numbers."""

    values: NDArray[np.float64]
    """(R,) NaN where missing or not a number."""
    wrong: NDArray[np.int64]
    """The indices of the cells that are neither numbers nor missing."""
    decimal: Decimal | None
    """The decimal mark, None where the cells do not settle it."""
    ambiguous: bool = False
    """Whether `1,234` might mean 1.234 as well as 1234; then every such cell is in `wrong`."""


def text_of(column: pl.Series) -> pl.Series:
    """The column as text without blanks around it, null where a cell is missing."""
    text = column.cast(pl.String).str.strip_chars()
    return text.to_frame("t").select(pl.when(~pl.col("t").str.to_lowercase().is_in(MISSING)).then("t"))["t"]


def is_text(column: pl.Series) -> bool:
    """Whether a column holds strings, plain or categorical."""
    return column.dtype in (pl.String, pl.Categorical, pl.Enum)


def read_numbers(column: pl.Series, decimal: Decimal | None = None) -> Numbers:
    """The column as float64; `decimal` says what the rest of the file has settled."""
    none = np.empty(0, np.int64)
    if column.dtype.is_numeric() or column.dtype in (pl.Boolean, pl.Null):
        numbers = column.cast(pl.Float64)
        return Numbers((numbers.fill_null(np.nan) if numbers.null_count() else numbers).to_numpy(), none, None)
    text = text_of(column) if is_text(column) else column.cast(pl.String, strict=False)
    plain = text.cast(pl.Float64, strict=False)
    if plain.null_count() == text.null_count() and decimal != ",":
        return Numbers(plain.fill_null(np.nan).to_numpy(), none, None)
    with_comma = text.str.contains(_DECIMAL_COMMA).fill_null(False)
    with_thousands = text.str.contains(_THOUSANDS_COMMA).fill_null(False)
    counts = {".": plain.len() - plain.null_count(), ",": int(with_comma.sum()), "t": int(with_thousands.sum())}
    if decimal == "," and counts[","] == text.len() - text.null_count():
        style = ","
    elif max(counts.values()) == counts["."]:
        style = "."
    elif counts[","] == counts["t"]:
        wrong = (plain.is_null() & text.is_not_null()).arg_true().to_numpy().astype(np.int64)
        return Numbers(plain.fill_null(np.nan).to_numpy(), wrong, None, ambiguous=True)
    else:
        style = "," if counts[","] > counts["t"] else "t"
    if style == ",":
        bare = text.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
        read = bare.zip_with(with_comma, pl.Series([None], dtype=pl.String)).cast(pl.Float64, strict=False)
    elif style == "t":
        bare = text.str.replace_all(",", "", literal=True)
        read = bare.zip_with(with_thousands, pl.Series([None], dtype=pl.String)).cast(pl.Float64, strict=False)
    else:
        read = plain
    wrong = (read.is_null() & text.is_not_null()).arg_true().to_numpy().astype(np.int64)
    return Numbers(read.fill_null(np.nan).to_numpy(), wrong, "," if style == "," else ".")

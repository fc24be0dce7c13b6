"""Yes and no, in the spellings that files and languages give them."""

from __future__ import annotations

import polars as pl

_TRUE = ("true", "t", "yes", "y", "on")
_FALSE = ("false", "f", "no", "n", "off")


def are_flags(cells: pl.Series) -> bool:
    """Whether all present cells say yes or no in words, in any case of letters."""
    return bool(_small(cells).is_in(_TRUE + _FALSE).all())


def _small(cells: pl.Series) -> pl.Series:
    return cells.drop_nulls().cast(pl.String).str.strip_chars().str.to_lowercase()

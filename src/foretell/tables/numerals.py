"""Numbers written as text: missing-value marks, decimal commas and thousands separators."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

MISSING = ("", "na", "n/a", "#n/a", "<na>", "nan", "null", "none", "nat")
"""What stands for a missing value, in any case of letters."""
_LONGEST_MISSING = max(map(len, MISSING))

_MARKS = (
    ".", "..", "...", "-", "--", "---", "\u2013", "\u2014", "?", ":", "*", "**", "***", "****", "\\n", "#div/0!",
    "#value!", "#ref!", "#num!", "#name?", "#null!",
)  # fmt: skip
"""What stands for a missing value among numbers."""

Decimal = Literal[".", ","]

_DECIMAL_COMMA = r"^[+-]?(?:(?:[1-9][0-9]{0,2}(?:\.[0-9]{3})+|[0-9]+)(?:,[0-9]+)?|,[0-9]+)(?:[eE][+-]?[0-9]+)?$"
_THOUSANDS_COMMA = (
    r"^[+-]?(?:[1-9][0-9]{0,2}(?:,[0-9]{3})+|[1-9][0-9]?(?:,[0-9]{2})+,[0-9]{3}|[0-9]+)(?:\.[0-9]*)?"
    r"(?:[eE][+-]?[0-9]+)?$"
)
# Spaces of any width, or apostrophes, between groups of three digits.
_GROUPED = r"^[+-]?[1-9][0-9]{0,2}(?:[\s'\u2019][0-9]{3})+(?:[.,][0-9]*)?$"
_GROUP_MARK = r"[\s'\u2019]"
_CURRENCY = (
    r"(?:[A-Z]{0,3}\p{Sc}|USD|EUR|GBP|JPY|CHF|AUD|CAD|NZD|CNY|RMB|INR|BRL|RUB|ZAR|SEK|NOK|DKK|PLN|CZK|HUF|TRY|KRW|MXN"
    r"|SGD|HKD|ILS|kr\.?|z\u0142|K\u010d|Ft|Fr\.?|Rs\.?|%)"
)
# A sign, a currency before the number or one after it; brackets around a negative one are gone by then.
_ADORNED = rf"^([+-]?)\s*({_CURRENCY})?\s*([+-]?)\s*([0-9.,](?:[0-9.,'\u2019\s]*[0-9.,])?)\s*({_CURRENCY})?$"
_NUMBER = (
    rf"^\(?\s*[+\u2212\u2013-]?\s*{_CURRENCY}?\s*[+-]?\s*[0-9.,][0-9.,'\u2019\s]*(?:[eE][+-]?[0-9]+)?"
    rf"\s*{_CURRENCY}?\s*\)?$"
)
_ENDLESS = tuple(sign + word for sign in ("", "+", "-") for word in ("inf", "infinity", "nan"))
_BRACKETED = r"^\((.*[0-9].*)\)$"
_MINUS = "[\u2212\u2013]"


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
    if not (text.str.len_bytes() <= _LONGEST_MISSING).any():
        return text
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
    money = False
    if plain.null_count() > text.null_count():
        text, money = _bare(text)
        plain = text.cast(pl.Float64, strict=False)
    with_comma = has_decimal_comma(text).fill_null(False)
    with_thousands = text.str.contains(_THOUSANDS_COMMA).fill_null(False)
    counts = {".": plain.len() - plain.null_count(), ",": int(with_comma.sum()), "t": int(with_thousands.sum())}
    if decimal == "," and counts[","] == text.len() - text.null_count():
        style = ","
    elif max(counts.values()) == counts["."]:
        style = "."
    elif counts[","] == counts["t"] and money:
        # No currency has three decimals.
        style = "t"
    elif counts[","] == counts["t"]:
        wrong = (plain.is_null() & text.is_not_null()).arg_true().to_numpy().astype(np.int64)
        return Numbers(plain.fill_null(np.nan).to_numpy(), wrong, None, ambiguous=True)
    else:
        style = "," if counts[","] > counts["t"] else "t"
    if style == ",":
        read = without_decimal_comma(text.zip_with(with_comma, pl.Series([None], dtype=pl.String)))
    elif style == "t":
        bare = text.str.replace_all(",", "", literal=True)
        read = bare.zip_with(with_thousands, pl.Series([None], dtype=pl.String)).cast(pl.Float64, strict=False)
    else:
        read = plain
    wrong = (read.is_null() & text.is_not_null()).arg_true().to_numpy().astype(np.int64)
    return Numbers(read.fill_null(np.nan).to_numpy(), wrong, "," if style == "," else ".")


def has_decimal_comma(text: pl.Series) -> pl.Series:
    """Which cells are numbers if the decimal mark is a comma; null where the text is."""
    return text.str.contains(_DECIMAL_COMMA)


def without_decimal_comma(text: pl.Series) -> pl.Series:
    """Numbers with a decimal comma, and points between thousands if any, as Float64; null where there is no number."""
    return (
        text.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True).cast(pl.Float64, strict=False)
    )


def is_absent(cell: str) -> bool:
    """Whether a cell stands for a missing number."""
    return cell.strip().lower() in (*MISSING, *_MARKS)


def may_be_number(text: pl.Series) -> pl.Series:
    """Which cells may be numbers in some spelling, or missing; the others are wrong in any column of numbers."""
    bare = text.str.strip_chars()
    return bare.str.contains(_NUMBER) | bare.str.to_lowercase().is_in((*MISSING, *_MARKS, *_ENDLESS))


def _bare(text: pl.Series) -> tuple[pl.Series, bool]:
    """Numbers without their currency, percent sign and marks between groups of digits, null for a mark of absence; and
    whether there was a currency."""
    money = False
    digits = text.str.contains("[0-9]")
    if digits.any():
        text = text.set(text.str.to_lowercase().is_in(_MARKS).fill_null(False), None)
    text = text.str.replace(f"^{_MINUS}", "-").str.replace(_BRACKETED, "-$1")
    parts = text.str.extract_groups(_ADORNED).struct.unnest()
    sign, before, second, number, after = (parts.to_series(i).fill_null("") for i in range(5))
    adornment = before + after
    kinds = adornment.filter(adornment != "").value_counts(sort=True)
    if len(kinds):
        usual = kinds.to_series(0)[0]
        money = usual != "%"
        # A share beside a number without its sign may be a hundred times as much.
        everywhere = money or bool(((adornment == "%") | text.is_null()).all())
        signs = sign + second
        plain = (adornment == usual) & (signs.str.len_chars() < 2) & everywhere
        text = (signs + number).zip_with(plain, text)
    grouped = text.str.contains(_GROUPED).fill_null(False)
    return text.str.replace_all(_GROUP_MARK, "").zip_with(grouped, text) if grouped.any() else text, money

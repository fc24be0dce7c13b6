"""How numbers, times and names are written in a report."""

from __future__ import annotations

import html
import math
import re

import numpy as np

from foretell.forecasting.report.content import Floats, Times

THIN = "\N{NARROW NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"
TIMES = "\N{MULTIPLICATION SIGN}"
DASH = "\N{EN DASH}"

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
# Characters that XML forbids, lone surrogates (not UTF-8), and the controls that HTML calls an error.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")


def printable(text: str) -> str:
    """The text with each character that XML or UTF-8 cannot hold replaced by U+FFFD; carriage returns become spaces."""
    return _UNPRINTABLE.sub("\ufffd", text).replace("\r", " ")


def escape(text: str) -> str:
    """The text made harmless in HTML and XML, both between tags and in a quoted attribute."""
    return html.escape(printable(text), quote=True)


def power_of_ten(exponent: int) -> str:
    """10 to the `exponent`, such as 10⁻³."""
    return "10" + str(exponent).translate(_SUPERSCRIPTS)


def number(value: float, digits: int = 3) -> str:
    """The value to `digits` significant digits, whole numbers in full and grouped by thin spaces, NaN as a dash."""
    if math.isnan(value):
        return DASH
    if math.isinf(value):
        return "∞" if value > 0 else MINUS + "∞"
    if value == 0:
        return "0"
    magnitude = math.floor(math.log10(abs(value)))
    if not -4 <= magnitude < 12:
        mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
        return f"{mantissa.replace('-', MINUS)}{THIN}{TIMES}{THIN}{power_of_ten(int(exponent))}"
    return fixed(value, max(0, digits - 1 - magnitude))


def plain(value: float) -> str:
    """A round number without the zeros at its end: a tick, or a setting such as 1 or 0.5."""
    text = number(value, 6)
    return text.rstrip("0").rstrip(".") if "." in text and TIMES not in text else text


def fixed(value: float, decimals: int) -> str:
    """The value with so many decimals, grouped in thousands by thin spaces from 10 000 on; minus zero is zero."""
    text = f"{value:,.{decimals}f}"
    if abs(value) < 9999.5:
        text = text.replace(",", "")
    if text.startswith("-"):
        text = MINUS + text[1:] if text.strip("-0.,") else text[1:]
    return text.replace(",", THIN)


def percent(share: float, decimals: int = 0) -> str:
    """A share (1 is all) in percent; NaN as a dash."""
    return DASH if math.isnan(share) else f"{fixed(100 * share, decimals)}{THIN}%"


def difference(share: float) -> str:
    """A relative change, -0.1 being a tenth less, with its sign in percent; "same" where that rounds to nothing."""
    if round(abs(share) * 100) == 0:
        return "same"
    return f"{'+' if share > 0 else MINUS}{percent(abs(share))}"


def count(amount: int, noun: str, plural: str | None = None) -> str:
    """`amount` of a thing: "1 step", "14 steps"."""
    return f"{fixed(amount, 0)} {noun if amount == 1 else plural or noun + 's'}"


def column(values: Floats) -> list[str]:
    """Each value with the same decimals, four significant digits at the largest."""
    finite = np.abs(values[np.isfinite(values)])
    largest = float(finite.max(initial=0.0))
    magnitude = math.floor(math.log10(largest)) if largest > 0 else 0
    if not -4 <= magnitude < 12:
        return [number(float(value), 4) for value in values]
    decimals = max(0, 3 - magnitude)
    return [fixed(float(value), decimals) if math.isfinite(value) else number(float(value)) for value in values]


def moments(times: Times) -> list[str]:
    """Each time as ISO text no longer than they need: dates, or with minutes, seconds or microseconds."""
    if times.dtype.kind != "M":
        return [fixed(int(time), 0) for time in times]
    exact = times.astype("datetime64[us]")
    for unit in ("D", "m", "s"):
        if (exact == exact.astype(f"datetime64[{unit}]")).all():
            return [text.replace("T", " ") for text in np.datetime_as_string(exact, unit=unit).tolist()]
    return [text.replace("T", " ") for text in np.datetime_as_string(exact, unit="us").tolist()]

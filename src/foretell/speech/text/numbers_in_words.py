"""Numbers in words, by num2words."""

from __future__ import annotations

import re
from typing import Any

from foretell.errors import TextError
from foretell.optional import load
from foretell.speech.text.languages import base, language_of
from foretell.speech.text.words_for_signs import SignWords

_MOST_DIGITS = 15
"""A longer number is read digit by digit, as one reads a number that stands for no amount."""
# The languages that write numbers as one long word, of whose parts a dictionary knows more than of the whole.
_PARTS = {
    "de": "hundert tausend und zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig dreizehn vierzehn "
    "fünfzehn sechzehn siebzehn achtzehn neunzehn",
    "it": "cento mila mille milioni venti trenta quaranta cinquanta sessanta settanta ottanta novanta",
}
_PURPOSE = "reads numbers out"


def cardinal(number: int | str, language: str) -> str:
    """Return a whole number in words."""
    digits = str(number)
    if len(digits) > _MOST_DIGITS or (digits[0] == "0" and len(digits) > 1):
        return " ".join(_in_words(int(digit), language) for digit in digits if digit.isdigit())
    return _in_words(int(digits), language)


def ordinal(number: int, language: str) -> str:
    """Return a number as an ordinal in words."""
    # The ending belongs to the last part: vierzehn te.
    return re.sub(r" (s?te)$", r"\1", _in_words(number, language, to="ordinal"))


def year(number: int, language: str) -> str:
    """Return a year in words: nineteen ninety-nine."""
    if base(language) == "en" and 2001 <= number <= 2009:
        return f"two thousand {_in_words(number - 2000, language)}"
    return _in_words(number, language, to="year") if base(language) in ("en", "de") else _in_words(number, language)


def decimal(whole: str, digits: str, language: str, words: SignWords) -> str:
    """Return a number with a decimal part in words; zeros before it and the digits after the point one by one."""
    after = digits if base(language) in ("en", "de") or digits[:1] == "0" or len(digits) > 2 else ""
    spoken = " ".join(cardinal(digit, language) for digit in after) or cardinal(digits, language)
    return f"{cardinal(whole or '0', language)} {words.point} {spoken}"


def _in_words(number: int, language: str, to: str = "cardinal") -> str:
    package: Any = load("num2words", _PURPOSE, "speech")
    try:
        words: str = package.num2words(number, lang=base(language), to=to)
    except NotImplementedError as error:
        name = language_of(language).name
        raise TextError(f"the number {number} cannot be read out in {name}: write it in words") from error
    words = words.replace(", ", " ")
    if base(language) == "en":
        words = words.replace("-", " ")
    if base(language) not in _PARTS:
        return words
    parts = sorted(_PARTS[base(language)].split(), key=len, reverse=True)
    return " ".join(re.sub(rf"({'|'.join(parts)})", r" \1 ", words).split())

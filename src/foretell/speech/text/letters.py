"""Which letters a language writes, and what no one can read out: text is checked before it is turned into phonemes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from foretell.errors import TextError
from foretell.speech.text.languages import LATIN, language_of

_ASIDE = frozenset("\u200b\u200c\u200d\u2060\ufeff\u00ad\ufe0e\ufe0f\u200e\u200f")
"""Characters without a width or a sound."""
_WORD = re.compile(r"[^\W\d_]+(?:[\u0300-\u036f]*[^\W\d_]*)*")
_PUNCTUATION = {
    **dict.fromkeys("‘’‛ʼ′`´", "'"),
    **dict.fromkeys("“”„‟«»‹›″「」『』《》", '"'),
    **dict.fromkeys("‐‑", "-"),
    **dict.fromkeys("–―−⸺", "—"),
    **dict.fromkeys("。｡", ". "),
    **dict.fromkeys("、，،", ", "),
    **dict.fromkeys("؛；", "; "),
    **dict.fromkeys("؟？", "? "),
    "！": "! ",
    "：": ": ",
    "¿": " ",
    "¡": " ",
    "\u2028": "\n",
    "\u2029": "\n",
}
_NUMBERS_MINUS = re.compile(r"(?<![\w—])[−–](?=\d)")


def plain(text: str) -> str:
    """Return text in the spelling that what follows expects: one kind of quotation mark, hyphen, dash, space and digit.

    Letters and numbers that are only printed otherwise (ﬁ, ２, ½) become plain ones.
    """
    text = _NUMBERS_MINUS.sub("-", text)
    text = "".join(_PUNCTUATION.get(c, c) for c in text if c not in _ASIDE)
    if text.isascii():
        return text
    kept = (c if c in "…ºª№" else " " if c.isspace() and c != "\n" else _compatible(c) for c in text)
    return unicodedata.normalize("NFC", "".join(kept))


def require_alphabet(text: str, language: str, where: str = "") -> None:
    """Raise TextError where a word of the text is in another alphabet than the language's, naming it.

    Words in Latin letters are common in texts of other alphabets, and pass.
    """
    known = language_of(language)
    if not known.alphabet or (known.alphabet == LATIN and text.isascii()):
        return
    alien = _first_alien(text, known.alphabet)
    if alien is not None:
        word, alphabet = alien
        place = f"{where}: " if where else ""
        shown = word if len(word) <= 30 else word[:30] + "…"
        own = _named(known.alphabet)
        raise TextError(
            f"{place}{shown!r} is written in {_named(alphabet)} letters, {known.name} in {own} ones: "
            "name its language with --language or <lang>, or give its phonemes as [[IPA]]"
        )


def unspeakable(text: str) -> dict[str, str]:
    """Return the characters of a text that nothing reads out, such as emoji, with their names."""
    found: dict[str, str] = {}
    for character in dict.fromkeys(text):
        if _is_unspeakable(character):
            found[character] = unicodedata.name(character, f"U+{ord(character):04X}").lower()
    return found


def without_unspeakable(text: str) -> str:
    """Return the text with a space for each character that nothing reads out."""
    return "".join(" " if _is_unspeakable(c) else c for c in text)


def has_words(text: str) -> bool:
    """Return whether there is anything to say: a letter or a digit."""
    return any(c.isalnum() for c in text)


def _is_unspeakable(character: str) -> bool:
    if character in _ASIDE:
        return False
    if character.isascii():
        return not (character.isprintable() or character.isspace())
    kind = unicodedata.category(character)
    return kind in ("So", "Sk", "Cs", "Co", "Cn", "Cc", "Cf", "Me") and character not in "°№"


def _compatible(character: str) -> str:
    if unicodedata.category(character) == "No" and not character.isdigit():
        # A fraction stands apart from a number before it: 2½.
        return " " + unicodedata.normalize("NFKC", character).replace("\N{FRACTION SLASH}", "/")
    if unicodedata.category(character) == "Nd":
        return str(unicodedata.digit(character))
    return unicodedata.normalize("NFKC", character)


def _first_alien(text: str, alphabet: str) -> tuple[str, str] | None:
    for word in _words(text):
        for character in word:
            found = _alphabet(character)
            sign = character in "μΩ"  # of micrometres and ohms
            if found not in ("", alphabet, LATIN) and not sign:
                return word, found
    return None


def _words(text: str) -> Iterator[str]:
    for match in _WORD.finditer(text):
        yield match.group()


def _alphabet(character: str) -> str:
    """Return the first word of a letter's name, which is its alphabet; empty for marks and what all alphabets share."""
    if not character.isalpha() or character in "ªº":
        return ""
    found = unicodedata.name(character, "").split(" ")[0].split("-")[0]
    return "" if found in ("MODIFIER", "FEMININE", "MASCULINE", "MICRO", "OHM", "KELVIN", "DEGREE") else found


def _named(alphabet: str) -> str:
    return {"CJK": "Chinese", "HIRAGANA": "Japanese", "KATAKANA": "Japanese", "HANGUL": "Korean"}.get(
        alphabet, alphabet.capitalize()
    )

"""A sentence as words between pauses."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

_ELLIPSIS = re.compile(r"\.{2,}|…")
_DOTTED = re.compile(r"\b(?:[^\W\d_]\.){2,}")
_PAUSE = re.compile(r"[,;:!?…](?=[\s\"')\]},;:!?….—]|$)|[—()\[\]{}]|\s-\s|--+|\.(?=[\s\"')\]}]*$)")
_SYMBOL = dict.fromkeys("()[]{}", ",")
_LOOSE = re.compile(r"(?<!\w)['-]+|['-]+(?!\w)")


def clauses(sentence: str) -> Iterator[tuple[str, str]]:
    """Yield the words of each clause and the symbol of the pause after it, or "" where the text just ends.

    A full stop is a pause at the end of the text only; within, it stands after an abbreviation.
    """
    text = _ELLIPSIS.sub("…", without_dots(sentence))
    start = 0
    for match in _PAUSE.finditer(text):
        mark = match.group()
        yield text[start : match.start()].strip(), "—" if "-" in mark else _SYMBOL.get(mark, mark)
        start = match.end()
    if rest := text[start:].strip():
        yield rest, ""


def without_dots(text: str) -> str:
    """Return text with abbreviations of single letters, such as U.S., without their full stops."""
    return _DOTTED.sub(lambda match: match.group().replace(".", "") + " ", text)


def words_only(text: str) -> str:
    """Return a clause with a space for whatever belongs to no word."""
    kept = "".join(c if _belongs_to_word(c) else " " for c in text)
    return " ".join(_LOOSE.sub(" ", kept).split())


def _belongs_to_word(character: str) -> bool:
    return character.isalnum() or character in "'-" or unicodedata.category(character).startswith("M")

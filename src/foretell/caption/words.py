"""Which words a caption is made of, in any script that parts its words."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from itertools import groupby


def is_word(text: str) -> bool:
    """Whether it is one word: letters and digits, with the marks that belong to them, such as vowel signs."""
    return bool(text) and all(map(_belongs, text))


def words(text: str) -> Iterator[tuple[str, int, int]]:
    """Each word, as it is compared with others, the place of its first character and that after its last."""
    for belongs, run in groupby(enumerate(text), lambda pair: _belongs(pair[1])):
        if belongs:
            places, letters = zip(*run, strict=True)
            yield comparable("".join(letters)), places[0], places[-1] + 1


def comparable(word: str) -> str:
    """The word without what tells spellings of it apart: upper case, and accents written by themselves."""
    return unicodedata.normalize("NFC", word.casefold())


def _belongs(character: str) -> bool:
    return character.isalnum() or unicodedata.category(character).startswith("M")

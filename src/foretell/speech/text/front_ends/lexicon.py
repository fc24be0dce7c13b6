"""gruut's dictionaries: they have no index, so that a look-up reads them whole, and a sentence is looked up at once."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Any

from foretell.optional import load

_AT_ONCE = 500
"""Words of one query: SQLite allows about a thousand."""


def look_up(lookup: Any, words: Iterable[str]) -> None:
    """Bring words into the memory of `lookup`, gruut's `lookup_phonemes`; those that it does not have, too."""
    if lookup is None:
        return
    if lookup.phonemizer is None:
        _open(lookup)
    lexicon = lookup.phonemizer
    casing = lexicon.casing_func or str
    asked = {casing(word) for word in words} - lexicon.lexicon.keys()
    spellings = {word: [word, *(change(word) for change in lexicon.word_transform_funcs)] for word in asked}
    found = _rows(lexicon.db_conn, sorted({s for all_of_word in spellings.values() for s in all_of_word if s}))
    for word, all_of_word in spellings.items():
        # An empty entry says that the dictionary does not have it.
        lexicon.lexicon[word] = next((found[s] for s in all_of_word if s in found), {})


def _open(lookup: Any) -> None:
    """Open the dictionary of a look-up for all threads; gruut would open it for one."""
    database = sqlite3.connect(str(lookup.db_path), check_same_thread=False)
    package = load("gruut.phonemize", "turns text into phonemes", "speech")
    lookup.phonemizer = package.SqlitePhonemizer(db_conn=database, **lookup.phonemizer_args)


def _rows(database: Any, words: list[str]) -> dict[str, dict[str, list[str]]]:
    """The pronunciations of each word that there is, by its role in a sentence."""
    found: dict[str, dict[str, list[str]]] = {}
    for start in range(0, len(words), _AT_ONCE):
        some = words[start : start + _AT_ONCE]
        marks = ",".join("?" * len(some))
        query = f"SELECT word, role, phonemes FROM word_phonemes WHERE word IN ({marks}) ORDER BY pron_order"
        for word, role, phonemes in database.execute(query, some):
            found.setdefault(word, {}).setdefault(role, phonemes.split())
    return found

"""Words of a dictionary without an index, looked up all at once."""

from __future__ import annotations

import sqlite3
from types import SimpleNamespace
from typing import Any

from foretell.speech.text.front_ends.lexicon import look_up


class Lookup:
    """What gruut's look-up is made of."""

    def __init__(self) -> None:
        database = sqlite3.connect(":memory:")
        database.execute("CREATE TABLE word_phonemes (word TEXT, pron_order INTEGER, phonemes TEXT, role TEXT)")
        rows = [
            ("read", 1, "r E d", ""),
            ("read", 0, "r i d", ""),
            ("read", 2, "r e d", "verb"),
            ("cat", 0, "k a t", ""),
        ]
        database.executemany("INSERT INTO word_phonemes VALUES (?, ?, ?, ?)", rows)
        self.queries: list[str] = []
        database.set_trace_callback(self.queries.append)
        self.phonemizer: Any = None
        self._made = SimpleNamespace(
            db_conn=database, lexicon={}, casing_func=str.lower, word_transform_funcs=[lambda word: word.strip("'")]
        )

    def __call__(self, _: str) -> None:
        self.phonemizer = self._made


def test_all_words_in_one_query() -> None:
    lookup = Lookup()
    look_up(lookup, ["Read", "'cat'", "dog", "cat"])
    assert lookup.phonemizer.lexicon == {
        "read": {"": ["r", "i", "d"], "verb": ["r", "e", "d"]},
        "'cat'": {"": ["k", "a", "t"]},
        "cat": {"": ["k", "a", "t"]},
        "dog": {},
    }
    assert len(lookup.queries) == 1
    look_up(lookup, ["DOG", "read"])
    assert len(lookup.queries) == 1
    look_up(lookup, [f"word{k}" for k in range(1200)])
    assert len(lookup.queries) == 1 + 3


def test_a_language_without_a_dictionary() -> None:
    look_up(None, ["a"])

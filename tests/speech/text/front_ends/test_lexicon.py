"""Words of a dictionary without an index, looked up all at once."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from types import SimpleNamespace

import pytest

from foretell.speech.text.front_ends.lexicon import look_up


@pytest.fixture
def database() -> Iterator[sqlite3.Connection]:
    """A dictionary."""
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("CREATE TABLE word_phonemes (word TEXT, pron_order INTEGER, phonemes TEXT, role TEXT)")
        rows = [
            ("read", 1, "r E d", ""),
            ("read", 0, "r i d", ""),
            ("read", 2, "r e d", "verb"),
            ("cat", 0, "k a t", ""),
        ]
        database.executemany("INSERT INTO word_phonemes VALUES (?, ?, ?, ?)", rows)
        yield database


def test_all_words_in_one_query(database: sqlite3.Connection) -> None:
    changes = [lambda word: word.strip("'")]
    dictionary = SimpleNamespace(db_conn=database, lexicon={}, casing_func=str.lower, word_transform_funcs=changes)
    lookup = SimpleNamespace(phonemizer=dictionary)
    queries: list[str] = []
    database.set_trace_callback(queries.append)
    look_up(lookup, ["Read", "'cat'", "dog", "cat"])
    assert dictionary.lexicon == {
        "read": {"": ["r", "i", "d"], "verb": ["r", "e", "d"]},
        "'cat'": {"": ["k", "a", "t"]},
        "cat": {"": ["k", "a", "t"]},
        "dog": {},
    }
    assert len(queries) == 1
    look_up(lookup, ["DOG", "read"])
    assert len(queries) == 1
    look_up(lookup, [f"word{k}" for k in range(1200)])
    assert len(queries) == 1 + 3


def test_a_language_without_a_dictionary() -> None:
    look_up(None, ["a"])

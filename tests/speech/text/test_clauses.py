"""Clauses: words between pauses."""

from __future__ import annotations

import pytest

from foretell.speech.text.clauses import clauses, words_only


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One, two; three: four.", [("One", ","), ("two", ";"), ("three", ":"), ("four", ".")]),
        ("Really?! Yes...", [("Really", "?"), ("", "!"), ("Yes", "…")]),
        ("a — b - c -- d", [("a", "—"), ("b", "—"), ("c", "—"), ("d", "")]),
        ("so (here) [there]", [("so", ","), ("here", ","), ("", ","), ("there", ",")]),
        ("well-known don't 10:30 1,000", [("well-known don't 10:30 1,000", "")]),
        ("the U.S. army", [("the US  army", "")]),
        ("Mr. Smith", [("Mr. Smith", "")]),
        ('He said "no."', [('He said "no', "."), ('"', "")]),
        ("", []),
    ],
)
def test_clauses(text: str, expected: list[tuple[str, str]]) -> None:
    assert list(clauses(text)) == expected


def test_words_only() -> None:
    assert words_only("\"it's\" 'quoted' well-known -x- a*b^c") == "it's quoted well-known x a b c"
    assert words_only("नमस्ते") == "नमस्ते"

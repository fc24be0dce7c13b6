"""The names of letters."""

from __future__ import annotations

import pytest

from foretell.speech.text.letter_names import names_of_letters, with_letters_named


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("h", "es", "hache"),
        ("a", "es-mx", "a"),
        ("la h y la a", "es", "la hache y la a"),
        ("vitamina C", "it", "vitamina ci"),
        ("l'ami d'Anne a dit y", "fr", "l'ami d'Anne a dit y"),
        ("Y", "fr", "i grec"),
        ("Plan B", "de", "Plan beh"),
        ("в с к", "ru", "в с к"),
        ("в", "ru", "вэ"),
        ("Plan B, a B C", "en", "Plan B, a B C"),
        ("A.", "en", "ay."),
        ("Plan B", "nl", "Plan B"),
    ],
)
def test_single_letters(text: str, language: str, expected: str) -> None:
    assert with_letters_named(text, language) == expected


def test_capitals_that_are_spelt() -> None:
    assert with_letters_named("Die ARD, das ZDF", "de", spelt=frozenset(["ZDF"])) == "Die ARD, das zett deh eff"
    assert with_letters_named("ONU", "fr", spelt=frozenset()) == "ONU"


def test_names() -> None:
    assert names_of_letters("es-mx")["w"] == "uve doble"
    assert names_of_letters("nl") == {}
    assert set("abcdefghijklmnopqrstuvwxyz") <= set(names_of_letters("de"))

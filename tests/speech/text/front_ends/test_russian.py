"""Soft and hard л."""

from __future__ import annotations

import pytest

from foretell.speech.text.front_ends.russian import with_soft_l


@pytest.mark.parametrize(
    ("word", "ipa", "expected"),
    [
        ("для", "dɭˈɑ", "dɭʲˈɑ"),
        ("пол", "pˈoɭ", "pˈoɭ"),
        ("Соль", "sˈoɭ", "sˈoɭʲ"),
        ("любила", "ɭubʲˈiɭʌ", "ɭʲubʲˈiɭʌ"),
        ("аллея", "aɭˈejʌ", "aɭˈejʌ"),
        ("мама", "mˈɑmʌ", "mˈɑmʌ"),
    ],
)
def test_soft_l(word: str, ipa: str, expected: str) -> None:
    assert with_soft_l(word, ipa) == expected

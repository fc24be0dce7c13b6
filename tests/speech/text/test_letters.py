"""Text before it is read: one kind of each sign, the alphabet of the language, and what nobody reads out."""

from __future__ import annotations

import pytest

from foretell.errors import TextError
from foretell.speech.text.letters import has_words, plain, require_alphabet, unspeakable, without_unspeakable


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("“It’s” ‘so’ «là»", '"It\'s" \'so\' "là"'),
        ("ﬁne ２３ x²", "fine 23 x2"),
        ("2½ kg", "2 1/2 kg"),
        ("٣٤", "34"),
        ("a\u00a0b\u202fc\u200bd\u00ade", "a b cde"),
        ("−5 to –7 – done", "-5 to -7 — done"),
        ("¿Qué? ¡Sí!", " Qué?  Sí!"),
        ("はい。はい！", "はい. はい! "),
        ("wait…", "wait…"),
        ("1º № 5", "1º № 5"),
        ("cafe\u0301", "café"),
    ],
)
def test_plain(text: str, expected: str) -> None:
    assert plain(text) == expected


@pytest.mark.parametrize(
    ("text", "language", "said"),
    [
        ("Say Привет now", "en", "'Привет' is written in Cyrillic letters, English in Latin ones: name its language"),
        ("Это Ελλάδα", "ru", "'Ελλάδα' is written in Greek letters, Russian in Cyrillic ones"),
        ("漢字", "fr", "in Chinese letters, French in Latin"),
        ("かな", "de", "in Japanese letters"),
        ("αβγ", "it", "in Greek letters"),
        ("привет", "el", "in Cyrillic letters, Greek in Greek ones"),
    ],
)
def test_another_alphabet_is_named(text: str, language: str, said: str) -> None:
    with pytest.raises(TextError, match=said):
        require_alphabet(text, language)
    with pytest.raises(TextError, match=r"^line 3, column 1: "):
        require_alphabet(text, language, "line 3, column 1")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Zoë's façade, 3 µm!", "en"),
        ("Straße", "de-at"),
        ("Привет, ёлка", "ru"),
        ("Это iPhone", "ru"),
        ("anything, что угодно", "ja"),
        ("anything, что угодно", "xx"),
        ("1º 2ª", "es"),
        ("cafe\u0301", "fr"),
    ],
)
def test_the_languages_own_alphabet_passes(text: str, language: str) -> None:
    require_alphabet(plain(text), language)


def test_what_nobody_reads_out() -> None:
    assert unspeakable("h\u200bi 😀 ♥ 😀 5° €") == {"😀": "grinning face", "♥": "black heart suit"}
    assert unspeakable("\x07\ue000") == {"\x07": "u+0007", "\ue000": "u+e000"}
    assert without_unspeakable("a😀b") == "a b"
    assert has_words("a")
    assert has_words("5")
    assert not has_words("... !")

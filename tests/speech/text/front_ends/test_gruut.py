"""Phonemes by gruut, for the languages that are installed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from foretell.speech.text import Reader
from foretell.speech.text.front_ends import front_end_for
from foretell.speech.text.ipa import Symbols

pytest.importorskip("gruut")
pytest.importorskip("gruut_lang_en")


def said(text: str, language: str = "en") -> str:
    found = Reader(language).transcript(text)
    return Symbols(found.symbols, found.stress).shown()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello, world!", "hɛlˈoʊ,wˈɚld!"),
        ("The chief judge", "ðə t͡ʃˈif d͡ʒˈʌd͡ʒ."),
        ("Dr. Smith paid $5.", "dˈɑktɚ smˈɪθ pˈeɪd fˈaɪv dˈɑlɚz."),
        ("I read it; I'll read it.", "ˈaɪ ɹˈɛd ˈɪt;ˈaɪl ɹˈid ˈɪt."),
        ("NATO and IBM", "nˈeɪtoʊ ˈænd ˈaɪ bˈi ˈɛm."),
        ("THE CAT IS HERE", "ðə kˈæt ˈɪz hˈɪɹ."),
        ("the US, the U.S. army", "ðə jˈu ˈɛs,ðə jˈu ˈɛs ˈɑɹmi."),
        ("naïve café", "nˌaɪˈiv kæfˈeɪ."),
        ("10:30 a.m.", "tˈɛn θˈɚti ˈeɪ ˈɛm."),
    ],
)
def test_english(text: str, expected: str) -> None:
    assert said(text) == expected


def test_words_that_no_dictionary_has_are_guessed() -> None:
    assert said("blorp") == "blˈɔɹp."
    assert len(Reader("en").transcript("x" * 300).symbols) > 60


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("it", "Città, perché no?", "t͡ʃittˈa,perkˈe no?"),
        ("it", "21 gnocchi", "ventˈuno ɲˈɔkki."),
        ("it", "2", "dˈue."),
        ("fr", "Les enfants ont 2 ans.", "lez ɑ̃fɑ̃ ɔ̃ døz ɑ̃."),
        ("de", "Herr Müller", "hˈɛɾ mˈʏlɜ."),
        ("de", "Zeit heißt Deutsch", "t͡sˈaɪt hˈaɪst dˈɔøt͡ʃ."),
        ("es", "el niño", "el nˈiɲo."),
        ("es", "perro, Holanda", "pˈero,olˈanda."),
        ("es", "h", "ˈat͡ʃe."),
        ("es", "hace", "ˈaθe."),
        ("es-mx", "hace", "ˈase."),
        ("ru", "молоко", "mʌɭʌkˈo."),
        ("ru", "вы к меню", "vˈɨ k mʲinˈʉ."),
        ("ru", "7 для Q", "sʲˈemʲ dɭʲˈɑ kjˈu."),
        ("ru", "мeнюшка", "mʲinˈʉʃka."),
    ],
)
def test_other_languages(language: str, text: str, expected: str) -> None:
    pytest.importorskip(f"gruut_lang_{language}")
    assert said(text, language) == expected


def test_threads_share_the_dictionary() -> None:
    front_end = front_end_for("en")
    with ThreadPoolExecutor(2) as threads:
        found = list(threads.map(front_end.phonemes, ["hello", "world"] * 4))
    assert found == [front_end.phonemes("hello"), front_end.phonemes("world")] * 4

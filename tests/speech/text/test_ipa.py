"""IPA text: symbols of one and of two letters, stress, pauses, other spellings, and what is no symbol."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foretell.errors import TextError
from foretell.speech.text.articulation import LETTERS, MARKS, articulations, is_syllabic, sounds
from foretell.speech.text.ipa import Symbols, read_ipa, tidied

ENGLISH = {"aɪ", "əʊ", "tʃ", "dʒ"}


def symbols(text: str, joined: set[str] | None = None) -> list[str]:
    return list(read_ipa(text, joined=joined or set()).symbols)


@pytest.mark.parametrize(
    ("text", "joined", "expected"),
    [
        ("kæt", "", "k æ t"),
        ("wɜːld", "", "w ɜː l d"),
        ("fɑːðə", "", "f ɑː ð ə"),
        # Affricates and diphthongs: tied above or below, one letter, non-syllabic, or known to the language.
        ("t͡ʃɪp", "", "t͡ʃ ɪ p"),
        ("t͜ʃɪp", "", "t͡ʃ ɪ p"),
        ("ʧɪp", "", "t͡ʃ ɪ p"),
        ("tʃɪp", "", "t ʃ ɪ p"),
        ("tʃɪp", "tʃ", "t͡ʃ ɪ p"),
        ("t͡ɕʲa", "", "t͡ɕʲ a"),
        ("tsʲa", "ts", "t͡sʲ a"),
        ("taɪm", "", "t a ɪ m"),
        ("taɪm", "aɪ", "t aɪ m"),
        ("ta͡ɪm", "", "t aɪ m"),
        ("taɪ̯m", "", "t aɪ m"),
        ("haˈɪt", "aɪ", "h a ɪ t"),
        ("ha.ɪt", "aɪ", "h a ɪ t"),
        ("oː͡ɹ", "", "oː ɹ"),
        # Marks: composed or not, in any order.
        ("bɔ̃", "", "b ɔ̃"),
        ("b\u00f5", "", "b o\u0303"),
        ("bɔ̃ː", "", "b ɔ̃ː"),
        ("bɔː̃", "", "b ɔ̃ː"),
        ("pʰʲa", "", "pʰʲ a"),
        ("\u00e7", "", "\u00e7"),
        ("c\u0327", "", "\u00e7"),
        ("n̩", "", "n̩"),
        # Other spellings.
        ("gɑ:", "", "ɡ ɑː"),
        ("ʤʌʤ", "", "d͡ʒ ʌ d͡ʒ"),
        ("ε γ", "", "ɛ   ɣ"),
        ("θβχ", "", "θ β χ"),
        ("/kæt/", "", "k æ t"),
        ("[[kæt]]", "", "k æ t"),
        ("l‿a", "", "l a"),
        ("ma˥˩", "", "m a"),
        ("mǎ", "", "m a"),
    ],
)
def test_symbols(text: str, joined: str, expected: str) -> None:
    found = read_ipa(text, joined=set(joined.split()))
    assert " ".join(found.symbols) == expected
    assert len(found.symbols) == len(found.stress)


@pytest.mark.parametrize(
    ("text", "stress"),
    [
        ("həˈləʊ", [0, 0, 0, 1]),
        ("həlˈəʊ", [0, 0, 0, 1]),
        ("ˌɪntəˈnæʃn̩", [2, 0, 0, 0, 0, 1, 0, 0]),
        ("'stɹɛŋθ", [0, 0, 0, 1, 0, 0]),
        ("ˈbʌtn̩", [0, 1, 0, 0]),
        ("ˈn̩", [1]),
        ("ˈtaɪm", [0, 1, 0]),
        ("ˈs kæt", [0, 0, 0, 0, 0]),
    ],
)
def test_the_vowel_of_the_syllable_takes_the_stress(text: str, stress: list[int]) -> None:
    assert list(read_ipa(text, joined=ENGLISH).stress) == stress


def test_pauses_and_boundaries() -> None:
    assert symbols("kæt, dɒɡ. fɪʃ?") == [*"kæt", ",", *"dɒɡ", ".", *"fɪʃ", "?"]
    assert symbols("  kæt   dɒɡ ") == [*"kæt", " ", *"dɒɡ"]
    assert symbols("kæt | dɒɡ ‖") == [*"kæt", ",", *"dɒɡ", "."]
    assert symbols("kæt — dɒɡ – fɪʃ…") == [*"kæt", "—", *"dɒɡ", "—", *"fɪʃ", "…"]
    assert symbols("kæt, . dɒɡ ?!") == [*"kæt", ".", *"dɒɡ", "?"]
    assert symbols("") == symbols(" ") == symbols(", .") == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("həQləʊ", r"'Q' \(latin capital letter q\), character 3 of the phonemes 'həQləʊ', is no IPA symbol"),
        ("kæt5", r"'5' \(digit five\), character 4"),
        ("ːa", r"'ː' \(modifier letter triangular colon\), character 1 of the phonemes 'ːa', has no letter before it"),
        ("kæt ʰa", "character 5 of the phonemes 'kæt ʰa', has no letter"),
        ("k😀", r"'😀' \(grinning face\), character 2"),
        ("æ" * 50 + "№" + "æ" * 50, "'№' .*, character 51 of the phonemes '…æ{20}№æ{19}…'"),
    ],
)
def test_what_is_no_symbol_is_named_with_its_position(text: str, said: str) -> None:
    with pytest.raises(TextError, match=said):
        read_ipa(text)
    with pytest.raises(TextError, match=r"^line 7: "):
        read_ipa(text, where="line 7")


@given(st.text(st.sampled_from([*LETTERS, *MARKS, *"ˈˌ .,?͡"]), max_size=12))
def test_symbols_written_and_read_again_are_the_same(text: str) -> None:
    try:
        found = read_ipa(text, joined=ENGLISH)
    except TextError:
        return
    assert read_ipa(found.shown(), joined={"".join(sounds(s)) for s in found.symbols}).symbols is not None
    for symbol, level in zip(found.symbols, found.stress, strict=True):
        assert symbol in " .,?" or articulations(symbol)
        assert not level or is_syllabic(symbol)
    assert tidied(found) == found


def test_shown() -> None:
    assert Symbols(("h", "ə", "l", "əʊ", " ", "j", "uː"), (0, 0, 0, 1, 0, 0, 2)).shown() == "həlˈəʊ jˌuː"
    assert read_ipa("həˈləʊ", joined=ENGLISH).shown() == "həlˈəʊ"

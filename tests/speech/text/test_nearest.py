"""Foreign sounds: each is said by the nearest that a voice knows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foretell.speech.text.articulation import LETTERS
from foretell.speech.text.nearest import distance, nearest

ENGLISH = set(
    "p b t d k ɡ t͡ʃ d͡ʒ m n ŋ f v θ ð s z ʃ ʒ h l ɹ j w "  # noqa: SIM905
    "i ɪ ɛ æ ɑ ɔ ʊ u ʌ ə ɚ eɪ aɪ oʊ aʊ ɔɪ".split()
)
FRENCH = set("p b t d k ɡ m n ɲ f v s z ʃ ʒ l ʁ j w ɥ i e ɛ a ɑ ɔ o u y ø œ ə ɛ̃ ɑ̃ ɔ̃".split())  # noqa: SIM905


@pytest.mark.parametrize(
    ("symbol", "known", "said"),
    [
        ("t", ENGLISH, "t"),
        ("y", ENGLISH, "i"),
        ("ɑ̃", ENGLISH, "ɑ"),
        ("ɛ̃", ENGLISH, "ɛ"),
        ("ʁ", ENGLISH, "ɹ"),
        ("r", ENGLISH, "ɹ"),
        ("ɾ", ENGLISH, "ɹ"),
        ("x", ENGLISH, "h"),
        ("ç", ENGLISH, "ʃ"),
        ("ɲ", ENGLISH, "n"),
        ("β", ENGLISH, "v"),
        ("ɣ", ENGLISH, "ɡ"),
        ("tʲ", ENGLISH, "t"),
        ("pʰ", ENGLISH, "p"),
        ("ɑː", ENGLISH, "ɑ"),
        ("t͡ɕ", ENGLISH, "t͡ʃ"),
        ("t͡s", ENGLISH, "t s"),
        ("ʂ", ENGLISH, "ʃ"),
        ("ɨ", ENGLISH, "i"),
        ("ʌ", {"ʌː", "i"}, "ʌː"),
        ("θ", FRENCH, "s"),
        ("ð", FRENCH, "z"),
        ("h", FRENCH, ""),
        ("ʔ", FRENCH, ""),
        ("ɹ", FRENCH, "ʁ"),
        ("t͡ʃ", FRENCH, "t ʃ"),
        ("d͡ʒ", FRENCH, "d ʒ"),
        ("aɪ", FRENCH, "a i"),
        ("æ", FRENCH, "a"),
        ("ɪ", FRENCH, "i"),
        ("ʊ", FRENCH, "u"),
        ("w", set("uvt"), "u"),
        ("?", {".", ","}, "."),
        (";", {".", ","}, ","),
        ("…", {","}, ","),
        ("!", {" "}, " "),
        ("!", set(), ""),
        (" ", set("at"), ""),
        ("a", {" ", "."}, ""),
    ],
)
def test_nearest(symbol: str, known: set[str], said: str) -> None:
    assert nearest(symbol, known) == (tuple(said.split(" ")) if said.strip() else (said,) if said else ())


@given(st.sampled_from(sorted(LETTERS)), st.sampled_from(sorted(LETTERS)))
def test_distance(one: str, other: str) -> None:
    assert distance(one, other) == distance(other, one) >= 0
    assert (distance(one, other) == 0) == (one == other) or {one, other} <= set("ʘǀǃǂǁɶɞ" + "ʡʔ")


def test_a_diphthong_is_nearer_to_its_first_vowel() -> None:
    assert 0 < distance("eɪ", "e") < distance("eɪ", "ɪ") < distance("eɪ", "ɔ")
    with pytest.raises(KeyError):
        distance("Q", "a")

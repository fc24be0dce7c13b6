"""Requests: the voice, the language and the manner of a text."""

from __future__ import annotations

import pytest

from foretell.errors import SettingsError, TextError
from foretell.speech.repertoire import Repertoire
from foretell.speech.request import Request
from foretell.speech.utterance import Segment

VOICES = Repertoire.of(
    [Segment(("t", "a", "."), (0, 1, 0), "en", "ann"), Segment(("t", "a", "i"), (0, 1, 0), "fr", "june")]
)


def segments(text: str, **asked: object) -> list[Segment]:
    request = Request(phonemes=True, **asked)  # type: ignore[arg-type]
    return list(request.segments(text, VOICES, lambda _: None))


@pytest.mark.parametrize(
    ("asked", "voice", "language"),
    [
        ({}, "ann", "en"),
        ({"voice": "june"}, "june", "fr"),
        ({"language": "fr"}, "june", "fr"),
        ({"language": "FR_ca"}, "june", "fr"),
        ({"language": "de"}, "ann", "en"),
        ({"voice": "ann", "language": "fr"}, "ann", "en"),
    ],
)
def test_voice_and_language(asked: dict[str, str], voice: str, language: str) -> None:
    (found,) = segments("ta", **asked)
    assert (found.voice, found.language) == (voice, language)


def test_speed_and_pitch_multiply_those_of_markup() -> None:
    text = '<speak><prosody rate="2" pitch="50%"><phoneme ph="ta">x</phoneme></prosody></speak>'
    (found,) = segments(text, speed=1.5, pitch=1.2)
    assert (found.rate, found.pitch) == (3.0, pytest.approx(0.6))


def test_lines_as_they_come() -> None:
    found = list(Request(phonemes=True).segments([["ta"], ["at"]], VOICES, lambda _: None))
    assert [segment.symbols for segment in found] == [("t", "a", "."), ("a", "t", ".")]


def test_what_is_refused_at_once() -> None:
    with pytest.raises(SettingsError, match=r"speed 0: give 0.2 to 5, where 1 is the usual"):
        Request(speed=0)
    with pytest.raises(SettingsError, match="pitch nan"):
        Request(pitch=float("nan"))
    with pytest.raises(SettingsError, match="no voice 'bob'"):
        Request("bob").segments("ta", VOICES, lambda _: None)
    with pytest.raises(SettingsError, match="no language code"):
        Request(language="?").segments("ta", VOICES, lambda _: None)
    with pytest.raises(TextError, match="nothing to say"):
        segments("")

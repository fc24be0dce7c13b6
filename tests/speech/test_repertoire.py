"""What voices can speak: their names, languages and symbols, and how they speak other text."""

from __future__ import annotations

import pytest

from foretell.errors import ModelError, SettingsError
from foretell.speech.repertoire import Repertoire
from foretell.speech.text.ipa import read_ipa
from foretell.speech.utterance import Segment


def segment(ipa: str, language: str, voice: str | None = None) -> Segment:
    found = read_ipa(ipa, joined={"aɪ"})
    return Segment(found.symbols, found.stress, language, voice)


VOICES = Repertoire.of(
    [
        segment("kæt, taɪ.", "en", "ann"),
        segment("dɒɡ?", "en", "ann"),
        segment("ty.", "fr", "ann"),
        segment("pti øf.", "fr", "june"),
    ]
)


def spoken(text: Segment, voice: str = "june") -> tuple[Segment, list[str]]:
    warned: list[str] = []
    (found,) = VOICES.spoken([text], voice, warned.append)
    return found, warned


def test_what_recordings_say_of_voices() -> None:
    assert list(VOICES.voices) == ["ann", "june"]
    assert VOICES.voices["ann"].languages == ("en", "fr")
    assert VOICES.voices["june"].symbols.symbols == tuple(sorted([*"ptiøf. "]))
    assert VOICES.languages == ("en", "fr")
    assert set(VOICES.symbols.symbols) == {*"kætdɒɡtypiøf,.? ", "aɪ"}
    assert Repertoire.from_json(VOICES.to_json()) == VOICES
    with pytest.raises(ValueError, match="without a voice"):
        Repertoire.of([segment("a", "en")])


def test_rare_symbols() -> None:
    found = Repertoire.of([segment("ta.", "en", "x"), segment("ta. tu.", "en", "x")], at_least=2)
    assert found.symbols.symbols == (".", "a", "t")


@pytest.mark.parametrize(
    "content",
    [{}, [], None, {"a": {}}, {"a": {"languages": [], "symbols": []}}, {"a": {"languages": ["en"], "symbols": "t"}}],
)
def test_damaged(content: object) -> None:
    with pytest.raises(ModelError, match="damaged"):
        Repertoire.from_json(content)


def test_the_choice_of_a_voice() -> None:
    assert VOICES.voice(None) == "ann"
    assert VOICES.voice("june") == "june"
    assert VOICES.voice(None, "fr-CA") == "ann"
    assert VOICES.voice(None, "de") == "ann"
    with pytest.raises(SettingsError, match=r"there is no voice 'jun': the model has ann, june; did you mean june?"):
        VOICES.voice("jun")


def test_a_voice_speaks_its_own_language_as_it_is() -> None:
    found, warned = spoken(segment("pti.", "fr-ca"))
    assert (found.symbols, found.voice, found.language) == (("p", "t", "i", "."), "june", "fr")
    assert warned == []
    assert spoken(segment("pti.", "fr", "ann"))[0].voice == "ann"
    with pytest.raises(SettingsError, match="no voice 'bob'"):
        spoken(segment("pti.", "fr", "bob"))


def test_another_language_is_spoken_with_the_voices_own_sounds_and_warned_of_once() -> None:
    warned: list[str] = []
    texts = [segment("kæt?", "en"), segment("dɒɡ", "en")]
    found = list(VOICES.spoken(texts, "june", warned.append))
    assert {f.language for f in found} == {"fr"}
    assert all(symbol in VOICES.known_to["june"] for f in found for symbol in f.symbols)
    assert found[0].symbols[-1] == "."
    assert warned == ["the voice june was trained on French, not on English: it says it with the sounds that it knows"]


def test_a_sound_that_its_own_language_did_not_have_is_warned_of_once() -> None:
    warned: list[str] = []
    voices = Repertoire.of([segment("pti øf.", "fr", "june"), segment("ty.", "en", "ann")])
    found = list(voices.spoken([segment("ty?", "fr"), segment("ty!", "fr")], "june", warned.append))
    assert found[0].symbols == ("t", "ø", ".")
    assert len(warned) == 1
    assert warned[0].startswith("june: the voice was not trained on some of these sounds")
    assert warned[0].endswith("y by ø")


def test_a_sound_that_another_voice_of_the_language_has_is_said() -> None:
    voices = Repertoire.of([segment("pti.", "fr", "june"), segment("ty.", "fr", "pia"), segment("øt.", "en", "ann")])
    warned: list[str] = []
    (found,) = voices.spoken([segment("ty.", "fr")], "june", warned.append)
    assert found.symbols == ("t", "y", ".")
    assert not warned
    assert "ø" not in voices.known_to["june"]

"""Text to segments: sentences, markup, changes of style, what is warned of and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from foretell.errors import MissingExtraError, SettingsError, TextError
from foretell.speech.text import Reader
from foretell.speech.text.ipa import Symbols, read_ipa
from foretell.speech.utterance import Segment


def ipa(segment: Segment) -> str:
    return Symbols(segment.symbols, segment.stress).shown()


class Spelling:
    """A front end for tests: every letter is its own sound."""

    def prepared(self, sentence: str) -> str:
        return sentence

    def phonemes(self, clause: str) -> Symbols:
        return read_ipa(clause.lower().replace("-", ""))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """The languages and front ends that are asked for; all of them spell."""
    found: list[tuple[str, str]] = []

    def front_end_for(language: str, name: str) -> Spelling:
        found.append((language, name))
        return Spelling()

    monkeypatch.setattr("foretell.speech.text.reading.front_end_for", front_end_for)
    return found


def test_sentences_are_segments(asked: list[tuple[str, str]]) -> None:
    found = list(Reader("EN_us", front_end="espeak-ng").read("A bad, sad dad. Is it so? No"))
    assert [ipa(segment) for segment in found] == ["a bad,sad dad.", "is it so?", "no."]
    assert [segment.text for segment in found] == ["A bad, sad dad.", "Is it so?", "No"]
    assert set(asked) == {("en-us", "espeak-ng")}
    assert {(s.language, s.voice, s.rate, s.pitch, s.pause_after) for s in found} == {("en-us", None, 1.0, 1.0, 0.0)}


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Say [[ˈta]] now.", ["say tˈa now."]),
        ("Say [[ˈta]], or [[ˈti]].", ["say tˈa,or tˈi."]),
        ("un[[bi]]do", ["unbido."]),
        ("un [[bi]] do", ["un bi do."]),
        ("[[ta. ti]]", ["ta.ti."]),
        ("[[ta]]? [[ti]]", ["ta?", "ti."]),
        ("so\n\nit", ["so.", "it."]),
        ("<speak><p>so</p>it</speak>", ["so.", "it."]),
        ("<speak>so <s>it</s> is. No</speak>", ["so.", "it.", "is.", "no."]),
        ("a — b... no", ["a—b…no."]),
        ("!!! a", ["a."]),
        ("a (b)", ["a,b."]),
        ("a,", ["a."]),
        ("<speak><prosody rate='slow'>a</prosody>?</speak>", ["a?"]),
    ],
)
def test_phonemes_within_text(text: str, expected: list[str]) -> None:
    assert [ipa(segment) for segment in Reader("en").read(text)] == expected


@pytest.mark.usefixtures("asked")
def test_pauses() -> None:
    found = list(Reader("en").read("[pause 1s]So [pause 500ms] it is. [pause 250ms] No [pause 2s]"))
    assert [(ipa(s), s.pause_after) for s in found] == [
        ("", 1.0),
        ("so", 0.5),
        ("it is.", 0.0),
        ("", 0.25),
        ("no", 2.0),
    ]
    assert {segment.language for segment in found} == {"en"}


def test_styles_change_within_a_text(asked: list[tuple[str, str]]) -> None:
    text = (
        '<speak>So <voice name="ann">it <prosody rate="2" pitch="50%">is</prosody></voice> '
        '<lang xml:lang="fr">bon</lang>.</speak>'
    )
    found = list(Reader("en", "bob", rate=0.5).read(text))
    assert [(ipa(s), s.language, s.voice, s.rate, s.pitch) for s in found] == [
        ("so", "en", "bob", 0.5, 1.0),
        ("it", "en", "ann", 0.5, 1.0),
        ("is", "en", "ann", 1.0, 0.5),
        ("bon.", "fr", "bob", 0.5, 1.0),
    ]
    assert ("fr", "gruut") in asked


def test_ipa_throughout_needs_no_front_end() -> None:
    found = list(Reader("xx", phonemes=True).read("həˈloʊ, ˈwɜːld\n\ntʃuz?"))
    assert [ipa(segment) for segment in found] == ["həlˈoʊ,wˈɜːld.", "tʃuz?"]
    assert next(Reader("en", phonemes=True).read("tʃaɪ")).symbols == ("t͡ʃ", "aɪ", ".")
    with pytest.raises(TextError, match=r"^line 2, column 1: '5'"):
        list(Reader("en", phonemes=True).read("kæt\nd5"))
    with pytest.raises(TextError, match=r"^line 1, column 7: 'Q'"):
        list(Reader("en").read("    [[Q]]"))


@pytest.mark.usefixtures("asked")
def test_emoji_are_left_out_and_warned_of_once() -> None:
    said: list[str] = []
    reader = Reader("en", on_warning=said.append)
    assert [ipa(segment) for segment in reader.read("So 😀 it 🎉 is 😀.")] == ["so it is."]
    assert list(reader.read("no 😀"))
    assert said == [
        "line 1, column 1: these characters cannot be read out and are left out: 😀 (grinning face), 🎉 (party popper)"
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "nothing to say: the text is empty"),
        (" \n\t ", "the text is empty"),
        ("...", "the text has no words"),
        ("😀", "the text has no words"),
        ("<speak/>", "the text has no words"),
        ("[pause 0s]", "the text has no words"),
    ],
)
def test_nothing_to_say(text: str, said: str) -> None:
    with pytest.raises(TextError, match=said):
        list(Reader("en").read(text))


def test_another_alphabet_is_refused_before_anything_is_installed() -> None:
    with pytest.raises(TextError, match="line 1, column 1: 'Привет' is written in Cyrillic letters, English in Latin"):
        list(Reader("en").read("Привет"))


@pytest.mark.parametrize(
    ("language", "kind", "said"),
    [
        ("ja", TextError, "text in Japanese cannot be turned into phonemes here: give the phonemes as IPA"),
        ("xx", TextError, "text in language 'xx' cannot .* --front-end espeak-ng"),
        (
            "de",
            MissingExtraError,
            r"text in German needs the package gruut-lang-de.*pip install 'foretell\[speech-de\]'",
        ),
        ("en", MissingExtraError, r"needs the package gruut-lang-en.*pip install 'foretell\[speech\]'; or give"),
        ("nl", MissingExtraError, r"pip install 'foretell\[speech\]' gruut-lang-nl;"),
    ],
)
def test_languages_without_a_front_end(
    language: str, kind: type[Exception], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("foretell.speech.text.front_ends.choice.find_spec", lambda _: None)
    with pytest.raises(kind, match=said):
        list(Reader(language).read("a"))


def test_settings() -> None:
    with pytest.raises(SettingsError, match="language 'x y' is no language code"):
        Reader("x y")
    with pytest.raises(SettingsError, match="front end 'festival' is unknown: give gruut or espeak-ng"):
        Reader("en", front_end="festival")


@pytest.mark.usefixtures("asked")
def test_a_long_text_comes_sentence_by_sentence() -> None:
    found = Reader("en").read(4000 * "It is a sad sad sad day. ")
    assert [ipa(segment) for segment in islice(found, 2)] == 2 * ["it is a sad sad sad day."]
    assert sum(1 for _ in found) == 3998


@pytest.mark.usefixtures("asked")
def test_a_long_sentence_goes_on_after_a_pause() -> None:
    found = [ipa(segment) for segment in Reader("en").read(100 * "it is so, " + "no")]
    assert len(found) == 3
    assert all(said.endswith("so,") for said in found[:-1])
    assert found[-1].endswith("so,no.")


def groups(*lines: list[str]) -> Iterator[list[str]]:
    """Groups of lines, each of which is read only when what came before is spoken."""
    yield from lines


@pytest.mark.usefixtures("asked")
class TestGroups:
    """Lines as they come."""

    def said(self, *lines: list[str], phonemes: bool = False) -> list[str]:
        return [ipa(segment) for segment in Reader("en", phonemes=phonemes).read_groups(groups(*lines))]

    def test_a_line_alone_is_spoken_at_once(self) -> None:
        coming = groups(["so"], ["it is"])
        found = Reader("en").read_groups(coming)
        assert ipa(next(found)) == "so."
        assert next(coming) == ["it is"]

    def test_an_unfinished_sentence_waits(self) -> None:
        assert self.said(["So it", "is. It"], ["was", "so. No"]) == ["so it is.", "it was so.", "no."]

    def test_empty_lines(self) -> None:
        assert self.said([""], ["so", "", "it"], ["", ""]) == ["so.", "it."]
        with pytest.raises(TextError, match="nothing to say"):
            self.said([""], [])
        with pytest.raises(TextError, match="nothing to say"):
            self.said()

    def test_ssml_waits_for_its_end(self) -> None:
        assert self.said(["<speak>so"], ["<s>it</s>"], ["</speak>"], ["no"]) == ["so.", "it.", "no."]
        with pytest.raises(TextError, match=r"^line 5, column 1: .*no element found"):
            self.said(["so"], ["<speak>"], ["a"], ["b"])

    def test_errors_name_the_line(self) -> None:
        with pytest.raises(TextError, match=r"^line 3, column 4: \[\["):
            self.said(["so"], ["so"], ["it [["])
        with pytest.raises(TextError, match=r"^line 3, column 1: 'Q'"):
            self.said(["sa"], ["a", "Q"], phonemes=True)


@pytest.mark.usefixtures("asked")
def test_a_transcript_is_one_segment() -> None:
    found = Reader("en").transcript("So it is. No, [[ˈta]]! And")
    assert ipa(found) == "so it is.no,tˈa!and."
    assert found.text == "So it is. No, [[ˈta]] ! And"
    with pytest.raises(TextError, match="nothing to say"):
        Reader("en").transcript("...")


def test_espeak_is_a_program_that_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingExtraError, match="the program espeak-ng is not installed: install it"):
        list(Reader("ja", front_end="espeak-ng").read("はい"))

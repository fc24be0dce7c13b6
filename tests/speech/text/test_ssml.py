"""SSML: the elements that are supported, what they nest to, and what is refused where."""

from __future__ import annotations

import pytest

from foretell.errors import TextError
from foretell.speech.text.runs import End, Phonemes, Place, Run, Silence, Style, Words
from foretell.speech.text.ssml import is_ssml, ssml_runs

STYLE = Style("en")


def runs(inner: str) -> list[Run]:
    return ssml_runs(f"<speak>{inner}</speak>", STYLE)


def style(inner: str) -> Style:
    (run,) = runs(inner)
    assert isinstance(run, Words)
    return run.style


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<speak>a</speak>", True),
        ("  \n<speak version='1.1'>", True),
        ("\ufeff<?xml version='1.0'?><speak/>", True),
        ("<!DOCTYPE speak><speak/>", True),
        ("<speak/>", True),
        ("<speaker>", False),
        ("a <speak>", False),
        ("", False),
    ],
)
def test_what_is_ssml(text: str, expected: bool) -> None:
    assert is_ssml(text) is expected


def test_a_whole_document() -> None:
    text = (
        '<?xml version="1.0" encoding="ISO-8859-1"?>\n'
        '<speak version="1.1" xmlns="http://www.w3.org/2001/10/synthesis" xml:lang="en-GB">\n'
        'Très &amp; <voice name="june"><lang xml:lang="fr_CA">bon</lang></voice><break time="300ms"/></speak>'
    )
    english = Style("en-gb")
    assert ssml_runs(text, STYLE) == [
        Words(" Très & ", english, Place(2, 83)),
        Words("bon", Style("fr-ca", "june"), Place(3, 54)),
        Silence(0.3),
    ]


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        ('<prosody rate="fast">a</prosody>', Style("en", rate=1.25)),
        ('<prosody rate="80%">a</prosody>', Style("en", rate=0.8)),
        ('<prosody rate="+20%" pitch="-50%">a</prosody>', Style("en", rate=1.2, pitch=0.5)),
        ('<prosody rate="1.5">a</prosody>', Style("en", rate=1.5)),
        ('<prosody pitch="+12st">a</prosody>', Style("en", pitch=2.0)),
        ('<prosody pitch="high">a</prosody>', Style("en", pitch=1.2)),
        ('<prosody rate="2"><prosody rate="50%">a</prosody></prosody>', Style("en", rate=1.0)),
        ('<voice name=" ann " xml:lang="de">a</voice>', Style("de", "ann")),
        ('<voice name="ann"><voice name="bob">a</voice></voice>', Style("en", "bob")),
    ],
)
def test_styles(inner: str, expected: Style) -> None:
    assert style(inner) == expected


def test_breaks_phonemes_aliases_and_paragraphs() -> None:
    assert runs('<break/><break strength="none"/><break strength="x-strong"/><break time="2s"/>') == [
        Silence(0.5),
        Silence(0.0),
        Silence(1.25),
        Silence(2.0),
    ]
    assert runs('<phoneme alphabet="IPA" ph="tʃɪps">cri<sub alias="x">s</sub>ps</phoneme>b')[0] == Phonemes(
        "tʃɪps", STYLE, Place(1, 8)
    )
    assert [run.text for run in runs('<sub alias="World Wide Web">WWW</sub> b') if isinstance(run, Words)] == [
        "World Wide Web",
        " b",
    ]
    assert runs("<p>a</p>b") == [End(), Words("a", STYLE, Place(1, 11)), End(), Words("b", STYLE, Place(1, 16))]


def test_plain_marks_within_ssml() -> None:
    assert runs("a [pause 1s][[kæt]]") == [
        Words("a ", STYLE, Place(1, 8)),
        Silence(1.0),
        Phonemes("kæt", STYLE, Place(1, 22)),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<speak>a &lt b</speak>", "line 1, column 13: the SSML is not well-formed XML"),
        ("<speak>\na", "line 2, column 2: .*no element found"),
        ("<speak>\n<p>a</s></speak>", "line 2, column 7: .*mismatched tag"),
        ("<speak>&nbsp;</speak>", "line 1, column 8: .*undefined entity"),
        (
            "<speak>\n  <say-as>5</say-as></speak>",
            "line 2, column 3: <say-as> is not supported: within <speak> there may",
        ),
        ("<speak><speak>a</speak></speak>", "column 8: <speak> is not supported here"),
        ("<?xml version='1.0'?><p>a</p>", "column 22: SSML begins with <speak>, not with <p>"),
        (
            '<speak><prosody volume="loud">a</prosody></speak>',
            "<prosody> has no attribute volume here; it may have rate",
        ),
        ('<speak><prosody rate="quick">a</prosody></speak>', 'rate="quick"> is no rate: give one such as 80%'),
        ('<speak><prosody pitch="200Hz">a</prosody></speak>', 'pitch="200hz"> is no pitch: give one such as'),
        ('<speak><prosody rate="0">a</prosody></speak>', "makes the rate 0 times the usual"),
        ('<speak><prosody rate="900%">a</prosody></speak>', "makes the rate 9 times the usual; from 0.2 to 5"),
        ('<speak><prosody pitch="+99999st">a</prosody></speak>', "makes the pitch"),
        ('<speak><break time="soon"/></speak>', 'column 8: <break time="soon"> has no duration'),
        ('<speak><break strength="very"/></speak>', 'strength="very">: give none, x-weak'),
        ("<speak><voice>a</voice></speak>", "<voice> has no name"),
        ("<speak><lang>a</lang></speak>", "<lang> has no language"),
        ('<speak><lang xml:lang="x y">a</lang></speak>', "language 'x y' is no language code"),
        ('<speak><phoneme alphabet="x-sampa" ph="a">a</phoneme></speak>', "the one alphabet here is ipa"),
        ("<speak><phoneme>a</phoneme></speak>", "<phoneme> has no phonemes"),
        ("<speak><sub>a</sub></speak>", "<sub> says nothing without an alias"),
    ],
)
def test_broken_ssml_is_named_with_its_place(text: str, said: str) -> None:
    with pytest.raises(TextError, match=said):
        ssml_runs(text, STYLE)


def test_the_first_line_counts() -> None:
    with pytest.raises(TextError, match=r"^line 12, column 1: <x>"):
        ssml_runs("\n\n<speak>\n<x/></speak>", STYLE, first_line=9)


@pytest.mark.parametrize(
    "declared",
    [
        '<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">',
        '<!ENTITY a SYSTEM "file:///etc/passwd">',
        '<!ENTITY % a SYSTEM "http://localhost/x"> %a;',
    ],
)
def test_no_entities(declared: str) -> None:
    with pytest.raises(TextError, match=r"a document type \(<!DOCTYPE>\) is not read in SSML: remove it"):
        ssml_runs(f"<!DOCTYPE speak [{declared}]><speak>&c;</speak>", STYLE)

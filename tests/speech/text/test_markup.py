"""Marks within plain text: phonemes and pauses."""

from __future__ import annotations

import pytest

from foretell.errors import TextError
from foretell.speech.text.markup import marked_runs
from foretell.speech.text.runs import Phonemes, Place, Run, Silence, Style, Words

STYLE = Style("en", "ann", 1.5)


def runs(text: str) -> list[Run]:
    return list(marked_runs(text, STYLE))


def test_runs_in_their_order_and_places() -> None:
    assert runs("Say [[təˈmɑːtəʊ]],\nthen [pause 500ms]go") == [
        Words("Say ", STYLE, Place(1, 1)),
        Phonemes("təˈmɑːtəʊ", STYLE, Place(1, 7)),
        Words(",\nthen ", STYLE, Place(1, 18)),
        Silence(0.5),
        Words("go", STYLE, Place(2, 19)),
    ]
    assert runs("a [b] c") == [Words("a [b] c", STYLE)]
    assert runs("") == []


@pytest.mark.parametrize(
    ("mark", "seconds"),
    [
        ("[pause 500ms]", 0.5),
        ("[pause 1.5 s]", 1.5),
        ("[PAUSE  .25s]", 0.25),
        ("[ pause 0ms ]", 0),
        ("[pause 60s]", 60),
    ],
)
def test_pauses(mark: str, seconds: float) -> None:
    assert runs(mark) == [Silence(seconds)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("so [[kæt", r"line 1, column 4: \[\[ begins phonemes, but \]\] does not end them"),
        ("a\nb [[ ]]", r"line 2, column 3: \[\[ \]\] holds no phonemes"),
        ("[pause]", r"line 1, column 1: \[pause\] has no duration from 0 to 60 s"),
        ("[pause 5 min]", "no duration"),
        ("[pause -1s]", "no duration"),
        ("[pause 61s]", "no duration"),
        ("[pause 500]", "give one such as 500ms or 1.5s"),
    ],
)
def test_broken_marks_are_named_with_their_place(text: str, said: str) -> None:
    with pytest.raises(TextError, match=said):
        runs(text)

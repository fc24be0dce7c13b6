from __future__ import annotations

import numpy as np
import pytest
import torch

from foretell.caption.colour_words import ColourWords, require_said
from foretell.errors import SettingsError
from foretell.text.vocabulary import END, PAD, START, Vocabulary

CAPTIONS = [["a red, round ball.", "red/blue stripes"], ["Red \u2014 and turquoise!"], ["no colour at all"]]
COLOURS = ("red", "Blue", "turquoise")


@pytest.fixture
def vocabulary() -> Vocabulary:
    return Vocabulary.learn([text for texts in CAPTIONS for text in texts], 300, least=1)


def untold(vocabulary: Vocabulary, picture: int, caption: int, longest: int = 100) -> tuple[bool, str, str]:
    """Whether it was done, and what then is read and due, with # where nothing is due."""
    row = [START, *vocabulary.encode([CAPTIONS[picture][caption]])[0], END][: longest + 1]
    fed, due = torch.tensor(row[:-1]), torch.tensor(row[1:])
    random = np.random.default_rng(0)
    done = ColourWords(COLOURS, vocabulary, CAPTIONS).untell(picture, caption, fed, due, random)
    hash_sign = vocabulary.encode(["#"])[0][-1]
    shown = torch.where(due == PAD, hash_sign, due)
    return done, *vocabulary.decode([fed.tolist(), shown.tolist()])


def test_the_rest_of_a_caption_is_still_asked(vocabulary: Vocabulary) -> None:
    done, _, due = untold(vocabulary, 0, 0)
    assert done
    assert "".join(sorted({*due})) == "".join(sorted({*"a#, round ball."}))
    assert due.replace("#", "") == "a, round ball."
    assert untold(vocabulary, 0, 1)[2].replace("#", "") == "/ stripes"
    assert untold(vocabulary, 1, 0)[2].replace("#", "") == " \u2014 and!"
    assert untold(vocabulary, 2, 0) == (True, "no colour at all", "no colour at all")


def test_where_a_colour_was_read_another_is(vocabulary: Vocabulary) -> None:
    colours = ColourWords(COLOURS, vocabulary, CAPTIONS)
    row = vocabulary.encode([CAPTIONS[0][0]])[0]
    random = np.random.default_rng(0)
    seen = set()
    for _ in range(100):
        fed, due = torch.tensor([START, *row]), torch.tensor([*row, END])
        colours.untell(0, 0, fed, due, random)
        changed = fed != torch.tensor([START, *row])
        hidden = torch.cat([torch.tensor([False]), due[:-1] == PAD])
        assert not (changed & ~hidden).any()
        seen |= {*fed[hidden].tolist()}
    assert len(seen) > 3
    pieces = [vocabulary.decode([[token]])[0].strip().casefold() for token in seen]
    assert all(any(piece in colour for colour in ("red", "blue", "turquoise")) for piece in pieces)


def test_what_is_cut_off_before_anything_else_is_left_alone(vocabulary: Vocabulary) -> None:
    done, read, _ = untold(vocabulary, 1, 0, longest=1)
    assert (done, read) == (False, "")
    assert untold(vocabulary, 0, 0, longest=1)[0]


def test_words_that_no_caption_has_are_refused() -> None:
    require_said(COLOURS, CAPTIONS)
    require_said([], [])
    with pytest.raises(SettingsError, match=r"colour_words: no caption has the word mauve, roun$"):
        require_said(["red", "Mauve", "roun"], CAPTIONS)


@pytest.mark.parametrize(
    ("word", "text", "rest"),
    [
        (
            "\u0932\u093e\u0932",
            "\u090f\u0915 \u0932\u093e\u0932 \u0917\u0947\u0902\u0926",
            "\u090f\u0915 \u0917\u0947\u0902\u0926",
        ),
        ("ros\u00e9", "a ROSE\u0301 dress", "a dress"),
        ("red", "a red_circle", "a_circle"),
    ],
    ids=["Hindi, with vowel signs", "an accent by itself", "a part of a name"],
)
def test_words_of_any_script(word: str, text: str, rest: str) -> None:
    vocabulary = Vocabulary.learn([text], 300, least=1)
    require_said([word], [[text]])
    row = vocabulary.encode([text])[0]
    fed, due = torch.tensor([START, *row]), torch.tensor([*row, END])
    colours = ColourWords([word], vocabulary, [[text]])
    assert colours.untell(0, 0, fed, due, np.random.default_rng(0))
    assert vocabulary.decode([[token for token in due.tolist() if token != PAD]]) == [rest]


def test_a_word_within_another_is_none() -> None:
    with pytest.raises(SettingsError):
        require_said(["rose"], [["a rose\u0301 dress"]])


def test_without_words_there_are_none(vocabulary: Vocabulary) -> None:
    assert not ColourWords((), vocabulary, CAPTIONS)
    assert ColourWords(("red",), vocabulary, CAPTIONS)

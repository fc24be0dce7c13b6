"""Sentences: what ends one, what does not, and how a long one is cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foretell.speech.text.sentences import LONGEST, ends_sentence, finished, sentences


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("One. Two! Three? Four", "en", ["One.", "Two!", "Three?", "Four"]),
        ("Dr. Smith met Mrs. Lee. She left.", "en", ["Dr. Smith met Mrs. Lee.", "She left."]),
        ("J. S. Bach wrote it. I know.", "en", ["J. S. Bach wrote it.", "I know."]),
        ("It is I. You?", "en", ["It is I.", "You?"]),
        ("Pi is 3.14. Yes.", "en", ["Pi is 3.14.", "Yes."]),
        ("In the U.S. Army. Now.", "en", ["In the U.S. Army.", "Now."]),
        ("See No. 5. No. Never.", "en", ["See No. 5.", "No.", "Never."]),
        ('"Stop!" he said. "Why?" She went.', "en", ['"Stop!" he said.', '"Why?"', "She went."]),
        ("Well... maybe. Wait... No.", "en", ["Well... maybe.", "Wait...", "No."]),
        ("What?! No!!", "en", ["What?!", "No!!"]),
        ("Head\n\nBody text", "en", ["Head", "Body text"]),
        ("One\nline. Two", "en", ["One\nline.", "Two"]),
        ("Am 3. März 1999. Danke.", "de", ["Am 3. März 1999.", "Danke."]),
        ("Das ist z.B. Obst. Und z. B. Brot.", "de", ["Das ist z.B. Obst.", "Und z. B. Brot."]),
        ("M. Dupont est là. Il dort.", "fr", ["M. Dupont est là.", "Il dort."]),
        ("El Sr. Pérez y EE. UU. ganan. Sí.", "es", ["El Sr. Pérez y EE. UU. ganan.", "Sí."]),
        ("Il Prof. Rossi. E Sig.ra Verdi.", "it", ["Il Prof. Rossi.", "E Sig.ra Verdi."]),
        ("Он живёт на ул. Ленина. Да.", "ru", ["Он живёт на ул. Ленина.", "Да."]),
        ("", "en", []),
        (" \n ", "en", []),
    ],
)
def test_sentences(text: str, language: str, expected: list[str]) -> None:
    assert list(sentences(text, language)) == expected


def test_a_long_sentence_is_cut_at_a_pause_or_else_at_a_space() -> None:
    text = 30 * "and so it went on, " + "until it ended."
    pieces = list(sentences(text, "en"))
    assert len(pieces) == 2
    assert pieces[0].endswith("on,")
    assert " ".join(pieces) == text
    assert [len(piece) for piece in sentences("a" * 1000, "en")] == [LONGEST, LONGEST, 200]
    assert all(len(piece) <= LONGEST for piece in sentences(500 * "word ", "en"))


@given(st.text(st.sampled_from("aB .!?,\n\"'…"), max_size=60))
def test_nothing_is_lost(text: str) -> None:
    assert "".join("".join(sentences(text, "en")).split()) == "".join(text.split())
    done, rest = finished(text, "en")
    assert done + rest == text


def test_finished() -> None:
    assert finished("One. Two. Thr", "en") == ("One. Two.", " Thr")
    assert finished("One. Two.", "en") == ("One.", " Two.")
    assert finished("One. Dr. Smith", "en") == ("One.", " Dr. Smith")
    assert finished("nothing", "en") == ("", "nothing")


def test_ends_sentence() -> None:
    assert ends_sentence("It ends. ", "en")
    assert ends_sentence('"Really?"', "en")
    assert not ends_sentence("Said Dr.", "en")
    assert not ends_sentence("It goes on,", "en")
    assert not ends_sentence("", "en")

"""Vocabularies: nothing is lost in subwords, words are counted, and a definition comes back as it was."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foretell.errors import SettingsError
from foretell.text.vocabulary import END, PAD, START, UNKNOWN, Vocabulary

_TEXTS = ["The cat sat on the mat.", "the dog sat on the log .", "Ein Männlein steht im Walde", "the end"] * 3


@pytest.fixture(scope="module")
def subwords() -> Vocabulary:
    return Vocabulary.learn(_TEXTS, 400)


@pytest.mark.parametrize("text", ["The cat sat.", "", "  two  spaces ", "<end> of <pad>", "日本 🙂 Ω", "line\nbreak\t"])
def test_subwords_give_every_text_back(subwords: Vocabulary, text: str) -> None:
    rows = subwords.encode([text])
    assert all(token > END for token in rows[0])
    assert subwords.decode(rows)[0].strip(" ") == text.strip(" ")


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=st.characters(categories=["L", "N", "P", "S"], max_codepoint=0x2FF), max_size=40))
def test_subwords_give_any_text_back(subwords: Vocabulary, text: str) -> None:
    assert subwords.decode(subwords.encode([text])) == [text]


def test_learning_is_repeatable_and_the_definition_complete(subwords: Vocabulary) -> None:
    again = Vocabulary.learn(_TEXTS, 400)
    copy = Vocabulary(subwords.to_json())
    assert again.to_json() == subwords.to_json() == copy.to_json()
    assert copy.encode(["the <end>"]) == subwords.encode(["the <end>"])


def test_words_are_in_lower_case_and_rare_ones_unknown() -> None:
    words = Vocabulary.learn(_TEXTS, 100, "words", least=3)
    assert words.units == "words"
    assert words.encode(["THE Cat, zebra"])[0] == [
        words.encode(["the"])[0][0],
        *words.encode(["cat"])[0],
        UNKNOWN,
        UNKNOWN,
    ]
    assert words.token(words.encode(["the"])[0][0]) == "the"


def test_no_more_tokens_than_asked_for() -> None:
    assert len(Vocabulary.learn(_TEXTS, 300)) <= 300
    assert len(Vocabulary.learn(_TEXTS, 8, "words")) == 8


def test_special_tokens_say_nothing(subwords: Vocabulary) -> None:
    row = subwords.encode(["the end"])[0]
    assert subwords.decode([[START, *row, END, PAD, PAD]]) == ["the end"]


@pytest.mark.parametrize(("size", "units"), [(0, "subwords"), (256, "subwords"), (3, "words"), (500, "letters")])
def test_absurd_sizes_and_units_are_refused(size: int, units: str) -> None:
    with pytest.raises(SettingsError, match=r"units|vocabulary"):
        Vocabulary.learn(_TEXTS, size, units)  # type: ignore[arg-type]


_FIRST = {"<pad>": 0, "<unknown>": 1, "<start>": 2, "<end>": 3}


def _definition(kind: str = "BPE", vocab: Any = None, merges: Any = ()) -> str:
    tokens = {**_FIRST, "a": 4, "b": 5, "ab": 6} if vocab is None else vocab
    return json.dumps({"model": {"type": kind, "vocab": tokens, "merges": list(merges)}})


@pytest.mark.parametrize(
    "definition",
    [
        "", "{}", "[]", "null", "[" * 100_000,
        _definition("Unigram"), _definition(vocab={}), _definition(vocab=[]), _definition(vocab={"a": 0}),
        _definition(vocab={**_FIRST, "a": 5}), _definition(vocab={**_FIRST, "a": 3}),
        _definition(vocab={**_FIRST, "a": "4"}), _definition(vocab={**_FIRST, "a": True}),
        _definition(vocab={"<pad>": 1, "<unknown>": 0, "<start>": 2, "<end>": 3}),
        _definition(merges=[["a", "c"]]), _definition(merges=[["b", "a"]]), _definition(merges=[["a"]]),
        _definition(vocab={**_FIRST, "\ud800": 4}),
        _definition(merges=["a b"]), _definition(merges=[["a", 1]]), _definition(merges=[None]),
    ],
)  # fmt: skip
def test_a_damaged_definition_is_a_value_error(definition: str) -> None:
    with pytest.raises(ValueError, match="not a vocabulary"):
        Vocabulary(definition)


def test_of_a_stranger_tokens_and_merges_alone_are_taken(subwords: Vocabulary) -> None:
    strange = json.loads(subwords.to_json())
    strange["normalizer"] = {"type": "Precompiled", "precompiled_charsmap": ""}  # tokenizers panics on it
    strange["pre_tokenizer"] = {"type": "Split", "pattern": {"Regex": "("}, "behavior": "Isolated", "invert": False}
    strange["post_processor"] = strange["truncation"] = strange["padding"] = {"type": "nonsense"}
    strange["added_tokens"] = [{"id": 10**9, "content": "the"}]
    taken = Vocabulary(json.dumps(strange))
    assert taken.to_json() == subwords.to_json()
    assert taken.encode(_TEXTS) == subwords.encode(_TEXTS)


@pytest.mark.parametrize("again", [copy.deepcopy, lambda vocabulary: pickle.loads(pickle.dumps(vocabulary))])
def test_a_copy_is_the_same(subwords: Vocabulary, again: Callable[[Vocabulary], Vocabulary]) -> None:
    assert again(subwords).to_json() == subwords.to_json()
    assert again(subwords).encode(["the <end> of it"]) == subwords.encode(["the <end> of it"])

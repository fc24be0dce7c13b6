"""The symbols that a model saves, and segments in other symbols than those."""

from __future__ import annotations

import pytest

from foretell.errors import ModelError
from foretell.speech.text import SymbolTable
from foretell.speech.text.ipa import read_ipa
from foretell.speech.text.symbol_table import replacements_in_words
from foretell.speech.utterance import Segment


def segment(ipa: str) -> Segment:
    found = read_ipa(ipa)
    return Segment(found.symbols, found.stress, "en", rate=1.5, pause_after=0.2)


TABLE = SymbolTable.of([segment("kæt, dɒɡ."), segment("sɪt æt iz.")])


def test_numbers_and_json() -> None:
    assert TABLE.symbols == tuple(sorted({*"kætdɒɡsɪiz", ",", ".", " "}))
    assert TABLE.numbers(["æ", "t", "."]) == [TABLE.symbols.index(symbol) for symbol in ("æ", "t", ".")]
    assert "k" in TABLE
    assert "y" not in TABLE
    assert SymbolTable.from_json(TABLE.to_json()) == TABLE
    assert len(TABLE) == len(TABLE.to_json())


def test_rare_symbols_are_left_out() -> None:
    assert "s" not in SymbolTable.of([segment("kæt kæt s")], at_least=2)
    assert "k" in SymbolTable.of([segment("kæt kæt s")], at_least=2)


@pytest.mark.parametrize(
    ("content", "said"),
    [({}, "not a list"), (["a", 1], "not a list"), (["a", "Q"], "'Q' is no IPA"), (["a", "a"], "twice")],
)
def test_a_damaged_table(content: object, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        SymbolTable.from_json(content)


def test_foreign_sounds_are_replaced_and_named() -> None:
    adapted, replaced = TABLE.adapted(segment("ˈty, t͡sa!"))
    assert adapted.symbols == ("t", "i", ",", "t", "s", "æ", ".")
    assert adapted.stress == (0, 1, 0, 0, 0, 0, 0)
    assert (adapted.rate, adapted.pause_after) == (1.5, 0.2)
    assert replaced == {"y": ("i",), "t͡s": ("t", "s"), "a": ("æ",), "!": (".",)}
    assert replacements_in_words(replaced).endswith("y by i, t͡s by t s, a by æ")
    assert replacements_in_words({"!": (".",), " ": ()}) == ""


def test_known_segments_are_left_as_they_are() -> None:
    same = segment("kæt.")
    assert TABLE.adapted(same) == (same, {})

from __future__ import annotations

import pytest

from foretell.errors import TextError
from foretell.text import bleu


def test_bleu_is_sacrebleus() -> None:
    perfect = bleu(["The cat sat on the mat."], ["The cat sat on the mat."])
    assert perfect.score == pytest.approx(100)
    assert perfect.sentences == 1
    assert "tok:13a" in perfect.signature
    assert "case:mixed" in perfect.signature
    # Six of seven words are right, four of six pairs, two of five threes, one of four fours.
    score = bleu(["The cat sat on a mat."], ["The cat sat on the mat."]).score
    assert score == pytest.approx(100 * (6 / 7 * 4 / 6 * 2 / 5 * 1 / 4) ** 0.25)


def test_unequal_numbers_and_none() -> None:
    with pytest.raises(TextError, match="2 translations and 1 references"):
        bleu(["a", "b"], ["a"])
    with pytest.raises(TextError, match="0 translations"):
        bleu([], [])

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from foretell import TextError
from foretell.text.classification.reading import Reading
from foretell.text.classification.settings import ClassifierSettings
from foretell.text.vocabulary import END, UNKNOWN

_TEXTS = ["The film is fine", "the film is dull", "a FINE thing", "Nobody expects it"]
_LABELS = np.array([0, 1, 0, 1])


def test_words_that_come_up_once_are_counted_and_not_told_apart(tiny: Callable[..., ClassifierSettings]) -> None:
    reading, read = Reading.learn(_TEXTS, _LABELS, 2, tiny())
    known = {reading.vocabulary.token(k) for k in range(END + 1, reading.tokens)}
    assert known == {"the", "film", "is", "fine"}
    assert len(reading.vocabulary) == END + 1 + 10
    words, short = reading.counters
    assert (words.vocabulary, words.bayes.in_a_row, short.bayes.in_a_row) == (None, 2, 4)
    assert 10 < len(words.bayes.keys) < len(short.bayes.keys)
    assert read.evidence.shape == (4, 2, 2)
    assert len(read) == 4
    again = reading.read(_TEXTS)
    assert all(np.array_equal(a, b) for a, b in zip(read.rows, again.rows, strict=True))
    assert reading.unknown(again) == pytest.approx(6 / 14)
    assert not np.array_equal(read.evidence, again.evidence)


def test_a_small_vocabulary(tiny: Callable[..., ClassifierSettings]) -> None:
    texts = [f"word{k} word{k}" for k in range(1000)]
    reading, _ = Reading.learn(texts, np.arange(1000) % 2, 2, tiny(vocabulary=300))
    assert reading.tokens == 300


def test_without_counts(tiny: Callable[..., ClassifierSettings]) -> None:
    reading, read = Reading.learn(_TEXTS, _LABELS, 2, tiny(counted=0))
    assert reading.counters == ()
    assert read.evidence.shape == (4, 0, 2)
    assert reading.read(["the film"]).evidence.shape == (1, 0, 2)


def test_subwords_know_every_text(tiny: Callable[..., ClassifierSettings]) -> None:
    reading, _ = Reading.learn(_TEXTS, _LABELS, 2, tiny(units="subwords"))
    read = reading.read(["日本の映画 🙂", "THE film", "the film"])
    assert all(UNKNOWN not in row and len(row) for row in read.rows)
    assert np.array_equal(read.rows[1], read.rows[2])
    assert reading.tokens == len(reading.vocabulary)
    assert reading.unknown(read) == 0.0


def test_of_a_long_text_beginning_and_end_are_read_and_all_is_counted(
    tiny: Callable[..., ClassifierSettings],
) -> None:
    reading, _ = Reading.learn(_TEXTS, _LABELS, 2, tiny(longest=5))
    long = "the film is " + "zebra " * 10_000 + "fine"
    read = reading.read([long, "the film is fine thing"])
    assert read.cut == 1
    words = [reading.vocabulary.token(k) for k in read.rows[0]]
    assert words == ["the", "film", "is", "<unknown>", "fine"]
    assert np.array_equal(read.evidence, reading.read([long, _TEXTS[0]]).evidence) is False
    assert read.evidence[0, 0].argmax() == 0


def test_empty_and_strange_texts(tiny: Callable[..., ClassifierSettings]) -> None:
    reading, _ = Reading.learn(_TEXTS, _LABELS, 2, tiny())
    read = reading.read(["", " \n", "\u200b", "ωμέγα"])
    assert [len(row) for row in read.rows[:2]] == [0, 0]
    assert (read.evidence[0] == 0).all()
    assert (read.evidence[:, 0] == 0).all()
    assert reading.read([]).evidence.shape == (0, 2, 2)
    with pytest.raises(TextError, match="Unicode"):
        reading.read(["half a \ud800"])

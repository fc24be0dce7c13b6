"""Texts as a classifier takes them: tokens in order, and what naive Bayes says of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foretell.field_types import read_value
from foretell.text.classification.naive_bayes import NaiveBayes, Row
from foretell.text.classification.settings import ClassifierSettings
from foretell.text.vocabulary import END, UNKNOWN, Vocabulary

_MOST_COUNTED = 1_000_000
"""Different tokens in all: those that no network tells apart are counted."""
_SHORT = 600
"""Subwords of the second count: the bytes, and the few that are most frequent."""
_IN_A_ROW, _SHORT_IN_A_ROW = 2, 4
_AT_ONCE = 4096


@dataclass(frozen=True)
class ReadTexts:
    """N texts, read."""

    rows: list[Row]
    """The tokens of each that the network reads."""
    evidence: NDArray[np.float32]
    """(N, K, C) of each naive Bayes."""
    cut: int
    """Number of texts that are longer than the network reads."""

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True)
class Counter:
    """A naive Bayes, and the vocabulary of what it counts; None is that of the network."""

    bayes: NaiveBayes
    vocabulary: Vocabulary | None


class Reading:
    """How texts are read: the vocabulary, how many of its tokens the network tells apart, and what is counted."""

    def __init__(
        self, vocabulary: Vocabulary, tokens: int, classes: int, counters: Sequence[Counter], longest: int
    ) -> None:
        self.vocabulary = vocabulary
        self.tokens = tokens
        self.classes = classes
        self.counters = tuple(counters)
        self.features = tuple(len(counter.bayes.keys) for counter in counters)
        """Return the number of features of each."""
        self._longest = longest

    def to_json(self) -> dict[str, Any]:
        """All of it but the arrays of naive Bayes."""
        return {
            "vocabulary": self.vocabulary.to_json(),
            "tokens": self.tokens,
            "classes": self.classes,
            "longest": self._longest,
            "counters": [
                {
                    "features": features,
                    "in_a_row": counter.bayes.in_a_row,
                    "vocabulary": None if counter.vocabulary is None else counter.vocabulary.to_json(),
                }
                for counter, features in zip(self.counters, self.features, strict=True)
            ],
        }

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Reading:
        """What `to_json` gave, as yet without what was counted: see `with_arrays`. Raises ValueError and the like."""
        tokens, classes, longest = (_number(plain[name]) for name in ("tokens", "classes", "longest"))
        counters = []
        for part in plain["counters"]:
            bayes = NaiveBayes(np.empty(0, np.int64), np.empty((0, 0), np.float32), _number(part["in_a_row"]))
            own = part["vocabulary"]
            counters.append(Counter(bayes, None if own is None else Vocabulary(own)))
        reading = cls(Vocabulary(plain["vocabulary"]), tokens, classes, counters, longest)
        reading.features = tuple(_number(part["features"]) for part in plain["counters"])
        return reading

    def with_arrays(self, arrays: Sequence[tuple[NDArray[np.int64], NDArray[np.float32]]]) -> Reading:
        """The same with the keys and the table of each naive Bayes. Raises ValueError for what they cannot be."""
        counters = [
            Counter(NaiveBayes(keys, table, counter.bayes.in_a_row), counter.vocabulary)
            for counter, (keys, table) in zip(self.counters, arrays, strict=True)
        ]
        return Reading(self.vocabulary, self.tokens, self.classes, counters, self._longest)

    @classmethod
    def learn(
        cls, texts: Sequence[str], labels: NDArray[np.int64], classes: int, settings: ClassifierSettings
    ) -> tuple[Reading, ReadTexts]:
        """Learn how to read from texts with their class numbers `(N,)`; returns these too, read.

        Their evidence is that of other texts' counts: see `NaiveBayes.learn`.
        """
        words = settings.units == "words"
        size = max(_MOST_COUNTED, settings.vocabulary) if words and settings.counted else settings.vocabulary
        vocabulary = Vocabulary.learn(map(_plain, texts), size, settings.units, least=1 if words else 2)
        rows = _rows(vocabulary, texts)
        tokens = len(vocabulary)
        if words:
            # Tokens are in the order of their frequency. A word that was read but once tells its label by heart.
            times = np.bincount(np.concatenate([np.zeros(0, dtype=np.int32), *rows]), minlength=tokens)[END + 1 :]
            tokens = END + 1 + min(int((times > 1).sum()), settings.vocabulary - END - 1)
        counters: list[Counter] = []
        evidence: list[NDArray[np.float32]] = []
        if settings.counted:
            short = Vocabulary.learn(map(_plain, texts), _SHORT)
            for counted, own, in_a_row in ((rows, None, _IN_A_ROW), (_rows(short, texts), short, _SHORT_IN_A_ROW)):
                bayes, found = NaiveBayes.learn(counted, labels, classes, settings.counted, in_a_row)
                counters.append(Counter(bayes, own))
                evidence.append(found)
        reading = cls(vocabulary, tokens, classes, counters, settings.longest)
        return reading, reading._read(rows, evidence)

    def read(self, texts: Sequence[str]) -> ReadTexts:
        """The texts, read. Raises `TextError` for one that is no Unicode."""
        rows = _rows(self.vocabulary, texts)
        evidence = [
            counter.bayes.evidence(rows if counter.vocabulary is None else _rows(counter.vocabulary, texts))
            for counter in self.counters
        ]
        return self._read(rows, evidence)

    def unknown(self, texts: ReadTexts) -> float:
        """The share of the texts' tokens that the network does not tell apart."""
        tokens = np.concatenate([np.zeros(0, dtype=np.int32), *texts.rows])
        return float(((tokens == UNKNOWN) | (tokens >= self.tokens)).mean()) if len(tokens) else 0.0

    def _read(self, rows: list[Row], evidence: Sequence[NDArray[np.float32]]) -> ReadTexts:
        begin, end = self._longest - self._longest // 2, self._longest // 2
        cut = sum(len(row) > self._longest for row in rows)
        if cut:
            rows = [np.concatenate([row[:begin], row[-end:]]) if len(row) > self._longest else row for row in rows]
        none = np.zeros((len(rows), 0, self.classes), dtype=np.float32)
        return ReadTexts(rows, np.stack(evidence, 1) if evidence else none, cut)


def _number(found: Any) -> int:
    """A stranger's number of things. Raises ValueError for what is none."""
    number: int = read_value(int, found)
    if number < 0:
        raise ValueError(f"{number} cannot be a number of things")
    return number


def _rows(vocabulary: Vocabulary, texts: Sequence[str]) -> list[Row]:
    rows: list[Row] = []
    for start in range(0, len(texts), _AT_ONCE):
        part = vocabulary.encode([_plain(text) for text in texts[start : start + _AT_ONCE]])
        rows += [np.array(row, dtype=np.int32) for row in part]
    return rows


def _plain(text: str) -> str:
    """In lower case, which a vocabulary of subwords keeps apart."""
    return text.lower()

"""Naive Bayes over tokens and some in a row: what the pieces of a text say of its class, wherever they stand.

For sentences it is hard to beat (Wang & Manning, 2012), and it needs no training: `n_fc` texts of class c hold the
feature f, a token or some in a row, which speaks for the class by `l_fc = log((n_fc + 1) / (n_c + F))`; `n_c` is the
sum of `n_fc` over all F features. From `l_f` its mean over the classes is taken. A text's evidence is the sum over its
features, divided by the square root of their number: features are not independent, so the plain sum grows too sure with
a text's length.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import compress
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from foretell.text.vocabulary import END

_MOST_CELLS = 1 << 24
_AT_ONCE = 1 << 23
"""Features, times classes where they have any: what is worked on together, so that the work needs little memory."""
_PARTS = 10

Row = NDArray[np.int32]


class NaiveBayes:
    """The table of evidence: for each feature, by its key, what it says for each of C classes."""

    def __init__(self, keys: NDArray[np.int64], table: NDArray[np.float32], in_a_row: int) -> None:
        """`keys` `(F,)`, ascending; `table` `(F, C)`; `in_a_row`: tokens of a feature, at most.

        Raises ValueError for others.
        """
        if not 1 <= in_a_row <= 8:
            raise ValueError("in_a_row must be from 1 to 8")
        if keys.ndim != 1 or table.ndim != 2 or len(keys) != len(table) or bool((np.diff(keys) <= 0).any()):
            raise ValueError("keys must ascend, and the table must have a row for each")
        self.keys = keys
        self.table = table
        self.in_a_row = in_a_row

    @classmethod
    def learn(
        cls, rows: Sequence[Row], labels: NDArray[np.int64], classes: int, most: int, in_a_row: int
    ) -> tuple[NaiveBayes, NDArray[np.float32]]:
        """Count the tokens of N texts and their runs of up to `in_a_row`, and keep the `most` frequent.

        `labels` `(N,)` are class numbers. Returns also the evidence `(N, C)` of these texts, those of each tenth judged
        by the counts of the other nine, so that what is learned with it holds for new texts too. (To leave out but the
        text itself would not do: what its own count makes for each feature tells its label to whoever knows the
        features.)
        """
        keys = _frequent(rows, min(most, _MOST_CELLS // classes), in_a_row)
        unlearned = cls(keys, np.zeros((len(keys), classes), dtype=np.float32), in_a_row)
        counts = unlearned._counts(rows, labels)
        learned = cls(keys, _table(counts), in_a_row)
        evidence = np.zeros((len(rows), classes), dtype=np.float32)
        # Equal texts go together.
        part_of = np.array([crc32(row.tobytes()) % _PARTS for row in rows], dtype=np.int64)
        for part in range(_PARTS):
            own = np.flatnonzero(part_of == part)
            own_rows = list(compress(rows, part_of == part))
            others = counts - learned._counts(own_rows, labels[own])
            there = others.sum(1) > 0
            evidence[own] = cls(keys[there], _table(others[there]), in_a_row).evidence(own_rows)
        return learned, evidence

    def evidence(self, rows: Sequence[Row]) -> NDArray[np.float32]:
        """What the texts' features say for each class, `(N, C)`: those never counted say nothing."""
        parts = [
            _tempered(_summed(text, self.table[feature].astype(np.float64), texts), text)
            for texts, text, feature in self._found(rows)
        ]
        return np.concatenate([np.zeros((0, self.table.shape[1])), *parts]).astype(np.float32)

    def _counts(self, rows: Sequence[Row], labels: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the number of texts that contain each feature, by class, `(F, C)`."""
        counts, start = np.zeros(self.table.shape, dtype=np.int64), 0
        for texts, text, feature in self._found(rows):
            np.add.at(counts, (feature, labels[start + text]), 1)
            start += texts
        return counts

    def _found(self, rows: Sequence[Row]) -> Iterator[tuple[int, NDArray[np.int64], NDArray[np.int64]]]:
        """For some texts at a time: how many, and each known feature of each, once: the text's and its own number."""
        for part in _portions(rows, _AT_ONCE // (self.in_a_row * self.table.shape[1])):
            text, key = _features(part, self.in_a_row)
            at = np.searchsorted(self.keys, key)
            known = at < len(self.keys)
            known[known] = self.keys[at[known]] == key[known]
            yield len(part), text[known], at[known]


def _portions(rows: Sequence[Row], tokens: int) -> Iterator[Sequence[Row]]:
    """The rows, some at a time: of so many tokens together, nearly."""
    ends = np.cumsum([len(row) + 1 for row in rows])
    start = 0
    while start < len(rows):
        before = ends[start - 1] if start else 0
        end = max(start + 1, int(np.searchsorted(ends, before + tokens, side="right")))
        yield rows[start:end]
        start = end


def _features(rows: Sequence[Row], in_a_row: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Each feature of each text once, in order: the numbers of the texts, and the features' keys.

    A token's key is its number; that of a run holds the tokens' numbers side by side in its bits. What is unknown, and
    what only frames a text, is in no feature.
    """
    bits = 63 // in_a_row
    tokens = np.concatenate([np.zeros(0, dtype=np.int64), *rows]).astype(np.int64)
    text = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
    known = (tokens > END) & (tokens < 1 << bits)
    whole, run = known, tokens
    found = [(text[whole], run[whole])]
    for length in range(2, in_a_row + 1):
        # A run of that length: the one before it, and the token after that in the same text.
        after = length - 1
        whole = whole[:-1] & known[after:] & (text[after:] == text[: len(text) - after])
        run = run[:-1] << bits | tokens[after:]
        found.append((text[: len(whole)][whole], run[whole]))
    texts, keys = (np.concatenate(parts) for parts in zip(*found, strict=True))
    order = np.lexsort((keys, texts))
    texts, keys = texts[order], keys[order]
    first = np.ones(len(keys), dtype=np.bool_)
    first[1:] = (keys[1:] != keys[:-1]) | (texts[1:] != texts[:-1])
    return texts[first], keys[first]


def _frequent(rows: Sequence[Row], most: int, in_a_row: int) -> NDArray[np.int64]:
    """The keys of the features that the most texts hold `(F,)`, ascending.

    Of very many features the rare ones are forgotten now and then.
    """
    keys, times = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)

    def kept(number: int) -> NDArray[np.int64]:
        return np.sort(np.argsort(-times, kind="stable")[:number])

    for part in _portions(rows, _AT_ONCE // in_a_row):
        found, there = np.unique(_features(part, in_a_row)[1], return_counts=True)
        keys, place = np.unique(np.concatenate([keys, found]), return_inverse=True)
        times = np.bincount(place, weights=np.concatenate([times, there]), minlength=len(keys)).astype(np.int64)
        if len(keys) > max(2 * _AT_ONCE, 4 * most):
            chosen = kept(max(_AT_ONCE, 2 * most))
            keys, times = keys[chosen], times[chosen]
    return keys[kept(most)]


def _table(counts: NDArray[np.int64]) -> NDArray[np.float32]:
    """What each feature says for each class, from how many texts of the class hold it: `(F, C)` both."""
    spoken = np.log(counts + 1) - np.log(counts.sum(0) + max(len(counts), 1))
    centred: NDArray[np.float32] = (spoken - spoken.mean(1, keepdims=True)).astype(np.float32)
    return centred


def _summed(text: NDArray[np.int64], values: NDArray[np.float64], texts: int) -> NDArray[np.float64]:
    """The sums of the values `(M, C)` of each text, `(texts, C)`."""
    columns = [np.bincount(text, weights=column, minlength=texts) for column in values.T]
    return np.stack(columns, 1)


def _tempered(sums: NDArray[np.float64], text: NDArray[np.int64]) -> NDArray[np.float64]:
    """The sums `(texts, C)` over the features whose texts' numbers are given, by the root of their number."""
    divided: NDArray[np.float64] = sums / np.sqrt(np.maximum(np.bincount(text, minlength=len(sums)), 1))[:, None]
    return divided

"""Sounds cut into pieces that are short enough for a batch, and grouped with others of about their length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

_JITTER = 0.02


@dataclass(frozen=True)
class Piece:
    """The samples from `start` to `stop` of a sound; those from `start - context` on are read before them, unscored."""

    sound: int
    start: int
    stop: int
    context: int

    @property
    def length(self) -> int:
        """Samples to be computed."""
        return self.stop - self.start + self.context


def cut(lengths: Sequence[int], longest: int, receptive_field: int) -> list[Piece]:
    """The pieces of sounds of these lengths: each sound whole, or cut into equal ones of at most `longest` samples.

    A piece that goes on where another ended sees all that its first output can see: `receptive_field` samples more.
    That is the only work done twice; a position is scored once.
    """
    pieces = []
    for sound, length in enumerate(lengths):
        count = -(-length // longest)
        bounds = [length * k // count for k in range(count + 1)]
        pieces += [Piece(sound, start, stop, min(start, receptive_field)) for start, stop in pairwise(bounds)]
    return pieces


class Grouping:
    """Groups of at most `batch` pieces of about one length; pieces that begin a sound never with those that go on."""

    def __init__(self, pieces: Sequence[Piece], batch: int, seed: int) -> None:
        self.pieces = pieces
        self._batch = batch
        self._seed = seed
        self._kinds = [
            np.array([k for k, piece in enumerate(pieces) if bool(piece.context) is continued], dtype=np.int64)
            for continued in (False, True)
        ]
        self._lengths = np.array([piece.length for piece in pieces], dtype=np.float64)

    @cached_property
    def groups(self) -> int:
        """Groups in an epoch, that is a pass over all pieces."""
        return sum(-(-len(kind) // self._batch) for kind in self._kinds)

    def epoch(self, number: int) -> list[list[int]]:
        """The groups of epoch `number`, as positions in `pieces`: other groups in another order for each epoch.

        Which pieces meet follows from their lengths, give or take two percent.
        """
        random = np.random.default_rng([self._seed, number])
        found: list[list[int]] = []
        for kind in self._kinds:
            disturbed = self._lengths[kind] * random.uniform(1 - _JITTER, 1 + _JITTER, len(kind))
            order = kind[np.argsort(disturbed, kind="stable")]
            found += [order[k : k + self._batch].tolist() for k in range(0, len(order), self._batch)]
        return [found[k] for k in random.permutation(len(found))]

"""Rows of tokens in batches: rows of about one length together, so that little is padded."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from foretell.text.vocabulary import PAD


def padded(rows: Sequence[Sequence[int]], fill: int = PAD) -> tuple[Tensor, Tensor]:
    """The rows as one tensor `(B, T)` of int64, filled up with `fill`, and their lengths `(B,)`; T is at least 1."""
    lengths = [len(row) for row in rows]
    tokens = torch.full((len(rows), max(lengths, default=0) or 1), fill)
    for row, tokens_of_row in zip(rows, tokens, strict=True):
        tokens_of_row[: len(row)] = torch.tensor(row, dtype=torch.int64)
    return tokens, torch.tensor(lengths, dtype=torch.int64)


class ByLength:
    """Which rows make up batch n = 0, 1, ...: those of about one length; each row once an epoch, in a new order.

    A pure function of n and the seed, as training wants it. A batch has `size` rows; the last few of an epoch, too few
    for a batch, are other ones in every epoch and wait for the next.
    """

    def __init__(self, lengths: Sequence[int], size: int, seed: int, *, blur: float = 0.1) -> None:
        """`blur`: relative noise on the lengths before they are sorted, so that batches differ between passes."""
        self._lengths = np.asarray(lengths, dtype=np.float64)
        self._size = min(size, len(self._lengths))
        self._seed = seed
        self._blur = blur
        self._epoch: tuple[int, NDArray[np.int64]] | None = None
        self.batches_an_epoch = len(self._lengths) // self._size

    def rows(self, number: int) -> NDArray[np.int64]:
        """The rows of batch `number`."""
        epoch, place = divmod(number, self.batches_an_epoch)
        if self._epoch is None or self._epoch[0] != epoch:
            self._epoch = epoch, self._order(epoch)
        rows: NDArray[np.int64] = self._epoch[1][place]
        return rows

    def _order(self, epoch: int) -> NDArray[np.int64]:
        random = np.random.default_rng([self._seed, epoch])
        taken = random.permutation(len(self._lengths))[: self.batches_an_epoch * self._size]
        blurred = (self._lengths[taken] + 1) * (1 + self._blur * random.random(len(taken)))
        batches = taken[np.argsort(blurred, kind="stable")].reshape(self.batches_an_epoch, self._size)
        ordered: NDArray[np.int64] = random.permutation(batches)
        return ordered

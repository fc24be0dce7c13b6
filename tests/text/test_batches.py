"""Batches of rows by length: every row once an epoch, little padding, a function of the number alone."""

from __future__ import annotations

import numpy as np
import torch

from foretell.text.batches import ByLength, padded


def test_rows_are_filled_up() -> None:
    tokens, lengths = padded([[5, 6, 7], [], [8]])
    assert tokens.tolist() == [[5, 6, 7], [0, 0, 0], [8, 0, 0]]
    assert lengths.tolist() == [3, 0, 1]
    assert padded([[]])[0].shape == (1, 1)
    assert tokens.dtype == lengths.dtype == torch.int64


def test_each_row_comes_once_an_epoch() -> None:
    lengths = np.random.default_rng(0).integers(1, 50, 103)
    batches = ByLength(lengths, 10, seed=1)  # type: ignore[arg-type]
    assert batches.batches_an_epoch == 10
    first, second = ([batches.rows(10 * epoch + k) for k in range(10)] for epoch in (0, 1))
    for epoch in (first, second):
        assert len(set(np.concatenate(epoch).tolist())) == 100
    assert not np.array_equal(np.stack(first), np.stack(second))


def test_a_batch_is_a_function_of_its_number() -> None:
    lengths = list(range(40))
    one, other = ByLength(lengths, 7, seed=3), ByLength(lengths, 7, seed=3)
    forwards = [one.rows(n) for n in range(12)]
    backwards = [other.rows(n) for n in reversed(range(12))][::-1]
    assert all(np.array_equal(a, b) for a, b in zip(forwards, backwards, strict=True))


def test_rows_of_a_batch_are_of_about_one_length() -> None:
    lengths = np.random.default_rng(0).integers(1, 100, 1000)
    batches = ByLength(lengths, 20, seed=0)  # type: ignore[arg-type]
    spread = [np.ptp(lengths[batches.rows(n)]) for n in range(batches.batches_an_epoch)]
    assert np.mean(spread) < 15


def test_fewer_rows_than_a_batch() -> None:
    assert sorted(ByLength([3, 1, 2], 64, seed=0).rows(5).tolist()) == [0, 1, 2]

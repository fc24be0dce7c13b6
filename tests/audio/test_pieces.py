"""Pieces and groups: every position once, none of it lost, lengths alike."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from foretell.audio.pieces import Grouping, cut

LENGTHS = st.lists(st.integers(1, 500), min_size=1, max_size=30)


@given(LENGTHS, st.integers(1, 200), st.integers(0, 100))
def test_every_sample_is_scored_once(lengths: list[int], longest: int, context: int) -> None:
    seen = [np.zeros(length, int) for length in lengths]
    for piece in cut(lengths, longest, context):
        seen[piece.sound][piece.start : piece.stop] += 1
        assert 1 <= piece.stop - piece.start <= longest
        assert piece.context == min(piece.start, context)
    assert all((counts == 1).all() for counts in seen)


def test_equal_pieces() -> None:
    assert [(p.start, p.stop, p.context) for p in cut([10], 4, 3)] == [(0, 3, 0), (3, 6, 3), (6, 10, 3)]
    assert [(p.start, p.stop, p.context) for p in cut([4], 4, 3)] == [(0, 4, 0)]


@given(LENGTHS, st.integers(1, 8), st.integers(0, 3))
def test_an_epoch_takes_each_piece_once(lengths: list[int], batch: int, epoch: int) -> None:
    grouping = Grouping(cut(lengths, 100, 10), batch, seed=3)
    groups = grouping.epoch(epoch)
    assert len(groups) == grouping.groups
    assert sorted(k for group in groups for k in group) == list(range(len(grouping.pieces)))
    for group in groups:
        assert 1 <= len(group) <= batch
        assert len({grouping.pieces[k].context > 0 for k in group}) == 1


def test_neighbours_in_length_and_another_order_each_epoch() -> None:
    lengths = [100 * k for k in range(1, 41)]
    grouping = Grouping(cut(lengths, 10_000, 10), 4, seed=0)
    for group in grouping.epoch(0):
        found = [grouping.pieces[k].length for k in group]
        assert max(found) - min(found) <= 600
    assert grouping.epoch(0) == grouping.epoch(0)
    assert grouping.epoch(0) != grouping.epoch(1)
    assert grouping.epoch(0) != Grouping(grouping.pieces, 4, seed=1).epoch(0)

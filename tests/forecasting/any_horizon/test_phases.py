"""Means by phase against plain loops, in one go and piece by piece."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from foretell.forecasting.any_horizon.phases import Phases, phase_means

SIZE = 3


def drawn(steps: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Values of two series, the second of which begins halfway."""
    values = torch.randn(2, steps, SIZE, generator=torch.Generator().manual_seed(seed))
    present = torch.ones(2, steps)
    present[1, : steps // 2] = 0
    return values, present


def looped(values: torch.Tensor, present: torch.Tensor, b: int, t: int, season: int) -> torch.Tensor:
    places = [s for s in range(t, -1, -season) if present[b, s]] if t >= 0 else []
    return values[b, places].mean(0) if places else torch.zeros(SIZE)


@settings(max_examples=40)
@given(st.integers(1, 25), st.integers(1, 40))
def test_phase_means_against_a_plain_loop(steps: int, season: int) -> None:
    values, present = drawn(steps)
    means, _ = phase_means(values, present, season)
    assert means.shape == (2, season + steps, SIZE)
    for b in range(2):
        for t in range(-season, steps):
            torch.testing.assert_close(means[b, season + t], looped(values, present, b, t, season))


@settings(max_examples=40)
@given(st.integers(1, 25), st.integers(1, 12), st.lists(st.integers(1, 9), min_size=1, max_size=6), st.integers(0, 99))
def test_pieces_with_the_sums_handed_on_are_the_whole(first: int, season: int, more: list[int], seed: int) -> None:
    lengths = [first, *more]
    values, present = drawn(sum(lengths), seed)
    whole, total = phase_means(values, present, season)
    before, start = None, 0
    for length in lengths:
        here = slice(start, start + length)
        piece, before = phase_means(values[:, here], present[:, here], season, before)
        # The season in front of the piece is known, too.
        torch.testing.assert_close(piece, whole[:, start : start + season + length])
        start += length
    for mine, theirs in zip(before, total, strict=True):
        torch.testing.assert_close(mine, theirs)


@pytest.mark.parametrize("seasons", [(1, 0), (5, 0), (4, 12), (40, 0), (3, 50)])
def test_each_step_ahead_is_given_the_mean_of_its_own_phase_up_to_the_anchor(seasons: tuple[int, int]) -> None:
    values, present = drawn(25)
    at, ahead = torch.tensor([[0, 7, 24], [12, 13, 20]]), torch.tensor([1, 2, 5, 12, 13, 60])
    found = Phases.of(values, present, torch.tensor(seasons), None).means(at, ahead)
    assert found.shape == (2, 3, 6, 2 * SIZE)
    for b, a, h in ((b, a, h) for b in range(2) for a in range(3) for h in range(6)):
        anchor, step = int(at[b, a]), int(at[b, a] + ahead[h])
        for k, season in enumerate(seasons):
            part = found[b, a, h, k * SIZE : (k + 1) * SIZE]
            if season == 0:
                assert not part.any()
                continue
            latest = max(t for t in range(anchor - season + 1, anchor + 1) if (step - t) % season == 0)
            torch.testing.assert_close(part, looped(values, present, b, latest, season))


def test_a_season_longer_than_any_window_is_none() -> None:
    values, present = drawn(6)
    phases = Phases.of(values, present, torch.tensor([2, 1_000_000]), None)
    found = phases.means(torch.tensor([[5], [5]]), torch.tensor([1, 2]))
    assert found[..., :SIZE].any()
    assert not found[..., SIZE:].any()
    assert all(part.numel() == 0 for part in phases.sums[1])


def test_no_step_later_than_the_anchor_counts() -> None:
    values, present = drawn(20)
    changed = values.clone()
    changed[:, 11:] = 9.0
    at, ahead = torch.tensor([[10], [10]]), torch.arange(1, 15)
    one, two = (Phases.of(v, present, torch.tensor([3, 7]), None).means(at, ahead) for v in (values, changed))
    assert torch.equal(one, two)

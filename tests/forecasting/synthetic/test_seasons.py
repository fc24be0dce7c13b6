"""Seasons that repeat as they are said to."""

from __future__ import annotations

import numpy as np
import pytest

from foretell.forecasting.synthetic.seasons import cycle, season


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def correlation(paths: np.ndarray, lag: int) -> np.ndarray:
    """(N,) how alike each path is to itself `lag` steps before, from -1 to 1."""
    later, earlier = paths[:, lag:], paths[:, :-lag]
    later, earlier = later - later.mean(1, keepdims=True), earlier - earlier.mean(1, keepdims=True)
    size = np.sqrt((later**2).sum(1) * (earlier**2).sum(1))
    return (later * earlier).sum(1) / np.where(size > 0, size, 1)


@pytest.mark.parametrize("length", [2, 4, 7, 12, 24, 52, 168])
def test_a_cycle_has_mean_0_and_variance_1(length: int) -> None:
    patterns = cycle(rng(), 400, length)
    assert patterns.shape == (400, length)
    np.testing.assert_allclose(patterns.mean(1), 0, atol=1e-9)
    spread = patterns.std(1)
    # All but those without any variance: wandering for two steps ends where it began.
    assert np.mean(np.abs(spread - 1) < 1e-3) > (0.85 if length == 2 else 0.97)
    assert spread.max() < 1 + 1e-9


def test_cycles_differ() -> None:
    patterns = cycle(rng(), 100, 24)
    assert len(np.unique(patterns.round(6), axis=0)) == 100


@pytest.mark.parametrize(("length", "steps"), [(4, 112), (12, 168), (24, 600), (52, 780)])
def test_a_season_repeats_after_its_length(length: int, steps: int) -> None:
    paths = season(rng(), 300, steps, length)
    assert paths.shape == (300, steps)
    assert np.isfinite(paths).all()
    assert np.median(correlation(paths, length)) > 0.95
    assert np.median(correlation(paths, length)) > np.median(correlation(paths, length + length // 2)) + 0.3


def test_half_of_the_patterns_stay_as_they_are_and_others_change() -> None:
    paths = season(rng(), 400, 120, 12).reshape(400, 10, 12)
    normal = paths / paths.std(2, keepdims=True)
    distance = np.abs(normal[:, -1] - normal[:, 0]).max(1)
    assert 0.2 < np.mean(distance < 1e-9) < 0.9
    assert np.mean(distance > 0.05) > 0.1


def test_a_second_season_repeats_after_its_length() -> None:
    paths = season(rng(), 300, 1000, 24, 168)
    once, again = correlation(paths, 24), correlation(paths, 168)
    assert np.median(again) > 0.85
    assert np.median(again - once) > 0.05


def test_without_a_season_nothing_or_cycles_of_no_fixed_length() -> None:
    paths = season(rng(), 2000, 200, 1)
    nothing = (paths == 0).all(1)
    assert nothing.mean() == pytest.approx(0.85, abs=0.03)
    assert np.isfinite(paths).all()

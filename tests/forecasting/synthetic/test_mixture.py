"""The mixture that the pretrained network learns from."""

from __future__ import annotations

import numpy as np
import pytest

from foretell.forecasting.synthetic import draw
from foretell.forecasting.synthetic.mixture import SHARES, spoiled


def test_the_shares_are_shares() -> None:
    assert sum(SHARES.values()) == pytest.approx(1)
    assert min(SHARES.values()) > 0


@pytest.mark.parametrize(("length", "second", "steps"), [(1, 0, 72), (12, 0, 168), (24, 168, 350)])
def test_series_are_scaled_alike_and_the_same_by_seed(length: int, second: int, steps: int) -> None:
    paths = draw(np.random.default_rng(5), 300, steps, length, second)
    assert paths.shape == (300, steps)
    assert paths.dtype == np.float32
    missing = np.isnan(paths)
    assert not np.isinf(paths).any()
    largest = np.nanmax(np.abs(paths), axis=1)
    alive = largest > 0
    assert np.mean(alive) > 0.97
    np.testing.assert_array_equal(largest[alive], 1)
    # A few series have gaps; most have none.
    assert 0.02 < missing.any(1).mean() < 0.25
    np.testing.assert_array_equal(paths, draw(np.random.default_rng(5), 300, steps, length, second))
    assert not np.array_equal(paths, draw(np.random.default_rng(6), 300, steps, length, second), equal_nan=True)


def test_the_season_asked_for_shows() -> None:
    for length, steps in ((4, 112), (12, 168), (24, 400)):
        paths = np.diff(np.nan_to_num(draw(np.random.default_rng(1), 400, steps, length)), axis=1)
        paths = paths - paths.mean(1, keepdims=True)
        variance = (paths**2).mean(1) + 1e-30
        found = {lag: np.median((paths[:, lag:] * paths[:, :-lag]).mean(1) / variance) for lag in (length - 1, length)}
        assert found[length] > found[length - 1] + 0.1, length


@pytest.mark.parametrize("count", [1, 2, 9, 11])
def test_a_few_series(count: int) -> None:
    assert draw(np.random.default_rng(0), count, 50, 12).shape == (count, 50)


def test_series_without_a_season_mostly_grow() -> None:
    paths = np.abs(draw(np.random.default_rng(0), 400, 72, 1))
    third = paths.shape[1] // 3
    first, last = np.nanmean(paths[:, :third], axis=1), np.nanmean(paths[:, -third:], axis=1)
    assert np.mean(last > first) > 0.55


def test_most_series_stay_as_they_were_and_each_defect_comes() -> None:
    at = np.arange(120)
    paths = 50 + 10 * np.sin(2 * np.pi * at / 12) + np.random.default_rng(0).normal(size=(600, 120))
    after = spoiled(np.random.default_rng(1), paths.copy())
    assert after.shape == paths.shape
    assert not np.isinf(after).any()
    same = (after == paths).all(1)
    assert 0.4 < same.mean() < 0.8
    gaps = np.isnan(after).any(1)
    assert 0.03 < gaps.mean() < 0.2
    assert not np.isnan(after).all(1).any()
    negative = np.nanmax(after, axis=1) < 0
    assert 0.01 < negative.mean() < 0.08


def test_constant_series_survive() -> None:
    after = spoiled(np.random.default_rng(0), np.full((200, 30), 4.0))
    assert np.isin(np.abs(after[~np.isnan(after)]), [4.0]).all()

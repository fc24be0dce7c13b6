"""Quantiles of levels, and other ones read off those of the grid."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foretell.errors import SettingsError
from foretell.forecasting.quantiles import GRID, MEDIAN, quantiles_of, read_off

seeds = st.integers(0, 10_000)


def test_levels_give_their_tails_and_the_median():
    assert quantiles_of((95, 80)) == pytest.approx((0.025, 0.1, 0.5, 0.9, 0.975))
    assert quantiles_of(()) == (0.5,)
    assert quantiles_of(np.array([90])) == pytest.approx((0.05, 0.5, 0.95))  # type: ignore[arg-type]


@given(st.sets(st.integers(1, 99), max_size=8))
def test_quantiles_ascend_around_the_median(levels):
    quantiles = quantiles_of(tuple(levels))
    assert len(quantiles) == 2 * len(levels) + 1
    assert list(quantiles) == sorted(set(quantiles))
    assert quantiles[len(levels)] == 0.5
    np.testing.assert_allclose(np.add(quantiles, quantiles[::-1]), 1)


@pytest.mark.parametrize("level", [0, 100, -5, 80.5, True])
def test_other_levels_are_refused_by_name(level):
    with pytest.raises(SettingsError, match=f"level {level}"):
        quantiles_of((80, level))


def test_a_level_named_twice_is_refused():
    with pytest.raises(SettingsError, match="once"):
        quantiles_of((80, 95, 80))


def test_the_grid_is_symmetric_and_holds_the_deciles_and_the_usual_levels():
    assert list(GRID) == sorted(GRID)
    assert GRID[MEDIAN] == 0.5
    np.testing.assert_allclose(np.add(GRID, GRID[::-1]), 1)
    asked = {0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, *quantiles_of((80, 90, 95, 99))}
    assert all(min(abs(p - q) for q in GRID) < 1e-12 for p in asked)


def test_quantiles_of_the_grid_are_read_off_as_they_are():
    grid = np.sort(np.random.default_rng(0).normal(size=(2, 3, len(GRID))))
    np.testing.assert_array_equal(read_off(grid, GRID), grid)
    np.testing.assert_array_equal(read_off(grid, quantiles_of((80,))), grid[..., [3, 7, 11]])


def test_quantiles_of_a_normal_distribution_are_read_off_exactly_between_and_beyond_the_grid():
    exact = NormalDist(5, 2)
    grid = np.array([exact.inv_cdf(p) for p in GRID])
    wanted = [0.001, 0.004, 0.01, 0.15, 0.33, 0.5, 0.62, 0.97, 0.999]
    np.testing.assert_allclose(read_off(grid, wanted), [exact.inv_cdf(p) for p in wanted], rtol=1e-9)


@given(seeds, st.sets(st.integers(1, 99), min_size=1, max_size=8))
def test_quantiles_that_are_read_off_stay_in_order(seed, levels):
    grid = np.random.default_rng(seed).exponential(size=(4, len(GRID))).cumsum(-1)
    found = read_off(grid, quantiles_of(tuple(levels)))
    assert found.shape == (4, 2 * len(levels) + 1)
    assert (np.diff(found, axis=-1) > 0).all()
    np.testing.assert_array_equal(found[:, len(levels)], grid[:, MEDIAN])

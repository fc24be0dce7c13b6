"""Quantiles that stay in order, and the loss that teaches them, against the plain formulas."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from foretell.errors import SettingsError
from foretell.forecasting.quantiles import GRID, MEDIAN, mixture, pinball_loss, quantiles_of, read_off, spread_around

seeds = st.integers(0, 10_000)


def normal(*shape, seed=0, scale=1.0):
    return scale * torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def plain_loss(forecast, target, quantiles):
    """One value at a time, from Koenker and Bassett's definition."""
    losses = []
    for index in np.ndindex(tuple(target.shape)):
        if target[index].isnan():
            continue
        *lead, step = index
        for k, q in enumerate(quantiles):
            error = float(target[index] - forecast[(*lead, k, step)])
            losses.append(2 * (q * error if error >= 0 else (q - 1) * error))
    return sum(losses) / len(losses) if losses else 0.0


def test_levels_give_their_tails_and_the_median():
    assert quantiles_of((95, 80)) == pytest.approx((0.025, 0.1, 0.5, 0.9, 0.975))
    assert quantiles_of(()) == (0.5,)
    assert quantiles_of(np.array([90])) == pytest.approx((0.05, 0.5, 0.95))


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


@given(seeds, st.integers(0, 4), st.floats(0, 100))
def test_quantiles_never_cross(seed, pairs, scale):
    median, widths = normal(3, 5, seed=seed), normal(3, 2 * pairs, 5, seed=seed + 1, scale=scale)
    quantiles = spread_around(median, widths)
    assert quantiles.shape == (3, 2 * pairs + 1, 5)
    assert (quantiles.diff(dim=1) >= 0).all()
    assert torch.equal(quantiles[:, pairs], median)
    distances = torch.nn.functional.softplus(widths)
    for k in range(1, pairs + 1):
        torch.testing.assert_close(median - quantiles[:, pairs - k], distances[:, pairs - k : pairs].sum(1))
        torch.testing.assert_close(quantiles[:, pairs + k] - median, distances[:, pairs : pairs + k].sum(1))


@settings(max_examples=50)
@given(seeds, st.integers(1, 4), st.floats(0, 20))
def test_a_mixture_lies_among_its_candidates_and_zero(seed, count, scale):
    candidates, shares = normal(2, count, 4, seed=seed), normal(2, count + 1, 4, seed=seed + 1, scale=scale)
    mixed = mixture(shares, candidates)
    among = torch.cat([candidates, torch.zeros(2, 1, 4)], 1)
    torch.testing.assert_close(mixed, (shares.softmax(1) * among).sum(1))
    assert (mixed >= among.amin(1) - 1e-12).all()
    assert (mixed <= among.amax(1) + 1e-12).all()


def test_the_gradient_of_a_mixture_is_right():
    shares, candidates = normal(2, 3, 4).requires_grad_(), normal(2, 2, 4, seed=1)
    assert torch.autograd.gradcheck(lambda s: mixture(s, candidates), (shares,))


@settings(max_examples=50)
@given(seeds, st.sampled_from([(), (80,), (50, 80, 95)]), st.floats(0, 1))
def test_loss_is_the_plain_formula(seed, levels, missing):
    quantiles = quantiles_of(levels)
    forecast, target = normal(2, 3, len(quantiles), 4, seed=seed), normal(2, 3, 4, seed=seed + 1)
    target[torch.rand(target.shape, generator=torch.Generator().manual_seed(seed)) < missing] = torch.nan
    loss = pinball_loss(forecast, target, torch.tensor(quantiles, dtype=torch.float64))
    assert float(loss) == pytest.approx(plain_loss(forecast, target, quantiles), rel=1e-9)


def test_loss_of_the_median_is_the_mean_absolute_error():
    forecast, target = normal(3, 1, 5), normal(3, 5, seed=1)
    assert torch.isclose(pinball_loss(forecast, target, torch.tensor([0.5])), (target - forecast[:, 0]).abs().mean())


def test_the_gradient_of_the_loss_is_right():
    forecast, target = normal(2, 3, 4).requires_grad_(), normal(2, 4, seed=1)
    target[0, 1] = torch.nan
    quantiles = torch.tensor(quantiles_of((80,)), dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda f: 3 * pinball_loss(f, target, quantiles), (forecast,))


def test_a_target_that_is_missing_throughout_costs_nothing():
    forecast = normal(2, 3, 4).requires_grad_()
    loss = pinball_loss(forecast, torch.full((2, 4), torch.nan), torch.tensor([0.1, 0.5, 0.9]))
    loss.backward()
    assert loss == 0
    assert torch.equal(forecast.grad, torch.zeros_like(forecast))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_forecast_that_is_not_finite_is_not_hidden(value):
    forecast = normal(1, 3, 4)
    forecast[0, 0, 0] = value
    assert not pinball_loss(forecast, normal(1, 4, seed=1), torch.tensor([0.1, 0.5, 0.9])).isfinite()


def test_the_quantiles_of_a_sample_minimise_the_loss():
    sample, quantiles = normal(4000, 1, seed=3), torch.tensor([0.1, 0.5, 0.9], dtype=torch.float64)
    truth = torch.quantile(sample, quantiles)[:, None]
    least = pinball_loss(truth.expand(4000, 3, 1), sample, quantiles)
    for shift in (-0.1, 0.1):
        for k in range(3):
            moved = truth.clone()
            moved[k] += shift
            assert pinball_loss(moved.expand(4000, 3, 1), sample, quantiles) > least

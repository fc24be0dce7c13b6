"""The loss of the any-horizon network against the plain formula."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from foretell.forecasting.any_horizon.loss import candidate_weight, quantile_loss
from foretell.forecasting.quantiles import GRID


def plain(quantiles, target, weight) -> float:
    total, count = 0.0, 0
    for index in np.ndindex(*target.shape):
        if np.isnan(target[index]):
            continue
        losses = []
        for probability, quantile in zip(GRID, quantiles[index], strict=True):
            error = target[index] - quantile
            losses.append(2 * (probability * error if error >= 0 else (probability - 1) * error))
        total += weight[index] * (sum(losses) / len(GRID) + 0.5 * losses[GRID.index(0.5)])
        count += 1
    return total / max(count, 1)


def drawn(seed: int):
    random = np.random.default_rng(seed)
    quantiles, target = np.sort(random.normal(size=(2, 3, 4, len(GRID)))), random.normal(size=(2, 3, 4))
    target[random.random(target.shape) < 0.3] = np.nan
    return quantiles, target, random.uniform(0.2, 1, target.shape)


@pytest.mark.parametrize("seed", range(5))
def test_the_loss_is_the_plain_formula(seed: int) -> None:
    quantiles, target, weight = drawn(seed)
    loss = quantile_loss(*(torch.from_numpy(part) for part in (quantiles, target, weight)))
    # Probabilities are rounded to the type of the quantiles.
    assert float(loss) == pytest.approx(plain(quantiles, target, weight), rel=1e-9)


def test_missing_targets_have_no_gradient_and_nothing_else_is_nan() -> None:
    parts = [torch.from_numpy(part) for part in drawn(0)]
    quantiles = parts[0].requires_grad_()
    quantile_loss(quantiles, *parts[1:]).backward()
    assert quantiles.grad is not None
    assert quantiles.grad.isfinite().all()
    assert (quantiles.grad[parts[1].isnan()] == 0).all()
    assert (quantiles.grad[~parts[1].isnan()] != 0).all()


def test_nothing_to_learn_from_costs_nothing() -> None:
    quantiles = torch.zeros(2, 3, len(GRID), requires_grad=True)
    loss = quantile_loss(quantiles, torch.full((2, 3), torch.nan), torch.ones(2, 3))
    loss.backward()
    assert loss.item() == 0


def test_the_quantiles_of_a_sample_have_the_least_loss() -> None:
    sample = torch.from_numpy(np.random.default_rng(0).normal(size=4000))
    truth = torch.quantile(sample, torch.tensor(GRID, dtype=torch.float64))
    least = quantile_loss(truth.expand(4000, -1), sample, torch.ones(4000))
    for k in range(len(GRID)):
        for shift in (-0.2, 0.2):
            moved = truth.clone()
            moved[k] += shift
            assert quantile_loss(moved.expand(4000, -1), sample, torch.ones(4000)) > least


def test_a_forecast_that_is_not_finite_is_not_hidden() -> None:
    for value in (torch.nan, torch.inf):
        quantiles, target, weight = (torch.from_numpy(part) for part in drawn(0))
        quantiles[0, 0, 0, 3], target[0, 0, 0] = value, 1.0
        assert not quantile_loss(quantiles, target, weight).isfinite()


def test_steps_whose_candidates_lie_far_apart_weigh_less() -> None:
    candidates = torch.from_numpy(np.random.default_rng(0).normal(size=(2, 3, 5, 4)))
    weight = candidate_weight(candidates)
    expected = 1 / (1 + 0.5 * np.std(candidates.numpy(), axis=2, ddof=1))
    np.testing.assert_allclose(weight, expected)
    assert (candidate_weight(3 * candidates) < weight).all()
    assert (candidate_weight(torch.ones(2, 3, 5, 4)) == 1).all()

"""The any-horizon network: one head for every step ahead."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from foretell.forecasting.pretrained.inputs import Inputs, describe
from foretell.forecasting.pretrained.network import AnyHorizonNetwork, phase_means
from foretell.forecasting.quantiles import GRID


def inputs(ahead: np.ndarray, seasons: tuple[int, int] = (12, 0), seed: int = 0) -> Inputs:
    random = np.random.default_rng(seed)
    values = random.normal(size=(3, 80)).cumsum(1) + 40
    values[0, :30] = np.nan
    return describe(values, seasons, np.array([[50, 79], [60, 61], [31, 79]]), ahead, 64)


@pytest.mark.parametrize("horizon", [1, 7, 40, 200])
@pytest.mark.parametrize("seasons", [(1, 0), (12, 0), (4, 24), (100, 0)])
def test_quantiles_of_any_horizon_are_ordered(small_network, horizon: int, seasons: tuple[int, int]) -> None:
    quantiles, _ = small_network(inputs(np.arange(1, horizon + 1), seasons))
    assert quantiles.shape == (3, 2, horizon, len(GRID))
    assert quantiles.isfinite().all()
    assert (quantiles.diff(dim=-1) > 0).all()


@pytest.mark.parametrize("seasons", [(1, 0), (12, 0), (4, 24)])
def test_a_step_is_forecast_the_same_beside_any_other_steps(small_network, seasons: tuple[int, int]) -> None:
    every, _ = small_network(inputs(np.arange(1, 31), seasons))
    some = np.array([2, 9, 30])
    alone, _ = small_network(inputs(some, seasons))
    torch.testing.assert_close(alone, every[:, :, some - 1], rtol=1e-5, atol=1e-5)


def test_anchors_do_not_know_of_one_another(small_network) -> None:
    both = inputs(np.arange(1, 6))
    quantiles, _ = small_network(both)
    for a in range(2):
        one = replace(both, at=both.at[:, [a]], candidates=both.candidates[:, [a]])
        torch.testing.assert_close(small_network(one)[0][:, 0], quantiles[:, a], rtol=1e-5, atol=1e-5)


def test_nothing_after_the_anchor_is_seen(small_network) -> None:
    given = inputs(np.arange(1, 9), (4, 24))
    at = int(given.at[:, 0].max())
    steps = given.steps.clone()
    steps[:, at + 1 :] = 3.0
    first = replace(given, at=given.at[:, :1], candidates=given.candidates[:, :1])
    torch.testing.assert_close(small_network(replace(first, steps=steps))[0], small_network(first)[0])


@pytest.mark.parametrize("season", [1, 3, 7, 40])
def test_phase_means_against_a_plain_loop(season: int) -> None:
    generator = torch.Generator().manual_seed(season)
    values, present = torch.randn(2, 25, 3, generator=generator), torch.ones(2, 25)
    present[1, :11] = 0
    means = phase_means(values, present, season)
    assert means.shape == values.shape
    for b in range(2):
        for t in range(25):
            places = [s for s in range(t, -1, -season) if present[b, s]]
            expected = values[b, places].mean(0) if places else torch.zeros(3)
            torch.testing.assert_close(means[b, t], expected)


@pytest.mark.parametrize("seasons", [(1, 0), (12, 0), (4, 24)])
def test_every_weight_learns_and_gradients_are_finite(seasons: tuple[int, int]) -> None:
    network = AnyHorizonNetwork(hidden=6, layers=2, head=5, phase=4)
    given = inputs(np.array([1, 3, 14]), seasons)
    quantiles, _ = network(given)
    target = torch.where(given.target.isnan(), 0.0, given.target)
    (quantiles - target[..., None]).abs().mean().backward()
    for name, weight in network.named_parameters():
        assert weight.grad is not None, name
        assert weight.grad.isfinite().all(), name
        assert weight.grad.abs().sum() > 0, name


def test_sizes_are_kept_for_building_it_again(small_network) -> None:
    again = AnyHorizonNetwork(**small_network.sizes)
    again.load_state_dict(small_network.state_dict())
    given = inputs(np.arange(1, 4))
    assert torch.equal(again.eval()(given)[0], small_network(given)[0])

"""The any-horizon network: one head for every step ahead, over any backbone, with covariates or without."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from foretell.forecasting.any_horizon.bank import CANDIDATES
from foretell.forecasting.any_horizon.inputs import Inputs, describe
from foretell.forecasting.any_horizon.network import AnyHorizonNetwork
from foretell.forecasting.any_horizon.reading import Reading
from foretell.forecasting.networks.architecture import Architecture
from foretell.forecasting.networks.backbones import BACKBONES, RECURRENT
from foretell.forecasting.networks.windows import future_features
from foretell.forecasting.quantiles import GRID, MEDIAN

CALENDAR, KNOWN, STATIC, CATEGORIES = 2, 1, 2, (3, 4)
WINDOW = 64
CASES = [(name, stride) for name in BACKBONES for stride in (1, 3)]


def bare_inputs(ahead: np.ndarray, seasons: tuple[int, int] = (12, 0), seed: int = 0) -> Inputs:
    random = np.random.default_rng(seed)
    values = random.normal(size=(3, 80)).cumsum(1) + 40
    values[0, :30] = np.nan
    return describe(values, seasons, np.array([[50, 79], [60, 61], [31, 79]]), ahead, WINDOW)


def inputs(ahead: np.ndarray, seasons: tuple[int, int] = (12, 0), seed: int = 0) -> Inputs:
    """With covariates of all kinds."""
    bare, generator = bare_inputs(ahead, seasons, seed), torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator)

    count, anchors = bare.at.shape
    return replace(
        bare,
        covariates=normal(count, WINDOW, CALENDAR + KNOWN),
        future=normal(count, anchors, len(ahead), future_features(CALENDAR, KNOWN)),
        static=normal(count, STATIC),
        categories=torch.stack([torch.randint(1, n, (count,), generator=generator) for n in CATEGORIES], 1),
    )


def architecture(name: str = "lstm", stride: int = 1, **changes: Any) -> Architecture:
    made = Architecture(
        name, hidden=12, layers=2, head=10, phase=6, reading=Reading(12, 0, WINDOW), stride=stride,
        calendar=CALENDAR, known=KNOWN, static=STATIC, categories=CATEGORIES,
    )  # fmt: skip
    return replace(made, **changes)


def network_of(name: str = "lstm", stride: int = 1, **changes: Any) -> AnyHorizonNetwork:
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(1)
        return architecture(name, stride, **changes).build().eval()  # type: ignore[return-value]


def forecast(network: AnyHorizonNetwork, given: Inputs) -> torch.Tensor:
    with torch.no_grad():
        return network(given)[0]


def at_anchors(given: Inputs, chosen: list[int]) -> Inputs:
    names = ("at", "candidates", "future", "target", "unit", "last")
    return replace(given, **{name: getattr(given, name)[:, chosen] for name in names})


@pytest.mark.parametrize("horizon", [1, 7, 40, 200])
@pytest.mark.parametrize("seasons", [(1, 0), (12, 0), (4, 24), (100, 0), (7, 5000)])
def test_quantiles_of_any_horizon_are_ordered(small_network, horizon: int, seasons: tuple[int, int]) -> None:
    ahead = np.arange(1, horizon + 1)
    for network, given in ((small_network, bare_inputs(ahead, seasons)), (network_of(), inputs(ahead, seasons))):
        quantiles = forecast(network, given)
        assert quantiles.shape == (3, 2, horizon, len(GRID))
        assert quantiles.isfinite().all()
        assert (quantiles.diff(dim=-1) > 0).all()


@pytest.mark.parametrize("name", BACKBONES)
def test_quantiles_are_in_order_whatever_the_weights(name: str) -> None:
    network = network_of(name)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(3 * torch.randn_like(parameter))
    assert (forecast(network, inputs(np.arange(1, 9))).diff(dim=-1) >= 0).all()


@pytest.mark.parametrize(("name", "stride"), CASES)
@pytest.mark.parametrize("seasons", [(1, 0), (12, 0), (4, 24)])
def test_a_step_is_forecast_the_same_beside_any_other_steps(name: str, stride: int, seasons: tuple[int, int]) -> None:
    network, some = network_of(name, stride), np.array([2, 9, 30])
    given = inputs(np.arange(1, 31), seasons)
    alone = replace(inputs(some, seasons), **{field: getattr(given, field) for field in ("covariates", "static")})
    alone = replace(alone, categories=given.categories, future=given.future[:, :, some - 1])
    torch.testing.assert_close(forecast(network, alone), forecast(network, given)[:, :, some - 1], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("name", "stride"), CASES)
def test_anchors_do_not_know_of_one_another(name: str, stride: int) -> None:
    network, both = network_of(name, stride), inputs(np.arange(1, 6), (4, 24))
    quantiles = forecast(network, both)
    for a in range(2):
        alone = forecast(network, at_anchors(both, [a]))
        torch.testing.assert_close(alone[:, 0], quantiles[:, a], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("name", "stride"), CASES)
@pytest.mark.parametrize("field", ["steps", "covariates", "present"])
def test_nothing_after_the_anchor_is_seen(name: str, stride: int, field: str) -> None:
    network, given = network_of(name, stride), inputs(np.arange(1, 9), (4, 24))
    given = replace(given, at=torch.tensor([[20, 50]] * 3))
    whole = forecast(network, given)
    for after, moved in ((50, []), (30, [1]), (12, [0, 1])):
        changed = getattr(given, field).clone()
        changed[:, after + 1 :] = changed[:, after + 1 :] - 2
        other = forecast(network, replace(given, **{field: changed}))
        for a in range(2):
            same = torch.isclose(other[:, a], whole[:, a], rtol=1e-6, atol=1e-6)
            assert same.all() if a not in moved else not same.all(), (after, a)


@pytest.mark.parametrize(("name", "stride"), CASES)
def test_every_step_from_the_first_on_is_read(name: str, stride: int) -> None:
    network, given = network_of(name, stride), inputs(np.arange(1, 3))
    given = replace(given, at=torch.full((3, 2), WINDOW - 1))
    given.steps.requires_grad_()
    network(given)[0].sum().backward()
    reached = (given.steps.grad != 0).any(-1).any(0)
    # What is left over before the first output of the convolution.
    first = (WINDOW - 2 * stride) % stride if stride > 1 else 0
    far = 0 if name in RECURRENT else WINDOW // 2
    assert not reached[:first].any()
    assert reached[first + far :].all()


@pytest.mark.parametrize("name", BACKBONES)
@pytest.mark.parametrize(("steps", "stride"), [(1, 3), (5, 3), (6, 3), (7, 3), (20, 2), (21, 4)])
def test_a_convolution_is_what_it_is_over_each_prefix_that_ends_with_an_output(
    name: str, steps: int, stride: int
) -> None:
    network = network_of(name, stride)
    x = torch.randn(2, steps, network.convolution.weight.shape[1], generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        hidden = network._shortened(x, network.convolution)
        assert hidden.shape == (2, steps, 12)
        for t in range(steps):
            end = t - (t - (steps - 1)) % stride
            if end < 2 * stride - 1 and not (steps < 2 * stride and t == steps - 1):
                assert not hidden[:, t].any(), t
                continue
            alone = network._shortened(x[:, : end + 1], network.convolution)[:, -1]
            torch.testing.assert_close(hidden[:, t], alone)


@pytest.mark.parametrize("name", RECURRENT)
@pytest.mark.parametrize("seasons", [(1, 0), (12, 0), (4, 24), (40, 0)])
@pytest.mark.parametrize("length", [5, 16, 63, 64, 100])
def test_chunk_by_chunk_with_the_state_carried_is_the_whole(name: str, seasons: tuple[int, int], length: int) -> None:
    network, given = network_of(name), inputs(np.array([1, 2, 14]), seasons)
    given = replace(given, at=torch.tensor([[3, 40], [11, 12], [62, 63]]))
    whole = forecast(network, given)
    state, found = None, torch.full_like(whole, torch.nan)
    for k, chunk in enumerate(given.chunks(length)):
        with torch.no_grad():
            quantiles, state = network(chunk, state)
        here = given.at // length == k
        found[here] = quantiles[here]
    torch.testing.assert_close(found, whole)


@pytest.mark.parametrize(("name", "stride"), [("wavenet", 1), ("gru", 2)])
def test_what_has_no_state_hands_none_on(name: str, stride: int) -> None:
    assert network_of(name, stride)(inputs(np.arange(1, 3)))[1][0] is None


@pytest.mark.parametrize(("name", "stride"), CASES)
@pytest.mark.parametrize("field", ["steps", "covariates", "static", "categories", "candidates", "future", "ahead"])
def test_all_that_is_given_counts(name: str, stride: int, field: str) -> None:
    network, given = network_of(name, stride), inputs(np.arange(1, 5))
    changed = (getattr(given, field) + 1) % 3
    whole, after = forecast(network, given), forecast(network, replace(given, **{field: changed}))
    assert not torch.isclose(whole, after).all(-1).any()


def test_targets_and_scales_do_not_count() -> None:
    network, given = network_of(), inputs(np.arange(1, 5))
    other = inputs(np.arange(1, 5), seed=5)
    swapped = replace(given, target=other.target, unit=other.unit, last=other.last)
    assert torch.equal(forecast(network, given), forecast(network, swapped))


@pytest.mark.parametrize(("name", "stride"), CASES)
def test_the_known_future_of_a_step_reaches_that_step_alone(name: str, stride: int) -> None:
    network, given = network_of(name, stride), inputs(np.arange(1, 5))
    future = given.future.clone()
    future[:, 1, 2] += 1
    moved = forecast(network, given) != forecast(network, replace(given, future=future))
    assert moved[:, 1, 2].all()
    assert not moved[:, 0].any()
    assert not moved[:, 1, [0, 1, 3]].any()


def test_without_covariates_there_is_no_place_for_them(small_network) -> None:
    assert small_network.future is None
    assert small_network.beside is None
    assert network_of().future is not None
    assert network_of(calendar=0, known=0, categories=()).future is None
    assert network_of(calendar=0, known=0, categories=()).beside.weight.shape[1] == STATIC


def test_the_median_starts_among_the_candidates() -> None:
    """Before training the shares are about equal and the correction small."""
    network, given = network_of(), inputs(np.arange(1, 9))
    given.candidates.fill_(3.0)
    assert (forecast(network, given)[..., MEDIAN] - 3).abs().max() < 0.5
    given.candidates[:, :, 0] = 3.0 + CANDIDATES
    assert (forecast(network, given)[..., MEDIAN] - 4).abs().max() < 0.8


@pytest.mark.parametrize(("name", "stride"), CASES)
@pytest.mark.parametrize("seasons", [(1, 0), (12, 0), (4, 24)])
def test_every_weight_learns_and_gradients_are_finite(name: str, stride: int, seasons: tuple[int, int]) -> None:
    network, given = network_of(name, stride), inputs(np.array([1, 3, 14]), seasons)
    quantiles, _ = network(given)
    target = torch.where(given.target.isnan(), 0.0, given.target)
    (quantiles - target[..., None]).abs().mean().backward()
    for key, weight in network.named_parameters():
        assert weight.grad is not None, key
        assert weight.grad.isfinite().all(), key
        assert weight.grad.abs().sum() > 0, key


def test_a_category_never_seen_adds_nothing() -> None:
    """Code 0 stands for missing and unknown names: no training reaches it, so it must not be noise."""
    for table in network_of().embeddings:
        assert not table.weight[0].any()  # type: ignore[index]
        assert table.weight[1:].any()  # type: ignore[index]


@pytest.mark.parametrize("seasons", [(1, 0), (12, 0), (4, 24)])
def test_taken_over_weights_forecast_as_they_did_whatever_the_covariates(
    small_network, seasons: tuple[int, int]
) -> None:
    network, ahead = network_of(), np.arange(1, 9)
    network.start_from(small_network)
    expected = forecast(small_network, bare_inputs(ahead, seasons))
    assert torch.equal(forecast(network, inputs(ahead, seasons)), expected)
    # From there on they learn.
    network(inputs(ahead, seasons))[0].square().sum().backward()
    assert network.beside.weight.grad.any()
    assert network.future.weight.grad.any()


def test_taken_over_weights_are_copies(small_network) -> None:
    network = network_of(calendar=0, known=0, static=0, categories=())
    network.start_from(small_network)
    given = bare_inputs(np.arange(1, 4))
    before = forecast(small_network, given)
    assert torch.equal(forecast(network, given), before)
    with torch.no_grad():
        network.output.weight.zero_()
    assert torch.equal(forecast(small_network, given), before)

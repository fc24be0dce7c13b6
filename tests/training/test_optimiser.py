from __future__ import annotations

from typing import get_args

import pytest
import torch

from foretell.training import TrainingSettings
from foretell.training.optimiser import build, load_moments, moments, set_rate
from foretell.training.settings import OptimiserName


def vector() -> torch.nn.Parameter:
    return torch.nn.Parameter(torch.arange(1.0, 6.0))


def step(weights: torch.Tensor, optimiser: torch.optim.Optimizer, rate: float = 0.1) -> None:
    weights.grad = weights.detach().clone()
    set_rate(optimiser, rate)
    optimiser.step()


@pytest.mark.parametrize("name", get_args(OptimiserName))
def test_every_name_goes_downhill(name: OptimiserName) -> None:
    weights = vector()
    optimiser = build(weights, TrainingSettings(optimiser=name))
    before = weights.detach().clone()
    for _ in range(3):
        step(weights, optimiser)
    assert (weights < before).all()


@pytest.mark.parametrize("name", get_args(OptimiserName))
def test_with_its_memory_put_back_it_goes_on_to_the_bit(name: OptimiserName) -> None:
    settings = TrainingSettings(optimiser=name, weight_decay=0.01)
    weights = vector()
    optimiser = build(weights, settings)
    assert moments(optimiser) == {}
    for rate in (0.1, 0.2):
        step(weights, optimiser, rate)
    other = torch.nn.Parameter(weights.detach().clone())
    resumed = build(other, settings)
    load_moments(resumed, {name: t.clone() for name, t in moments(optimiser).items()})
    for one, its in ((weights, optimiser), (other, resumed)):
        step(one, its, 0.05)
    assert torch.equal(weights, other)


def test_the_rate_is_that_of_the_next_step() -> None:
    weights = vector()
    optimiser = build(weights, TrainingSettings())
    step(weights, optimiser, 0.0)
    assert torch.equal(weights, vector())
    step(weights, optimiser, 0.5)
    # Adam's step is the rate times the sign where the gradient stays as it is.
    torch.testing.assert_close(weights.detach(), vector().detach() - 0.5, rtol=0, atol=1e-4)

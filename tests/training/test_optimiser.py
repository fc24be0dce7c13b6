from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

import pytest
import torch
from torch import Tensor

from foretell.training import TrainingSettings
from foretell.training.optimiser import Optimiser
from foretell.training.settings import OptimiserName

OF_TORCH: dict[OptimiserName, Callable[..., torch.optim.Optimizer]] = {
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "nadam": torch.optim.NAdam,
    "sgd": torch.optim.SGD,
}
OPTIONS: dict[OptimiserName, dict[str, Any]] = {
    "adam": {"fused": True},
    "adamw": {"fused": True},
    "nadam": {"foreach": True},
    "sgd": {"fused": True, "momentum": 0.9, "nesterov": True},
}


def vector() -> Tensor:
    return torch.arange(1.0, 6.0)


def step(weights: Tensor, gradient: Tensor, optimiser: Optimiser, rate: float = 0.1) -> None:
    gradient.copy_(weights)
    optimiser.step(rate)


@pytest.mark.parametrize("name", get_args(OptimiserName))
def test_every_name_goes_downhill(name: OptimiserName) -> None:
    weights, gradient = vector(), vector()
    optimiser = Optimiser(weights, gradient, TrainingSettings(optimiser=name))
    for _ in range(3):
        step(weights, gradient, optimiser)
    assert (weights < vector()).all()


@pytest.mark.parametrize("decay", [0.0, 0.01])
@pytest.mark.parametrize("name", get_args(OptimiserName))
def test_it_is_torchs_own_to_the_bit(name: OptimiserName, decay: float) -> None:
    weights, gradient = vector(), vector()
    optimiser = Optimiser(weights, gradient, TrainingSettings(optimiser=name, weight_decay=decay))
    parameter = torch.nn.Parameter(vector())
    its = OF_TORCH[name]([parameter], weight_decay=decay, **OPTIONS[name])
    for rate in (0.1, 0.2, 0.05):
        step(weights, gradient, optimiser, rate)
        parameter.grad = parameter.detach().clone()
        its.param_groups[0]["lr"] = rate
        its.step()
        assert torch.equal(weights, parameter)
    assert {key: (t.dtype, t.shape) for key, t in its.state[parameter].items()} == {
        key: (t.dtype, t.shape) for key, t in optimiser.moments.items()
    }


@pytest.mark.parametrize("name", get_args(OptimiserName))
def test_with_its_memory_put_back_it_goes_on_to_the_bit(name: OptimiserName) -> None:
    settings = TrainingSettings(optimiser=name, weight_decay=0.01)
    weights, gradient = vector(), vector()
    optimiser = Optimiser(weights, gradient, settings)
    assert optimiser.moments == {}
    for rate in (0.1, 0.2):
        step(weights, gradient, optimiser, rate)
    other = weights.clone()
    resumed = Optimiser(other, gradient, settings)
    resumed.load(optimiser.moments, stepped=True)
    for one, its in ((weights, optimiser), (other, resumed)):
        step(one, gradient, its, 0.05)
    assert torch.equal(weights, other)


def test_the_rate_is_that_of_the_step() -> None:
    weights, gradient = vector(), vector()
    optimiser = Optimiser(weights, gradient, TrainingSettings())
    step(weights, gradient, optimiser, 0.0)
    assert torch.equal(weights, vector())
    step(weights, gradient, optimiser, 0.5)
    # Adam's step is the rate times the sign where the gradient stays as it is.
    torch.testing.assert_close(weights, vector() - 0.5, rtol=0, atol=1e-4)

"""The optimisers by name, for a network whose weights are one vector."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from foretell.training.settings import OptimiserName, TrainingSettings

# torch has no fused NAdam.
_OPTIMISERS: dict[OptimiserName, tuple[Callable[..., torch.optim.Optimizer], dict[str, Any]]] = {
    "adam": (torch.optim.Adam, {"fused": True}),
    "adamw": (torch.optim.AdamW, {"fused": True}),
    "nadam": (torch.optim.NAdam, {"foreach": True}),
    "sgd": (torch.optim.SGD, {"fused": True, "momentum": 0.9, "nesterov": True}),
}


def build(vector: Tensor, settings: TrainingSettings) -> torch.optim.Optimizer:
    """The optimiser that `settings` names, over the flat weight vector `(P,)`."""
    make, options = _OPTIMISERS[settings.optimiser]
    return make([vector], lr=settings.learning_rate, weight_decay=settings.weight_decay, **options)


def set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """Set the learning rate of the next step."""
    optimiser.param_groups[0]["lr"] = rate


def moments(optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    """The optimiser's memory by its name in torch, such as `step`, `exp_avg` and `exp_avg_sq`; empty before a step."""
    state = optimiser.state_dict()["state"].get(0, {})
    return {name: value for name, value in state.items() if isinstance(value, Tensor)}


def load_moments(optimiser: torch.optim.Optimizer, memory: dict[str, Tensor]) -> None:
    """Put back what `moments` returned."""
    groups = optimiser.state_dict()["param_groups"]
    optimiser.load_state_dict({"state": {0: dict(memory)} if memory else {}, "param_groups": groups})

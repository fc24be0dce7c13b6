"""Optimisers by name, for a network whose weights are one vector."""

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
    """Build the optimiser named in `settings` for the flat weight vector `(P,)`."""
    make, options = _OPTIMISERS[settings.optimiser]
    return make([vector], lr=settings.learning_rate, weight_decay=settings.weight_decay, **options)


def set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """Set the learning rate of the next step."""
    optimiser.param_groups[0]["lr"] = rate


def moments(optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Return the optimiser's state by torch's names, such as `step` and `exp_avg`; empty before the first step."""
    state = optimiser.state_dict()["state"].get(0, {})
    return {name: value for name, value in state.items() if isinstance(value, Tensor)}


def require_moments(memory: dict[str, Tensor], vector: Tensor, settings: TrainingSettings, *, stepped: bool) -> None:
    """Raise ValueError unless `moments` can have returned `memory` for that weight vector; torch does not check it.

    `stepped` tells whether the optimiser had taken a step.
    """
    due = _shapes(settings, vector) if stepped else {}
    if memory.keys() != due.keys():
        raise ValueError(f"the optimiser's state holds {sorted(memory)}, not {sorted(due)}")
    for name, (dtype, shape) in due.items():
        if memory[name].dtype != dtype or memory[name].shape != shape:
            raise ValueError(f"{name} is {memory[name].dtype} of {tuple(memory[name].shape)}, not {dtype} of {shape}")


def load_moments(optimiser: torch.optim.Optimizer, memory: dict[str, Tensor]) -> None:
    """Restore what `moments` returned."""
    groups = optimiser.state_dict()["param_groups"]
    optimiser.load_state_dict({"state": {0: dict(memory)} if memory else {}, "param_groups": groups})


def _shapes(settings: TrainingSettings, vector: Tensor) -> dict[str, tuple[torch.dtype, tuple[int, ...]]]:
    """Return the dtypes and shapes of the state after a step on `vector`, found by a step on a single weight."""
    scratch = torch.nn.Parameter(torch.zeros(1, dtype=vector.dtype))
    scratch.grad = torch.zeros_like(scratch)
    optimiser = build(scratch, settings)
    optimiser.step()
    return {name: (t.dtype, tuple(vector.shape) if t.dim() else ()) for name, t in moments(optimiser).items()}

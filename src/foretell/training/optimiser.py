"""Optimisers by name, for a network whose weights are one vector.

They are torch's functions rather than its classes, which import torch's compiler at their first use: over a second.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.optim.adam import adam
from torch.optim.adamw import adamw
from torch.optim.nadam import nadam
from torch.optim.sgd import sgd

from foretell.training.settings import OptimiserName, TrainingSettings

Moments = dict[str, Tensor]
"""What an optimiser remembers, by torch's names, such as `step` and `exp_avg`."""

_BETA1, _BETA2 = 0.9, 0.999
_EPS = 1e-8
_MOMENTUM = 0.9
_MOMENTUM_DECAY = 4e-3


class Optimiser:
    """Steps of the optimiser named in `settings` on the flat weight vector `(P,)`, with its gradient `(P,)`."""

    def __init__(self, vector: Tensor, gradient: Tensor, settings: TrainingSettings) -> None:
        self._vector = vector
        self._gradient = gradient
        self._begin, self._step = _OPTIMISERS[settings.optimiser]
        self._decay = settings.weight_decay
        self.moments: Moments = {}
        """Empty before the first step."""

    def step(self, rate: float) -> None:
        """Change the weights in place, by the current gradient and that learning rate."""
        with torch.no_grad():
            if not self.moments:
                self.moments = self._begin(self._vector)
            self._step(self._vector, self._gradient, self.moments, rate, self._decay)

    def load(self, moments: Moments, *, stepped: bool) -> None:
        """Restore what `moments` was. Raises ValueError if it cannot have been that of this optimiser on that vector.

        `stepped` tells whether the optimiser had taken a step.
        """
        due = self._begin(self._vector) if stepped else {}
        if moments.keys() != due.keys():
            raise ValueError(f"the optimiser's state holds {sorted(moments)}, not {sorted(due)}")
        for name, new in due.items():
            dtype, shape = moments[name].dtype, tuple(moments[name].shape)
            if dtype != new.dtype or shape != tuple(new.shape):
                raise ValueError(f"{name} is {dtype} of {shape}, not {new.dtype} of {tuple(new.shape)}")
        self.moments = {name: moments[name].to(new.device, copy=True) for name, new in due.items()}


def _begin_adam(vector: Tensor) -> Moments:
    # The fused functions count on the device.
    count = torch.zeros((), dtype=torch.float32, device=vector.device)
    return {"step": count, "exp_avg": torch.zeros_like(vector), "exp_avg_sq": torch.zeros_like(vector)}


def _adam(vector: Tensor, gradient: Tensor, moments: Moments, rate: float, decay: float) -> None:
    means, squares, steps = [moments["exp_avg"]], [moments["exp_avg_sq"]], [moments["step"]]
    adam(
        [vector], [gradient], means, squares, [], steps,
        fused=True, amsgrad=False, beta1=_BETA1, beta2=_BETA2, lr=rate, weight_decay=decay, eps=_EPS, maximize=False,
    )  # fmt: skip


def _adamw(vector: Tensor, gradient: Tensor, moments: Moments, rate: float, decay: float) -> None:
    means, squares, steps = [moments["exp_avg"]], [moments["exp_avg_sq"]], [moments["step"]]
    adamw(
        [vector], [gradient], means, squares, [], steps,
        fused=True, amsgrad=False, beta1=_BETA1, beta2=_BETA2, lr=rate, weight_decay=decay, eps=_EPS, maximize=False,
    )  # fmt: skip


def _begin_nadam(vector: Tensor) -> Moments:
    # torch has no fused NAdam: it counts on the CPU.
    count, product = torch.tensor(0.0), torch.tensor(1.0)
    means, squares = torch.zeros_like(vector), torch.zeros_like(vector)
    return {"step": count, "mu_product": product, "exp_avg": means, "exp_avg_sq": squares}


def _nadam(vector: Tensor, gradient: Tensor, moments: Moments, rate: float, decay: float) -> None:
    means, squares = [moments["exp_avg"]], [moments["exp_avg_sq"]]
    nadam(
        [vector], [gradient], means, squares, [moments["mu_product"]], [moments["step"]],
        foreach=True, beta1=_BETA1, beta2=_BETA2, lr=rate, weight_decay=decay, momentum_decay=_MOMENTUM_DECAY, eps=_EPS,
    )  # fmt: skip


def _begin_sgd(vector: Tensor) -> Moments:
    # The first step of torch fills it with the gradient, and so does the update of zeros without dampening.
    return {"momentum_buffer": torch.zeros_like(vector)}


def _sgd(vector: Tensor, gradient: Tensor, moments: Moments, rate: float, decay: float) -> None:
    sgd(
        [vector], [gradient], [moments["momentum_buffer"]],
        fused=True, lr=rate, weight_decay=decay, momentum=_MOMENTUM, dampening=0.0, nesterov=True, maximize=False,
    )  # fmt: skip


_Step = Callable[[Tensor, Tensor, Moments, float, float], None]
_OPTIMISERS: dict[OptimiserName, tuple[Callable[[Tensor], Moments], _Step]] = {
    "adam": (_begin_adam, _adam),
    "adamw": (_begin_adam, _adamw),
    "nadam": (_begin_nadam, _nadam),
    "sgd": (_begin_sgd, _sgd),
}

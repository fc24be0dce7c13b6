"""The linear regression within an exported program; see `foretell.forecasting.blending.linear`, which it equals."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from foretell.forecasting.blending.linear import LEAST_SCALE, LinearRegression
from foretell.nn.layers.portable import loop


class LinearProgram(torch.nn.Module):
    """Forecasts series (B, T), NaN where missing and before a series begins."""

    weights: Tensor

    def __init__(self, regression: LinearRegression) -> None:
        super().__init__()
        self.width = regression.width
        self.register_buffer("weights", torch.from_numpy(np.array(regression.weights)))

    def forward(self, values: Tensor, horizon: int) -> Tensor:
        """Return (B, `horizon`); beyond what the regression forecasts, from its own forecasts."""
        seen = ~values.isnan()
        first = values.gather(1, seen.long().argmax(1, keepdim=True)).nan_to_num()
        past = _filled(values, first[:, 0])
        # As many steps as are read, of the first value where a series is shorter.
        past = torch.cat([first.expand(-1, self.width), past], 1)[:, -self.width :]
        limit = torch.finfo(torch.float64).max
        while past.shape[1] < self.width + horizon:
            design, last, scale, unit = _design(past[:, -self.width :])
            ahead = (last + scale * (design @ self.weights[:-1] + self.weights[-1])) * unit
            past = torch.cat([past, ahead.clamp(-limit, limit)], 1)
        return past[:, self.width : self.width + horizon]


def _filled(values: Tensor, first: Tensor) -> Tensor:
    def step(state: tuple[Tensor, ...], given: Tensor) -> tuple[tuple[Tensor, ...], Tensor]:
        value = torch.where(given.isnan(), state[0], given)
        return (value,), value.clone()

    return loop(step, (first,), values.T.contiguous())[1].T


def _design(past: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return the scaled distances from the last value (B, P), and that value, their scale and the unit, each (B, 1)."""
    largest = past.abs().amax(1, keepdim=True)
    unit = torch.where(largest > 0, largest, 1.0)
    values = past / unit
    last = values[:, -1:]
    deviation = (values - values.mean(1, keepdim=True)).abs().mean(1, keepdim=True)
    scale = deviation + (values[:, 1:] - values[:, :-1]).abs().mean(1, keepdim=True)
    varies = scale > LEAST_SCALE
    x = (values - last) / torch.where(varies, scale, 1.0)
    return torch.where(varies, x, 0.0), last, torch.where(varies, scale, 0.0), unit

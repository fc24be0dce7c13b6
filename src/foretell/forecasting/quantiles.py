"""Quantile forecasts: which quantiles an interval needs, how they are kept in order, and the loss that teaches them."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd.function import once_differentiable

from foretell.errors import SettingsError

GRID = (0.005, 0.025, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.975, 0.995)
"""The quantiles that every network learns, whichever are asked for: more of them make the median itself better."""
MEDIAN = GRID.index(0.5)


def quantiles_of(levels: Sequence[int]) -> tuple[float, ...]:
    """The quantiles of central intervals, ascending, the median in the middle: levels (80, 95) give 5 of them.

    `levels` are percentages between 1 and 99, in any order. Raises SettingsError for others and for repeats.
    """
    for level in levels:
        if isinstance(level, bool) or level != int(level) or not 1 <= level <= 99:
            raise SettingsError(f"level {level!r}: an interval's level is a whole percentage from 1 to 99, such as 80")
    if len(set(levels)) != len(levels):
        raise SettingsError(f"levels {list(levels)}: each level may be named once")
    tails = [(100 - level) / 200 for level in sorted(levels)]
    return (*sorted(tails), 0.5, *(1 - tail for tail in tails))


def read_off(grid: NDArray[np.float64], probabilities: Sequence[float]) -> NDArray[np.float64]:
    """Other quantiles (..., P) from those of `GRID` (..., 15), at `probabilities` in (0, 1), ascending.

    Between two of the grid, and beyond its ends, quantiles follow the line that those of a normal distribution would.
    """
    normal = NormalDist()
    known = [normal.inv_cdf(p) for p in GRID]
    columns = []
    for wanted in probabilities:
        z = normal.inv_cdf(wanted)
        right = int(np.clip(np.searchsorted(known, z), 1, len(known) - 1))
        exact = [k for k, p in enumerate(GRID) if abs(p - wanted) < 1e-9]
        if exact:
            columns.append(grid[..., exact[0]])
            continue
        share = (z - known[right - 1]) / (known[right] - known[right - 1])
        columns.append(grid[..., right - 1] + share * (grid[..., right] - grid[..., right - 1]))
    return np.stack(columns, -1)


def spread_around(median: Tensor, widths: Tensor) -> Tensor:
    """Quantiles that cannot cross: `median` (..., H) and unbounded `widths` (..., Q - 1, H) to quantiles (..., Q, H).

    The widths, made positive by softplus, are the distances from one quantile to the next, outwards from the median.
    """
    distances = F.softplus(widths).unbind(-2)
    half = len(distances) // 2
    quantiles = [median]
    for below, above in zip(distances[:half][::-1], distances[half:], strict=True):
        quantiles = [quantiles[0] - below, *quantiles, quantiles[-1] + above]
    return torch.stack(quantiles, -2)


class _Mixture(torch.autograd.Function):
    """With the gradient in closed form: autograd would walk over the data several times more."""

    @staticmethod
    def forward(ctx: Any, shares: Tensor, candidates: Tensor) -> Tensor:
        weights = shares.softmax(-2)
        mixture = (weights[..., :-1, :] * candidates).sum(-2)
        ctx.save_for_backward(weights, candidates, mixture)
        return mixture

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        weights, candidates, mixture = ctx.saved_tensors
        slope = weights * gradients[0].unsqueeze(-2)
        slope[..., :-1, :] *= candidates - mixture.unsqueeze(-2)
        slope[..., -1, :] *= -mixture
        return slope, None


def mixture(shares: Tensor, candidates: Tensor) -> Tensor:
    """Candidates (..., K, H) averaged by the softmax of `shares` (..., K + 1, H), the last share being that of 0."""
    mixed: Tensor = _Mixture.apply(shares, candidates)  # type: ignore[no-untyped-call]
    return mixed


class _PinballLoss(torch.autograd.Function):
    """The loss and its gradient in one pass over the data: autograd would keep four tensors of the full size."""

    @staticmethod
    def forward(ctx: Any, forecast: Tensor, target: Tensor, quantiles: Tensor) -> Tensor:
        seen = ~target.isnan()
        count = (seen.sum() * len(quantiles)).clamp(min=1)
        error = torch.where(seen, target, 0.0).unsqueeze(-2) - forecast
        slope = ((error >= 0).to(error.dtype) - (1 - quantiles[:, None])) * seen.unsqueeze(-2)
        ctx.save_for_backward(slope, count)
        return 2 * error.mul_(slope).sum() / count

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        slope, count = ctx.saved_tensors
        return slope * (-2 * gradients[0] / count), None, None


def pinball_loss(forecast: Tensor, target: Tensor, quantiles: Tensor) -> Tensor:
    """Twice the mean pinball loss (Koenker & Bassett, 1978), which for the median alone is the mean absolute error.

    `forecast` (..., Q, H), `target` (..., H) with NaN where there is nothing to compare with, `quantiles` (Q,). A
    scalar; 0 where the whole target is missing.
    """
    loss: Tensor = _PinballLoss.apply(forecast, target, quantiles)  # type: ignore[no-untyped-call]
    return loss

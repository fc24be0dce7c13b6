"""The loss of the any-horizon network."""

from __future__ import annotations

import torch
from torch import Tensor

from foretell.forecasting.any_horizon.spread import Spread
from foretell.forecasting.quantiles import GRID, MEDIAN

_OF_THE_MEDIAN = 0.5


def quantile_loss(quantiles: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """Twice the mean pinball loss (Koenker and Bassett, 1978) over all quantiles, and half that of the median again.

    `quantiles` (..., Q), `target` (...) with NaN where there is nothing to learn from, `weight` (...). A scalar.
    """
    seen = ~target.isnan()
    error = torch.where(seen, target, 0.0)[..., None] - quantiles
    probability = quantiles.new_tensor(GRID)
    weights = (weight * seen)[..., None]
    losses = 2 * torch.maximum(probability * error, (probability - 1) * error) * weights
    count = seen.sum().clamp(min=1)
    return (losses.mean(-1).sum() + _OF_THE_MEDIAN * losses[..., MEDIAN].sum()) / count


def candidate_weight(candidates: Tensor) -> Tensor:
    """(B, A, H): less for steps whose candidates (B, A, K, H) lie far apart, where any error is large."""
    return 1 / (1 + 0.5 * Spread.of(candidates, 2).deviation.squeeze(2))

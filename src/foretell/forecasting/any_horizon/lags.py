"""Distributed lags: what past columns say of a step ahead, whatever the lag of the series behind them."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from foretell.forecasting.any_horizon.rowwise import RowwiseLinear, rowwise_linear

_LAGS = 48
"""Lags that have weights of their own; what lies further back reaches a forecast through the backbone."""
_DIRECTIONS = 8
"""Maximum number of combinations of the columns that are followed."""


class DistributedLags(nn.Module):
    """Sums over lags (Almon, 1965): z(t, h) = sum over l from h to 47 of W_l P x(t + h - l).

    x are the features of the past columns at a step, t an anchor, h a step ahead. The weights W_l of a lag are the same
    for all steps ahead, and what would lie after the anchor is left out.
    """

    def __init__(self, features: int, size: int) -> None:
        super().__init__()
        kept = min(features, _DIRECTIONS)
        self.directions = RowwiseLinear(features, kept, bias=False)
        self.weight = nn.Parameter(torch.randn(_LAGS, kept, size) * (kept * _LAGS) ** -0.5)

    def forward(self, past: Tensor, at: Tensor, ahead: Tensor) -> Tensor:
        """Features (B, W, F), anchors (B, A) and steps ahead (H,) to sums (B, A, H, `size`)."""
        back = torch.arange(_LAGS, device=at.device)
        rows = at[..., None] - back
        followed = self.directions(past)
        index = rows.clamp(min=0).flatten(1)[..., None].expand(-1, -1, followed.shape[-1])
        before = followed.gather(1, index).unflatten(1, tuple(rows.shape[1:])) * (rows >= 0)[..., None]
        lag = ahead[:, None] + back
        weights = self.weight[lag.clamp(max=_LAGS - 1)] * (lag < _LAGS)[..., None, None]
        steps, size = len(ahead), self.weight.shape[2]
        sums = rowwise_linear(before.flatten(2), weights.permute(0, 3, 1, 2).reshape(steps * size, -1))
        return sums.reshape(*at.shape, steps, size)

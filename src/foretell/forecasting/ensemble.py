"""Ensembles: networks of one architecture whose averaged forecasts are more stable than those of any one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from foretell.forecasting.any_horizon.inputs import Inputs
from foretell.forecasting.any_horizon.network import AnyHorizonNetwork


class Ensemble(nn.Module):
    """M networks, trained together, each on its own part of a batch; each forecast quantile is their mean.

    Averaging quantiles rather than densities keeps them in order and the intervals as sharp as those of the members
    (Vincent, 1912; Lichtendahl et al., 2013). Gradients are clipped by the norm over all members together.
    """

    def __init__(self, members: Sequence[AnyHorizonNetwork]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, inputs: Inputs, state: Any = None) -> tuple[Tensor, Any]:
        """Return the quantiles (B, A, H, Q) and the members' states. In training B must be a multiple of M."""
        count = len(self.members)
        shares = inputs.split(count) if self.training else [inputs] * count
        states = [None] * count if state is None else state
        results = [member(*given) for member, *given in zip(self.members, shares, states, strict=True)]
        quantiles = [result for result, _ in results]
        joined = torch.cat(quantiles) if self.training else torch.stack(quantiles).mean(0)
        return joined, tuple(after for _, after in results)

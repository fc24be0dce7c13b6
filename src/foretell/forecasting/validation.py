"""How good a network is on the validation parts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from foretell.forecasting.architecture import Architecture
from foretell.forecasting.holdout import Holdout
from foretell.forecasting.inputs import Inputs
from foretell.forecasting.quantiles import GRID, pinball_loss
from foretell.forecasting.windows import Windows

_MOST_SERIES = 2048
_BATCH = 256


class Validation:
    """The windows whose horizon lies in the validation parts, every possible cutoff of them."""

    def __init__(self, windows: Windows, architecture: Architecture, holdout: Holdout) -> None:
        self._quantiles = torch.tensor(GRID)
        layout = architecture.layout
        series = holdout.validated
        if len(series) > _MOST_SERIES:
            series = series[np.linspace(0, len(series) - 1, _MOST_SERIES).astype(np.int64)]
        self._batches: list[Inputs] = []
        for start in range(0, len(series), _BATCH):
            part = series[start : start + _BATCH]
            ends = holdout.validation[part] - layout.horizon
            cutoffs = ends - holdout.training[part] + 1
            most = max(1, min(int(cutoffs.max()), layout.steps // 2))
            anchors = layout.last_anchors(-(-most // layout.stride))
            inputs = layout.inputs(windows.cut(part, ends, holdout.validation[part]), anchors)
            age = torch.arange(inputs.last.shape[1] - 1, -1, -1) * layout.stride
            early = age >= torch.from_numpy(cutoffs)[:, None]
            self._batches.append(replace(inputs, target=inputs.target.masked_fill(early[..., None], torch.nan)))

    def __bool__(self) -> bool:
        return any(bool((~inputs.target.isnan()).any()) for inputs in self._batches)

    def loss(self, network: nn.Module) -> float:
        """The mean pinball loss."""
        total = count = 0.0
        for inputs, forecast in self._forecasts(network):
            seen = float((~inputs.target.isnan()).sum())
            total += seen * float(pinball_loss(forecast, inputs.target, self._quantiles.to(forecast.device)))
            count += seen
        return total / count

    def _forecasts(self, network: nn.Module) -> list[tuple[Inputs, Tensor]]:
        device = next(network.parameters()).device
        self._batches = [inputs.to(device) for inputs in self._batches]
        with torch.no_grad():
            return [(inputs, network(inputs)[0]) for inputs in self._batches]

"""Validation: the loss of a network on the validation parts."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from foretell.forecasting.any_horizon.inputs import Inputs
from foretell.forecasting.any_horizon.loss import candidate_weight, quantile_loss
from foretell.forecasting.holdout import Holdout
from foretell.forecasting.networks.windows import Windows
from foretell.forecasting.panel import Panel
from foretell.forecasting.prediction import actual_values

_MOST_WINDOWS = 512
_MOST_CUTOFFS = 8
_MOST_STEPS = 1 << 16
"""Maximum number of steps to forecast, and to read, over all windows: validation takes as long as training steps do."""
_BATCH = 128


def held_out_windows(
    holdout: Holdout, horizon: int, most: int, most_cutoffs: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return series (B,) and cutoffs (B,) with horizons in the validation parts, an even sample if there are many."""
    validated = holdout.validated
    if len(validated) > most:
        validated = validated[np.linspace(0, len(validated) - 1, most).astype(np.int64)]
    each = int(np.clip(most // max(1, len(validated)), 1, most_cutoffs))
    series, cutoffs = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for i in validated:
        first = int(holdout.training[i])
        latest = max(int(holdout.validation[i]) - horizon, first)
        found = np.unique(np.linspace(first, latest, min(each, latest - first + 1)).round().astype(np.int64))
        series.append(np.full(len(found), i))
        cutoffs.append(found)
    return np.concatenate(series), np.concatenate(cutoffs)


def held_out_values(
    panel: Panel, holdout: Holdout, series: NDArray[np.int64], cutoffs: NDArray[np.int64], horizon: int
) -> NDArray[np.float64]:
    """Return the actual values after the cutoffs, (B, H); NaN where missing and in the rows of the backtest."""
    actual = actual_values(panel, series, cutoffs, horizon)
    hidden = cutoffs[:, None] + np.arange(horizon) >= holdout.validation[series][:, None]
    return np.where(hidden, np.nan, actual)


class Validation:
    """Some of the windows whose horizon lies in the validation parts."""

    def __init__(self, windows: Windows, horizon: int, holdout: Holdout) -> None:
        longest = max(horizon, min(windows.reading.window, int(holdout.training.max(initial=1))))
        most = min(_MOST_WINDOWS, max(1, _MOST_STEPS // longest))
        series, cutoffs = held_out_windows(holdout, horizon, most, _MOST_CUTOFFS)
        self._batches: list[Inputs] = []
        for start in range(0, len(series), _BATCH):
            own, ends = series[start : start + _BATCH], cutoffs[start : start + _BATCH]
            width = min(windows.reading.window, int(ends.max()))
            ahead = np.arange(1, horizon + 1)
            window = windows.cut(own, ends, ends[:, None] - 1, ahead, width, until=holdout.validation[own])
            self._batches.append(window.inputs)

    def __bool__(self) -> bool:
        return any(bool((~inputs.target.isnan()).any()) for inputs in self._batches)

    def loss(self, network: nn.Module) -> float:
        """Return the mean quantile loss."""
        device = next(network.parameters()).device
        total = count = 0.0
        with torch.no_grad():
            for inputs in self._batches:
                seen = float((~inputs.target.isnan()).sum())
                given = inputs.to(device)
                weight = candidate_weight(given.candidates)
                total += seen * float(quantile_loss(network(given)[0], given.target, weight))
                count += seen
        return total / count

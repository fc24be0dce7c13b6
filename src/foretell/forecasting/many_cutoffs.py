"""Forecasts from many rows of a series: the network runs over a stretch once and forecasts from all rows in it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from foretell.forecasting.networks.windows import Windows
from foretell.forecasting.prediction import width_of
from foretell.forecasting.quantiles import GRID

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_RUN_IN = 128
"""Steps that the network runs over before the first row that is forecast from, so that its state has settled."""
_CELLS = 1 << 17
"""Maximum number of rows times steps ahead in a batch."""
_MOST = 64


def forecast_from_many(
    network: nn.Module, windows: Windows, series: Integers, cutoffs: Integers, horizon: int
) -> Floats:
    """Return quantiles (G, `horizon`, 15) of the steps after row `cutoffs` (G,) of `series` (G,), from those before.

    They are those of `forecast` but for the state of the network, which begins elsewhere.
    """
    found = np.empty((len(series), horizon, len(GRID)))
    ahead = np.arange(1, horizon + 1)
    for width, runs in _batches(windows, series, cutoffs, horizon):
        own = np.array([run[-1] for run in runs])
        # Shorter runs repeat their last row.
        anchors = np.array([np.pad(run, (0, max(map(len, runs)) - len(run)), mode="edge") for run in runs])
        window = windows.cut(series[own], cutoffs[own], cutoffs[anchors] - 1, ahead, width)
        with torch.inference_mode():
            quantiles = network(window.inputs)[0].double().numpy()
        last, unit = (values.numpy()[..., None, None] for values in (window.inputs.last, window.inputs.unit))
        with np.errstate(over="ignore", invalid="ignore"):  # of values near the largest float
            found[anchors] = window.scale[:, None, None, None] * (last + unit * quantiles)
    return found


def _batches(
    windows: Windows, series: Integers, cutoffs: Integers, horizon: int
) -> Iterator[tuple[int, list[Integers]]]:
    """Yield the steps that the network runs over, and runs of cutoffs within one such stretch each, ascending."""
    widest = windows.reading.window
    order = np.lexsort((cutoffs, series))
    by_width: dict[int, list[Integers]] = {}
    stop = len(order)
    while stop:
        end, last = order[stop - 1], int(cutoffs[order[stop - 1]])
        width = width_of(min(last, widest), widest)
        reach = 0 if last <= widest else last - max(1, widest - _RUN_IN)
        start = stop - 1
        while start and series[order[start - 1]] == series[end] and cutoffs[order[start - 1]] > reach:
            start -= 1
        by_width.setdefault(width, []).append(order[start:stop])
        stop = start
    for width, runs in by_width.items():
        runs.sort(key=len)
        while runs:
            count = max(1, min(_MOST, _CELLS // (len(runs[-1]) * horizon)))
            yield width, runs[-count:]
            del runs[-count:]

"""One-step forecasts of whole series by the pretrained network: each value from everything before it."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from foretell.forecasting.any_horizon.reading import Reading
from foretell.forecasting.networks.windows import Windows
from foretell.forecasting.panel import Panel
from foretell.forecasting.pretrained.shipped import Pretrained
from foretell.forecasting.quantiles import GRID

Floats = NDArray[np.float64]

_RUN_IN = 128
"""Steps that the network runs over before the first value that is forecast, so that its state has settled."""
_BATCH = 32
_FEWEST = 3
"""Number of rows before the first forecast."""


def one_step_quantiles(pretrained: Pretrained, panel: Panel, seasons: tuple[int, ...]) -> Floats:
    """Return quantiles (R, 15) of each row of a panel, forecast from the rows before it; NaN for the first few.

    The network runs over a stretch of a series once and forecasts one step ahead after each of its rows.
    """
    reading = Reading.of(seasons)
    windows = Windows.bare(panel, reading)
    found = np.full((len(panel.values), len(GRID)), np.nan)
    for width, count, part in _stretches(panel, reading.window):
        series, ends = part.T
        anchors = ends[:, None] + np.arange(-count, 0)
        window = windows.cut(series, ends, anchors, np.ones(1, np.int64), width)
        inputs = window.inputs
        with torch.inference_mode():
            quantiles = pretrained.network(inputs)[0][:, :, 0].double().numpy()
        last, unit = (values.numpy()[..., None] for values in (inputs.last, inputs.unit))
        with np.errstate(over="ignore", invalid="ignore"):  # of values near the largest float
            values = window.scale[:, None, None] * (last + unit * quantiles)
        there = (anchors >= _FEWEST - 1) & (anchors + 1 < panel.history[series][:, None])
        rows = (panel.offsets[series][:, None] + anchors + 1)[there]
        found[rows] = values[there]
    return found


def _stretches(panel: Panel, widest: int) -> list[tuple[int, int, NDArray[np.int64]]]:
    """Return batches of stretches: the steps that the network runs over, how many of them are forecast from, and the
    stretches (B, 2), each as a series and the row after its last.

    All rows of the first stretch of a series are forecast from; each later one has a run-in.
    """
    stretch = max(1, widest - _RUN_IN)
    batches: list[tuple[int, int, NDArray[np.int64]]] = []
    first: dict[int, list[tuple[int, int]]] = {}
    later: list[tuple[int, int]] = []
    for i, rows in enumerate(panel.history.tolist()):
        if rows > _FEWEST:
            first.setdefault(min(rows, widest), []).append((i, min(rows, widest)))
            later += [(i, end) for end in [*range(widest + stretch, rows, stretch), rows] if rows > widest]
    for width, count, parts in [
        *((length, length, parts) for length, parts in first.items()),
        (widest, stretch, later),
    ]:
        batches += [(width, count, np.array(parts[k : k + _BATCH])) for k in range(0, len(parts), _BATCH)]
    return batches

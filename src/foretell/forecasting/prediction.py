"""Prediction: a network's forecasts from chosen cutoffs, and those of simple methods, in the units of the table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from foretell.forecasting.any_horizon.bank import BANK
from foretell.forecasting.networks.windows import Window, Windows
from foretell.forecasting.panel import Panel
from foretell.forecasting.quantiles import GRID, MEDIAN
from foretell.kernels.candidates import BASIC, CHOSEN

SIMPLE = ("naive", "seasonal_naive", "theta")
"""Simple methods among the candidates that are also forecasters of their own."""
PLACES = (BASIC.index("last"), BASIC.index("seasonal naive"), len(BASIC) + len(BANK) + CHOSEN.index("Theta"))
_BATCH = 256
_CELLS = 1 << 24
"""Maximum number of candidate values per batch, unless a single series has more."""
FEW = 3
APART = np.sqrt(np.pi) * np.array([NormalDist().inv_cdf(p) for p in GRID])
"""(15,) distance of each quantile from the median in mean absolute differences of two values of a normal distribution.
"""
_FINEST = 4


@dataclass(frozen=True)
class Answer:
    """Forecasts of B windows."""

    quantiles: NDArray[np.float64]
    """(B, H, 15), the quantiles of `GRID`."""
    points: NDArray[np.float64]
    """(B, H, 3), the forecasts of `SIMPLE`."""

    def simple(self) -> dict[str, NDArray[np.float64]]:
        """Return the quantiles (B, H, 15) of each simple method, assuming its errors are as large as the network's."""
        return {name: around(self.points[..., k], self.quantiles) for k, name in enumerate(SIMPLE)}


def around(points: NDArray[np.float64], quantiles: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return quantiles (B, H, 15) with the medians `points` (B, H) and the distances of `quantiles` from theirs."""
    return points[..., None] + (quantiles - quantiles[..., MEDIAN : MEDIAN + 1])


def forecast(
    network: nn.Module,
    windows: Windows,
    series: NDArray[np.int64],
    cutoffs: NDArray[np.int64],
    horizon: int,
    relative_spread: float = 0.0,
) -> Answer:
    """Forecast the `horizon` steps after row `cutoffs` (B,) of `series` (B,), using only values before them.

    A series of one or two values is assumed to have the spread `relative_spread`, as a share of its level.
    """
    return forecast_each([network], windows, series, cutoffs, horizon, relative_spread)[0]


def forecast_each(
    networks: Sequence[nn.Module],
    windows: Windows,
    series: NDArray[np.int64],
    cutoffs: NDArray[np.int64],
    horizon: int,
    relative_spread: float = 0.0,
) -> list[Answer]:
    """Forecast with each of several networks that read the same windows, which are described once for all; as
    `forecast`."""
    shape = (len(series), horizon)
    results = [Answer(np.empty((*shape, len(GRID))), np.empty((*shape, len(SIMPLE)))) for _ in networks]
    reading = windows.reading
    ahead = np.arange(1, horizon + 1)
    at_once = max(1, min(_BATCH, _CELLS // (horizon * 40)))
    with torch.inference_mode():
        for width, part in _batches(np.minimum(cutoffs, reading.reach), reading.window, at_once):
            window = windows.cut(series[part], cutoffs[part], cutoffs[part][:, None] - 1, ahead, width)
            for network, result in zip(networks, results, strict=True):
                _answer(network, window, part, relative_spread, result)
    return results


def _answer(
    network: nn.Module, window: Window, part: NDArray[np.int64], relative_spread: float, result: Answer
) -> None:
    """Write what the network forecasts from a batch of windows to their places in the result."""
    device = next(network.parameters()).device
    inputs, scale, count = window.inputs, window.scale[:, None, None], window.count[:, None]
    last, own = inputs.last.numpy(), inputs.unit.numpy()
    unit = np.where(count < FEW, np.fmax(own, relative_spread * np.abs(last)), own)
    quantiles = network(inputs.to(device))[0][:, 0].double().cpu()
    points = inputs.candidates[:, 0, list(PLACES)].mT.double()
    with np.errstate(over="ignore"):  # the caller checks that the result is finite
        for to, found, size in ((result.quantiles, quantiles, unit), (result.points, points, own)):
            to[part] = scale * (last[..., None] + size[..., None] * found.numpy())
        # To the network a single value looks like a series that never changes.
        least = np.where(count == 1, relative_spread * np.abs(last) * scale[..., 0], 0.0)[..., None] * APART
        result.quantiles[part] = _at_least(result.quantiles[part], least)


def _at_least(quantiles: NDArray[np.float64], least: NDArray[np.float64]) -> NDArray[np.float64]:
    """Move the quantiles (B, H, 15) at least `least` (B, 1, 15) from the median; `least` is negative below it."""
    median = quantiles[..., MEDIAN : MEDIAN + 1]
    lower, upper = np.split(quantiles, [MEDIAN], -1)
    low, high = np.split(median + least, [MEDIAN], -1)
    return np.concatenate([np.minimum(lower, low), np.maximum(upper, high)], -1)


def _batches(lengths: NDArray[np.int64], widest: int, most: int) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """Yield the number of steps that the network runs over, and the series of that batch.

    Padding before a series affects the network's state, so its length depends only on the length of the series: the
    forecast is then the same whichever series share the batch.
    """
    widths = np.array([width_of(int(length), widest) for length in lengths], dtype=np.int64)
    for width in np.unique(widths):
        alike = np.flatnonzero(widths == width)
        alike = alike[np.argsort(lengths[alike], kind="stable")]
        for start in range(0, len(alike), most):
            yield int(width), alike[start : start + most]


def width_of(length: int, widest: int) -> int:
    """Round a length up, by at most a quarter, so that series of many lengths make few batches."""
    grid = max(_FINEST, 1 << max(0, length.bit_length() - 3))
    return min(max(1, -(-length // grid)) * grid, widest)


def actual_values(panel: Panel, series: NDArray[Any], cutoffs: NDArray[Any], horizon: int) -> NDArray[np.float64]:
    """Return the actual values after each cutoff, (B, H); NaN where missing and after the history."""
    rows = cutoffs[:, None] + np.arange(horizon)
    inside = rows < panel.history[series][:, None]
    return np.where(inside, panel.values[np.where(inside, rows + panel.offsets[series][:, None], 0)], np.nan)

"""Forecasts of series by any-horizon networks, without training, and those of simple methods beside them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import torch
from numpy.typing import NDArray

from foretell.forecasting.pretrained.bank import BANK
from foretell.forecasting.pretrained.inputs import Inputs, describe
from foretell.forecasting.pretrained.network import AnyHorizonNetwork
from foretell.forecasting.quantiles import GRID, MEDIAN
from foretell.kernels.candidates import BASIC, CHOSEN

SIMPLE = ("naive", "seasonal_naive", "theta")
"""The simple methods among the candidates that forecast alone, too."""
_PLACES = (BASIC.index("last"), BASIC.index("seasonal naive"), len(BASIC) + len(BANK) + CHOSEN.index("Theta"))
_WINDOWS = {4: 240, 7: 256, 12: 320, 52: 312}
_LONGEST_WINDOW = 384
_LONGEST = 1000
_LONGEST_WITH_SECOND = 2100
_BATCH = 256
_CELLS = 1 << 24
"""Candidates of a batch, at most, where a single series does not have more."""
_FEW = 3
_APART = np.sqrt(np.pi) * np.array([NormalDist().inv_cdf(p) for p in GRID])
"""(15,) how far two values of a series lie apart at each quantile, in mean absolute deviations, where these are normal.
"""
_FINEST = 4


@dataclass(frozen=True)
class Answer:
    """What is forecast of B series."""

    quantiles: NDArray[np.float64]
    """(B, H, 15): those of `GRID`."""
    points: NDArray[np.float64]
    """(B, H, 3): the forecasts of `SIMPLE`."""

    def members(self) -> dict[str, NDArray[np.float64]]:
        """The quantiles (B, H, 15) of the network and of each simple method, whose errors are taken to be as large."""
        spread = self.quantiles - self.quantiles[..., MEDIAN : MEDIAN + 1]
        return {"pretrained": self.quantiles} | {
            name: self.points[..., k : k + 1] + spread for k, name in enumerate(SIMPLE)
        }


def two_seasons(seasons: Sequence[int]) -> tuple[int, int]:
    """The season and the second one that the network reads, 1 and 0 for none, of any number in ascending order."""
    first, second, *_ = (*seasons, 0, 0)
    return first or 1, second


def reach(seasons: tuple[int, int]) -> int:
    """The steps of history that a forecast looks at."""
    return max(_LONGEST_WITH_SECOND if seasons[1] else _LONGEST, 3 * max(seasons))


def window(seasons: tuple[int, int]) -> int:
    """The last of them, which the network runs over; before them it knows what the candidates know."""
    return _WINDOWS.get(seasons[0], _LONGEST_WINDOW)


def answer(
    networks: Sequence[AnyHorizonNetwork],
    series: Sequence[NDArray[np.float64]],
    seasons: tuple[int, int],
    horizon: int,
    relative_spread: float = 0.0,
) -> Answer:
    """Forecasts of the `horizon` steps after each of B series, (T,) with NaN where missing: the networks' mean.

    A series of one or two values is taken to vary by `relative_spread`, as a share of its level.
    """
    result = Answer(np.empty((len(series), horizon, len(GRID))), np.empty((len(series), horizon, len(SIMPLE))))
    longest = reach(seasons)
    lengths = np.array([min(len(values), longest) for values in series], dtype=np.int64)
    at_once = max(1, min(_BATCH, _CELLS // (horizon * 40)))
    with torch.inference_mode():
        for width, part in _batches(lengths, window(seasons), at_once):
            values = _padded([series[i][-longest:] for i in part], width)
            # Powers of two, so that the way there and back loses nothing.
            scale = np.ldexp(1.0, np.frexp(np.nan_to_num(np.fmax.reduce(np.abs(values), axis=1)))[1])
            inputs = _described(values / scale[:, None], seasons, horizon)
            count = (~np.isnan(values)).sum(1, keepdims=True)
            few = count < _FEW
            last = inputs.last.numpy()
            unit = np.where(few, np.fmax(inputs.unit.numpy(), relative_spread * np.abs(last)), inputs.unit.numpy())
            mean = sum(network(inputs)[0][:, 0].double() for network in networks) / len(networks)
            points = inputs.candidates[:, 0, list(_PLACES)].mT.double()
            with np.errstate(over="ignore"):  # whoever takes the answer looks whether it is finite
                for to, found in ((result.quantiles, mean), (result.points, points)):
                    to[part] = scale[:, None, None] * (last[..., None] + unit[..., None] * found.numpy())
                # A single value looks to the network like a series that never changes.
                least = np.where(count == 1, relative_spread * np.abs(last) * scale[:, None], 0.0)[..., None] * _APART
                result.quantiles[part] = _at_least(result.quantiles[part], least)
    return result


def _at_least(quantiles: NDArray[np.float64], least: NDArray[np.float64]) -> NDArray[np.float64]:
    """The quantiles (B, H, 15), each no nearer to the median than `least` (B, 1, 15), below 0 for lower ones."""
    median = quantiles[..., MEDIAN : MEDIAN + 1]
    lower, upper = np.split(quantiles, [MEDIAN], -1)
    low, high = np.split(median + least, [MEDIAN], -1)
    return np.concatenate([np.minimum(lower, low), np.maximum(upper, high)], -1)


def _described(values: NDArray[np.float64], seasons: tuple[int, int], horizon: int) -> Inputs:
    anchors = np.full((len(values), 1), values.shape[1] - 1)
    return describe(
        values, seasons, anchors, np.arange(1, horizon + 1), window(seasons), threads=torch.get_num_threads()
    )


def _batches(lengths: NDArray[np.int64], widest: int, most: int) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """How many steps the network runs over, and the series that it does so for.

    The steps before a series begins leave a trace in the network's state: how many there are depends on the length of
    the series alone, so that its forecast is the same whatever stands beside it.
    """
    widths = np.array([_width(int(length), widest) for length in lengths], dtype=np.int64)
    for width in np.unique(widths):
        alike = np.flatnonzero(widths == width)
        alike = alike[np.argsort(lengths[alike], kind="stable")]
        for start in range(0, len(alike), most):
            yield int(width), alike[start : start + most]


def _width(length: int, widest: int) -> int:
    """The length, rounded up by a quarter at most, so that series of many lengths make few batches."""
    grid = max(_FINEST, 1 << max(0, length.bit_length() - 3))
    return min(max(1, -(-length // grid)) * grid, widest)


def _padded(series: Sequence[NDArray[np.float64]], width: int) -> NDArray[np.float64]:
    longest = max(width, *map(len, series))
    padded = np.full((len(series), longest), np.nan)
    for row, values in zip(padded, series, strict=True):
        row[longest - len(values) :] = values
    return padded

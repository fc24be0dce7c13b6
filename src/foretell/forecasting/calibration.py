"""Intervals stretched or shrunk until they hold what they promise on data that nothing was trained on."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_FEWEST = 20
_PARTS = (0.25, 0.5)
"""The near, the middle and the far part of a horizon are calibrated apart: where each of the first two ends."""
_DOUBT = 20
"""Windows after which what was measured counts as much as the belief that nothing need be changed."""
_DOUBT_OF_A_PART = 60
_TOGETHER = 100
"""Any number of windows counts for less than this many, since series share their fate."""
_STRETCH = 4.0
"""No distance is multiplied or divided by more than this: a side never collapses on to the median."""


def parts_of(horizon: int) -> NDArray[np.int64]:
    """(H,) which part of the horizon each step ahead belongs to."""
    ends = [math.ceil(share * horizon) for share in _PARTS]
    return np.searchsorted(ends, np.arange(1, horizon + 1))


def calibration_factors(
    quantiles: Sequence[float], forecast: NDArray[np.float64], actual: NDArray[np.float64], windows: int
) -> NDArray[np.float64]:
    """By how much each quantile's distance from the median is to be multiplied, (3, Q), by part of the horizon.

    `forecast` (B, H, Q), `actual` (B, H), NaN where missing. An interval between the quantiles p and 1 - p is stretched
    on both sides alike, by the share 1 - 2p of how often its own half-width the held-out values lay from the median,
    with the finite-sample correction of conformal prediction (Romano et al., 2019): a level that shifted once is no
    reason to believe that one side is wider. Neighbouring values of a series go together, and so do series, so that the
    B forecasts count for no more than `windows` that do not overlap, and many of those for no more than a hundred: the
    fewer there are, the nearer are the factors of the whole horizon to 1, and those of its parts to them.
    """
    parts = parts_of(actual.shape[1])
    factors = np.ones((len(_PARTS) + 1, len(quantiles)))
    whole = _measured(quantiles, forecast, actual)
    if whole is None:
        return factors
    apart = windows / (1 + windows / _TOGETHER)
    trust = apart / (apart + _DOUBT)
    whole = whole**trust
    for part in range(len(factors)):
        at = parts == part
        measured = _measured(quantiles, forecast[:, at], actual[:, at])
        trust = apart / (apart + _DOUBT_OF_A_PART)
        factors[part] = whole if measured is None else measured**trust * whole ** (1 - trust)
    return factors


def _measured(
    quantiles: Sequence[float], forecast: NDArray[np.float64], actual: NDArray[np.float64]
) -> NDArray[np.float64] | None:
    """The factors (Q,) by these values alone; None where they are too few."""
    factors = np.ones(len(quantiles))
    last = len(quantiles) - 1
    seen = ~np.isnan(actual)
    count = int(seen.sum())
    if count < _FEWEST:
        return None
    given = forecast[seen]
    median = given[:, last // 2]
    off = actual[seen] - median
    for low in range(last // 2):
        high = last - low
        width = np.where(off >= 0, given[:, high] - median, median - given[:, low])
        with np.errstate(over="ignore"):  # farther than anything is stretched, either way
            reached = np.divide(np.abs(off), width, out=np.full(count, np.inf), where=width > 0)
        reached[off == 0] = 0.0
        share = 1 - 2 * quantiles[low]
        place = min(count, math.ceil((count + 1) * share)) - 1
        factor = float(np.partition(reached, place)[place])
        factors[[low, high]] = min(max(factor, 1 / _STRETCH), _STRETCH)
    return factors


def calibrated(forecast: NDArray[np.float64], factors: NDArray[np.float64]) -> NDArray[np.float64]:
    """The quantiles (B, H, Q) with their distances from the median multiplied by `factors` (3, Q), still in order."""
    middle = factors.shape[1] // 2
    median = forecast[..., middle : middle + 1]
    distances = np.abs(forecast - median) * factors[parts_of(forecast.shape[1])]
    below = np.maximum.accumulate(distances[..., middle::-1], axis=-1)[..., ::-1]
    above = np.maximum.accumulate(distances[..., middle:], axis=-1)
    return np.concatenate([median - below[..., :-1], median, median + above[..., 1:]], axis=-1)

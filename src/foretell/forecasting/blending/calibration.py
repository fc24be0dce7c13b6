"""Calibration: intervals are widened or narrowed to reach their nominal coverage on held-out data."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_FEWEST = 20
_PARTS = (0.25, 0.5)
"""Ends of the first two parts of a horizon, as shares of it; near, middle and far are calibrated separately."""
_DOUBT = 20
"""Number of windows at which the measured factor counts as much as the prior factor of 1."""
_DOUBT_OF_A_PART = 60
_TOGETHER = 100
"""Upper bound on the effective number of windows, since the series are correlated."""
_STRETCH = 4.0
"""Distances are multiplied or divided by at most this much, so that a bound never collapses onto the median."""


def parts_of(horizon: int) -> NDArray[np.int64]:
    """Return (H,), the part of the horizon that each step ahead belongs to."""
    ends = [math.ceil(share * horizon) for share in _PARTS]
    return np.searchsorted(ends, np.arange(1, horizon + 1))


def calibration_factors(
    quantiles: Sequence[float],
    forecast: NDArray[np.float64],
    actual: NDArray[np.float64],
    windows: int,
    together: float = _TOGETHER,
) -> NDArray[np.float64]:
    """Compute the factors (3, Q) for each quantile's distance from the median, per part of the horizon.

    `forecast` (B, H, Q), `actual` (B, H), NaN where missing. The interval between the quantiles p and 1 - p is scaled
    by the same factor on both sides: the (1 - 2p) quantile of the held-out values' distances from the median, in units
    of the interval's half-width, with the finite-sample correction of conformal prediction (Romano et al., 2019). Both
    sides share a factor because a single shift in level is no evidence that one side is wider. Neighbouring values of
    a series are correlated, and so are series at one time, so the B forecasts count as at most `windows` windows that
    do not overlap, and those as at most `together`. The fewer there are, the closer the factors of the whole horizon
    are to 1, and those of its parts to the factors of the whole.
    """
    parts = parts_of(actual.shape[1])
    factors = np.ones((len(_PARTS) + 1, len(quantiles)))
    whole = _measured(quantiles, forecast, actual)
    if whole is None:
        return factors
    apart = windows / (1 + windows / together)
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
    """Return the factors (Q,) from these values alone; None if there are too few."""
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
        with np.errstate(over="ignore"):  # beyond the largest factor in any case
            reached = np.divide(np.abs(off), width, out=np.full(count, np.inf), where=width > 0)
        reached[off == 0] = 0.0
        share = 1 - 2 * quantiles[low]
        place = min(count, math.ceil((count + 1) * share)) - 1
        factor = float(np.partition(reached, place)[place])
        factors[[low, high]] = min(max(factor, 1 / _STRETCH), _STRETCH)
    return factors


def calibrated(forecast: NDArray[np.float64], factors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Multiply the distances of the quantiles (B, H, Q) from the median by `factors` (3, Q), keeping them in order."""
    middle = factors.shape[1] // 2
    median = forecast[..., middle : middle + 1]
    distances = np.abs(forecast - median) * factors[parts_of(forecast.shape[1])]
    below = np.maximum.accumulate(distances[..., middle::-1], axis=-1)[..., ::-1]
    above = np.maximum.accumulate(distances[..., middle:], axis=-1)
    return np.concatenate([median - below[..., :-1], median, median + above[..., 1:]], axis=-1)

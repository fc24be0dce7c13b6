"""Intervals stretched or shrunk until they hold what they promise on data that the network was not trained on."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_FEWEST = 20


def calibration_factors(
    quantiles: Sequence[float], forecast: NDArray[np.float64], actual: NDArray[np.float64]
) -> NDArray[np.float64]:
    """By how much each quantile's distance from the median is to be multiplied, (Q,); 1 for the median.

    `forecast` (..., Q) and `actual` (...), NaN where missing. With m the median and q the quantile of probability p
    above it, the factor is the p-quantile of (y - m) / (q - m) over the held-out values y, with the finite-sample
    correction of conformal prediction (Romano et al., 2019), and likewise below. Fewer than 20 values leave all as is.
    """
    factors = np.ones(len(quantiles))
    middle = len(quantiles) // 2
    seen = ~np.isnan(actual)
    count = int(seen.sum())
    if count < _FEWEST:
        return factors
    median = forecast[seen][:, middle]
    off = actual[seen] - median
    for k, quantile in enumerate(quantiles):
        if k == middle:
            continue
        distance = forecast[seen][:, k] - median
        reached = np.divide(off, distance, out=np.zeros(count), where=distance != 0)
        share = max(quantile, 1 - quantile)
        factors[k] = max(0.0, float(np.quantile(reached, min(1.0, math.ceil((count + 1) * share) / count))))
    return factors


def calibrated(forecast: NDArray[np.float64], factors: NDArray[np.float64]) -> NDArray[np.float64]:
    """The quantiles (..., Q) with their distances from the median multiplied by `factors` (Q,), still in order."""
    middle = len(factors) // 2
    median = forecast[..., middle : middle + 1]
    distances = np.abs(forecast - median) * factors
    below = np.maximum.accumulate(distances[..., middle::-1], axis=-1)[..., ::-1]
    above = np.maximum.accumulate(distances[..., middle:], axis=-1)
    return np.concatenate([median - below[..., :-1], median, median + above[..., 1:]], axis=-1)

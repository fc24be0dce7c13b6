"""Calm and wild times: how large the errors of one-step forecasts are by time of day, and lately, beside the spread
that was forecast."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_RECENT = 12
"""Number of values before a value that say how wild the time is."""
_CYCLES = 10
"""Number of values before it in the same phase of the season that say how wild that phase is."""
_DOUBT = 4.0
"""Number of values at which these count as much as the mean of the series."""
_DOUBT_OF_A_SERIES = 10.0
_WILDEST = 3.0
"""Distances are clipped to this many usual ones, so that an anomaly does not make its surroundings look wild."""
_LEAST = 0.05
_PENALTY = 20.0


def relative_spread(distance: Floats, usual: Flags, offsets: NDArray[np.int64], season: int) -> Floats:
    """Return (R,), by how much the distances (R,) from the medians are larger than the usual, as the values before let
    one expect; NaN distances are unknown, and only `usual` (R,) ones count.

    The logarithm of the distance is regressed on those of the mean distances of the latest values, and of the same
    phase of the season, all beside that of the series.
    """
    known = usual & np.isfinite(distance)
    if not known.any():
        return np.ones(len(distance))
    typical = float(np.abs(distance[known]).mean()) or 1.0
    size = np.where(known, np.minimum(np.abs(distance) / typical, _WILDEST), np.nan)
    own, lately, phase = np.ones(len(size)), np.ones(len(size)), np.ones(len(size))
    for first, end in pairwise(offsets):
        part = slice(int(first), int(end))
        seen = ~np.isnan(size[part])
        count = int(seen.sum())
        level = (np.nansum(size[part]) + _DOUBT_OF_A_SERIES) / (count + _DOUBT_OF_A_SERIES)
        own[part] = level
        beside = size[part] / level
        lately[part] = _mean_before(beside[:, None], _RECENT)[:, 0]
        if season > 1:
            rows = -(-len(beside) // season)
            table = np.full(rows * season, np.nan)
            table[: len(beside)] = beside
            phase[part] = _mean_before(table.reshape(rows, season), _CYCLES).ravel()[: len(beside)]
    features = np.log(np.stack([lately, phase], axis=1) + _LEAST)
    target = np.log(size / own + _LEAST)
    there = np.isfinite(target)
    centre = features[there].mean(0)
    centred = features[there] - centre
    weights = np.linalg.solve(
        centred.T @ centred + _PENALTY * np.eye(2), centred.T @ (target[there] - target[there].mean())
    )
    return np.asarray(own * np.exp((features - centre) @ np.clip(weights, 0.0, 1.0)))


def _mean_before(values: Floats, most: int) -> Floats:
    """Return (T, S), the means of the `most` values before each one in columns (T, S), drawn to 1; NaN has none."""
    seen = ~np.isnan(values)
    nothing = np.zeros((1, values.shape[1]))
    total = np.concatenate([nothing, np.cumsum(np.where(seen, values, 0.0), axis=0)])
    count = np.concatenate([nothing, np.cumsum(seen, axis=0)])
    end = np.arange(len(values))
    first = np.maximum(end - most, 0)
    return np.asarray((total[end] - total[first] + _DOUBT) / (count[end] - count[first] + _DOUBT))

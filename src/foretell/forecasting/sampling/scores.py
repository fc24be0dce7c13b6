"""Normal scores: where a value lies in a forecast distribution, as a quantile of the normal distribution, and back."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from foretell.forecasting.quantiles import GRID

Floats = NDArray[np.float64]

_NODES = np.array([NormalDist().inv_cdf(p) for p in GRID])
_FARTHEST = 3.5
"""Largest score in absolute value."""


def normal_scores(values: Floats, distribution: Floats, random: np.random.Generator) -> Floats:
    """Return the scores of values (...), NaN where missing, under the quantiles of `GRID` (..., 15), ascending.

    A value that is several quantiles at once, as 0 is for sparse counts, has a score drawn from those between them.
    """
    value = values[..., None]
    below, up_to = (distribution < value).sum(-1), (distribution <= value).sum(-1)
    left = np.clip(below - 1, 0, len(GRID) - 2)
    low, high = (np.take_along_axis(distribution, (left + k)[..., None], -1)[..., 0] for k in (0, 1))
    width = high - low
    share = np.divide(values - low, width, out=np.full(values.shape, 0.5), where=width > 0)
    scores = _NODES[left] + share * (_NODES[left + 1] - _NODES[left])
    # Equal to the quantiles from `below` to `up_to` - 1: anywhere between their scores, or beyond the ends of the grid.
    tied = up_to - below > 1
    first = np.where(below == 0, -_FARTHEST, np.append(_NODES, _FARTHEST)[below])
    last = np.where(up_to == len(GRID), _FARTHEST, _NODES[np.maximum(up_to - 1, 0)])
    drawn = first + random.random(values.shape) * (last - first)
    return np.where(np.isnan(values), np.nan, np.clip(np.where(tied, drawn, scores), -_FARTHEST, _FARTHEST))


def values_at(scores: Floats, distribution: Floats) -> Floats:
    """Return the values (S, ...) that have those scores (S, ...) under the quantiles of `GRID` (..., 15)."""
    left = np.clip(np.searchsorted(_NODES, scores) - 1, 0, len(GRID) - 2)
    share = (scores - _NODES[left]) / (_NODES[left + 1] - _NODES[left])
    wide = np.broadcast_to(distribution, (*scores.shape, len(GRID)))
    low, high = (np.take_along_axis(wide, (left + k)[..., None], -1)[..., 0] for k in (0, 1))
    found: Floats = low + share * (high - low)
    return found

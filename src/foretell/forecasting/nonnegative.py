"""Forecasts within reach of a series: what never falls below zero (demand, rainfall), small counts, whose quantiles are
whole numbers, and constants."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from foretell.forecasting.quantiles import GRID

Floats = NDArray[np.float64]

_LATEST = 1000
"""Values that are looked at, at most."""
_FEWEST_ZEROS = 2
_LEAST_SHARE_OF_ZEROS = 0.02
_FEWEST_COUNTS = 10
_SMALL = 10.0
"""Counts of a lower mean than this have few values to take, so that it matters which of them a quantile is."""
_UP = 0.6
"""A quantile is rounded up from this fraction on: a smooth forecast of a sparse count lies above it rather than below.
"""
_FEWEST_EQUAL = 3
_ROUNDING, _OF_ZERO = 1e-6, 1e-3
"""What lies as near to the only value that a series ever had, as a share of it, or to zero, differs by rounding alone.
"""
_INNER = slice(GRID.index(0.2), GRID.index(0.8) + 1)
_LOWER, _UPPER = GRID.index(0.1), GRID.index(0.9)


def within_reach(grid: Floats, pasts: Sequence[Floats]) -> Floats:
    """Quantiles (B, H, 15) of `GRID`, ascending, as far as each series (T,), NaN where missing, may take their values.

    Where zeros pile up and nothing lies below them, no quantile is negative. Where small counts are all that has been
    seen, the quantiles from 0.2 to 0.8 are rounded to whole numbers, but not out of the interval of 80 %; its bounds
    and wider ones stay between two counts, since otherwise most of them would hold too much. What differs from a
    constant by rounding alone is that constant.
    """
    latest = [past[-_LATEST:] for past in pasts]
    bounded, counts = np.array([_kind(past[~np.isnan(past)]) for past in latest], dtype=bool).reshape(-1, 2).T
    grid = grid.copy()
    grid[bounded] = np.maximum(grid[bounded], 0.0)
    of_counts = grid[counts]
    rounded = np.floor(of_counts[..., _INNER] + (1 - _UP))
    grid[counts, :, _INNER] = np.clip(rounded, of_counts[..., _LOWER, None], of_counts[..., _UPPER, None])
    constants = np.array([_constant(past[~np.isnan(past)]) for past in latest])[:, None, None]
    near = np.abs(grid - constants) <= np.where(constants == 0, _OF_ZERO, _ROUNDING * np.abs(constants))
    return np.where(near, constants, grid)


def _constant(seen: Floats) -> float:
    """The only value of a series, NaN where there are others, or too few."""
    return float(seen[0]) if len(seen) >= _FEWEST_EQUAL and bool((seen == seen[0]).all()) else np.nan


def _kind(seen: Floats) -> tuple[bool, bool]:
    """Whether zero bounds it, and whether it is a small count."""
    if len(seen) == 0 or seen.min() < 0:
        return False, False
    counts = len(seen) >= _FEWEST_COUNTS and seen.mean() < _SMALL and bool((seen == np.rint(seen)).all())
    zeros = int((seen == 0).sum())
    return counts or zeros >= max(_FEWEST_ZEROS, _LEAST_SHARE_OF_ZEROS * len(seen)), counts

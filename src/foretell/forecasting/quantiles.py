"""Quantiles: those that networks learn, those that an interval needs, and interpolation between them."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from foretell.errors import SettingsError

GRID = (0.005, 0.025, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.975, 0.995)
"""Quantiles that every network learns, whichever are requested: more of them improve even the median."""
MEDIAN = GRID.index(0.5)


def quantiles_of(levels: Sequence[int]) -> tuple[float, ...]:
    """Return the quantiles of central intervals, ascending, with the median: levels (80, 95) give 5 of them.

    `levels` are percentages from 1 to 99, in any order. Raises SettingsError for other values and for repeats.
    """
    for level in levels:
        if isinstance(level, bool) or level != int(level) or not 1 <= level <= 99:
            raise SettingsError(f"level {level!r}: an interval's level is a whole percentage from 1 to 99, such as 80")
    if len(set(levels)) != len(levels):
        raise SettingsError(f"levels {list(levels)}: give each level only once")
    tails = [(100 - level) / 200 for level in sorted(levels)]
    return (*sorted(tails), 0.5, *(1 - tail for tail in tails))


def read_off(grid: NDArray[np.float64], probabilities: Sequence[float]) -> NDArray[np.float64]:
    """Interpolate quantiles (..., P) at `probabilities` in (0, 1), ascending, from those of `GRID` (..., 15).

    Between two quantiles of the grid, and beyond its ends, the quantiles are those of a normal distribution.
    """
    normal = NormalDist()
    known = [normal.inv_cdf(p) for p in GRID]
    columns = []
    for wanted in probabilities:
        z = normal.inv_cdf(wanted)
        right = int(np.clip(np.searchsorted(known, z), 1, len(known) - 1))
        exact = [k for k, p in enumerate(GRID) if abs(p - wanted) < 1e-9]
        if exact:
            columns.append(grid[..., exact[0]])
            continue
        share = (z - known[right - 1]) / (known[right] - known[right - 1])
        columns.append(grid[..., right - 1] + share * (grid[..., right] - grid[..., right - 1]))
    return np.stack(columns, -1)

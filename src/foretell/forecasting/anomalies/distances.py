"""How far values lie from what was forecast, in forecast spreads."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from foretell.forecasting.panel import Panel
from foretell.forecasting.quantiles import GRID, MEDIAN

Floats = NDArray[np.float64]

SPREADS = 1.2815515655446004
"""Distance of the 10 % and 90 % quantiles of a normal distribution from its median, in standard deviations."""
_LOW, _HIGH = GRID.index(0.1), GRID.index(0.9)
_OF_ROUNDING = 12**-0.5
"""Standard deviation of what rounding to whole steps takes away, in steps."""


def sides(grid: Floats, least: Floats) -> tuple[Floats, Floats]:
    """Return how far values usually lie above and below their medians, (R,) each, by quantiles (R, 15)."""
    median = grid[:, MEDIAN]
    # A series that never changes, or a sparse one, has quantiles that coincide.
    above, below = (np.maximum(d / SPREADS, least) for d in (grid[:, _HIGH] - median, median - grid[:, _LOW]))
    return above, below


def distances(values: Floats, grid: Floats, least: Floats) -> Floats:
    """Return (R,), how far values lie from their medians, in forecast spreads."""
    above, below = sides(grid, least)
    return in_spreads(values - grid[:, MEDIAN], above, below)


def in_spreads(error: Floats, above: Floats, below: Floats) -> Floats:
    """Return (R,) errors in units of the spread of their side."""
    with np.errstate(over="ignore", invalid="ignore"):
        found: Floats = error / np.where(error >= 0, above, below)
    return found


def least_spread(panel: Panel) -> Floats:
    """Return (R,), a hundredth of a series' mean absolute change, what rounding alone does to it, or a trifle of its
    size."""
    least = []
    for i in range(len(panel)):
        seen = panel.series(i)[~np.isnan(panel.series(i))]
        change = float(np.abs(np.diff(seen)).mean()) if len(seen) > 1 else 0.0
        apart = np.diff(np.unique(seen))
        rounding = _OF_ROUNDING * float(apart.min()) if len(apart) else 0.0
        least.append(max(0.01 * change, rounding, 1e-9 * float(np.abs(seen).max(initial=0.0)), np.finfo(float).tiny))
    return np.repeat(least, np.diff(panel.offsets))

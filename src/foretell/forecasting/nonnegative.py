"""Limits on the forecasts of series that are never negative (demand, rainfall), that are small counts, whose quantiles
become whole numbers, or that are constant."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from foretell.errors import SettingsError
from foretell.forecasting.panel import Panel
from foretell.forecasting.quantiles import GRID

Floats = NDArray[np.float64]

LATEST = 1000
"""Maximum number of recent values examined."""
_FEWEST = 10
FEWEST_ZEROS = 2
LEAST_SHARE_OF_ZEROS = 0.02
FEWEST_COUNTS = 10
SMALL = 10.0
"""Counts with a mean below this take few distinct values, so their quantiles are rounded."""
UP = 0.6
"""Fraction from which a quantile is rounded up; above a half, since smooth forecasts of sparse counts are too high."""
FEWEST_EQUAL = 3
ROUNDING, OF_ZERO = 1e-6, 1e-3
"""Relative distance from the only value of a series, or distance from zero, that is attributed to rounding."""
INNER = slice(GRID.index(0.2), GRID.index(0.8) + 1)
LOWER, UPPER = GRID.index(0.1), GRID.index(0.9)


def within_reach(grid: Floats, pasts: Sequence[Floats], non_negative: bool | None = None) -> Floats:
    """Limit quantiles (B, H, 15) of `GRID`, ascending, to values that each series (T,), NaN where missing, can take.

    No quantile is negative if `non_negative`, or, where that is None, if a series has many zeros and nothing below. If
    a series has only small counts, the quantiles
    from 0.2 to 0.8 are rounded to whole numbers, but not beyond the 80 % interval; its bounds and wider ones stay
    between two counts, since most of these intervals would otherwise be too wide. Quantiles that differ from a
    constant series only by rounding are set to the constant.
    """
    latest = [past[-LATEST:] for past in pasts]
    bounded, counts = np.array([_kind(past[~np.isnan(past)]) for past in latest], dtype=bool).reshape(-1, 2).T
    if non_negative is not None:
        bounded = np.full(len(pasts), non_negative)
    grid = grid.copy()
    grid[bounded] = np.maximum(grid[bounded], 0.0)
    of_counts = grid[counts]
    rounded = np.floor(of_counts[..., INNER] + (1 - UP))
    grid[counts, :, INNER] = np.clip(rounded, of_counts[..., LOWER, None], of_counts[..., UPPER, None])
    constants = np.array([_constant(past[~np.isnan(past)]) for past in latest])[:, None, None]
    near = np.abs(grid - constants) <= np.where(constants == 0, OF_ZERO, ROUNDING * np.abs(constants))
    return np.where(near, constants, grid)


def is_non_negative(panel: Panel, limits: NDArray[np.int64], asked: bool | None) -> bool | None:
    """Return whether forecasts are kept at 0 or above, None where each series decides: as `asked`, or by the values.

    They are if the first `limits` (N,) rows of the series have at least ten values, none of them negative. Raises
    SettingsError if it is asked for a panel with a negative value, naming the first.
    """
    negative = panel.values < 0
    if asked and negative.any():
        row = int(np.argmax(negative))
        series = int(np.searchsorted(panel.offsets, row, side="right")) - 1
        time = panel.times(series, row - int(panel.offsets[series]) + 1)[-1]
        raise SettingsError(
            f"non_negative: the series {panel.ids[series]!r} has the value {panel.values[row]:g} at "
            f"{panel.clock.show(time)}; correct it, or let forecasts be negative too"
        )
    if asked is not None:
        return asked
    rows = np.arange(panel.offsets[-1]) - np.repeat(panel.offsets[:-1], np.diff(panel.offsets))
    learned = rows < np.repeat(limits, np.diff(panel.offsets))
    enough = int((~np.isnan(panel.values[learned])).sum()) >= _FEWEST
    return True if enough and not negative[learned].any() else None


def counts_little(past: Floats) -> bool:
    """Return whether the latest of the values (T,), NaN where missing, are small counts."""
    latest = past[-LATEST:]
    return _kind(latest[~np.isnan(latest)])[1]


def _constant(seen: Floats) -> float:
    """Return the only value of a series, NaN if it has several or too few observations."""
    return float(seen[0]) if len(seen) >= FEWEST_EQUAL and bool((seen == seen[0]).all()) else np.nan


def _kind(seen: Floats) -> tuple[bool, bool]:
    """Return whether a series is bounded by zero, and whether it consists of small counts."""
    if len(seen) == 0 or seen.min() < 0:
        return False, False
    counts = len(seen) >= FEWEST_COUNTS and seen.mean() < SMALL and bool((seen == np.rint(seen)).all())
    zeros = int((seen == 0).sum())
    return counts or zeros >= max(FEWEST_ZEROS, LEAST_SHARE_OF_ZEROS * len(seen)), counts

"""Dependence between held-out windows: series that move together share the fate of one period."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from foretell.forecasting.holdout import Holdout
from foretell.forecasting.panel import Panel

_MOST_SERIES = 300
_MOST_ROWS = 1000
_FEWEST_CHANGES = 4


def design_effect(panel: Panel, holdout: Holdout, season: int) -> float:
    """Return how many validation windows count as one, since windows of several series lie at the same time.

    This is 1 + (n - 1) r for n windows at one time in series whose changes have the mean correlation r (Kish, 1965).
    """
    validated = holdout.validated
    if len(validated) < 2:
        return 1.0
    some = validated
    if len(some) > _MOST_SERIES:
        some = some[np.linspace(0, len(some) - 1, _MOST_SERIES).astype(np.int64)]
    ends = np.array([panel.times(i, int(holdout.validation[i]))[-1] for i in some])
    _, counts = np.unique(ends, return_counts=True)
    same = (counts * (counts - 1)).sum() / (len(some) * (len(some) - 1))
    others = float(same) * (len(validated) - 1)
    return 1 + others * mean_correlation(panel, holdout.training, some, season)


def mean_correlation(panel: Panel, limits: NDArray[np.int64], series: NDArray[np.int64], season: int) -> float:
    """Return the mean correlation of the changes from season to season of pairs of `series` at the same times, or 0.

    Of the first `limits` (N,) rows of a series the last thousand are used. A negative mean counts as 0.
    """
    changes, times = [], []
    for i in series:
        rows = int(limits[i])
        values = panel.series(i)[max(0, rows - _MOST_ROWS) : rows]
        change = values[season:] - values[:-season]
        known = np.isfinite(change)
        spread = change[known].std() if known.sum() >= _FEWEST_CHANGES else 0.0
        if spread > 0:
            changes.append((change[known] - change[known].mean()) / spread)
            times.append(panel.times(i, rows)[len(panel.series(i)[:rows]) - len(change) :][known])
    if len(changes) < 2:
        return 0.0
    _, at = np.unique(np.concatenate(times), return_inverse=True)
    standardised = np.concatenate(changes)
    count = np.bincount(at)
    total, squares = np.bincount(at, standardised), np.bincount(at, standardised**2)
    pairs = (count * (count - 1)).sum()
    return float(np.clip((total**2 - squares).sum() / pairs, 0.0, 1.0)) if pairs else 0.0

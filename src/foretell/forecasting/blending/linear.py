"""Linear regression of the next values on the latest ones, with the same weights for all series.

It cannot handle missing values, so here, and only here, each is replaced by the last observed value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foretell.forecasting.panel import Panel
from foretell.forecasting.ridge import Ridge

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_MOST_WINDOWS = 20_000
_MOST_VALUES = 1 << 22
"""Maximum number of input values of all windows, unless there are very few windows."""
_WIDTHS = (24, 400)
"""Fewest and most values of the past that the regression reads."""
_PART_READ = 3
"""The regression reads at most the third part of a typical series, so that there are windows to learn from."""
_PENALTIES = 10.0 ** np.arange(-6, 2.1, 0.5)
"""Ridge penalties to choose from, relative to the mean eigenvalue of the inputs' second moments."""
_USUAL_PENALTY = 0.1
_LATE = 0.75
"""Windows after this part of each series decide between the penalties."""
_FEWEST = (8, 3)
"""Fewest early and late windows for that choice."""
_REACH = 20.0
LEAST_SCALE = 1e-12
"""A difference from rounding alone is not a deviation."""


@dataclass(frozen=True)
class LinearRegression:
    """Ridge regression from the last P values to the next H, both as scaled distances from the last value."""

    weights: Floats
    """(P + 1, H), the last row for the constant."""

    @classmethod
    def fit(cls, panel: Panel, limits: Integers, horizon: int, seasons: Sequence[int]) -> LinearRegression:
        """Fit in closed form to windows from the first `limits` (N,) rows of each series; 0 leaves a series out.

        The penalty is the one with the smallest absolute error on the last quarter of the windows when fitted to those
        before them. At most 20,000 windows are used, drawn with a fixed seed. Without any, the forecast is the last
        value.
        """
        width = _width(limits, seasons)
        windows, elapsed, gap = _windows(panel, limits, width, horizon)
        if not len(windows):
            return cls(np.zeros((width + 1, horizon)))
        design, last, scale, unit = _design(windows[:, :width])
        usable = scale > 0
        with np.errstate(over="ignore"):  # after a tiny past; the clipping bounds that
            targets = windows[usable, width:] / unit[usable, None] - last[usable, None]
            targets = np.clip(targets / scale[usable, None], -_REACH, _REACH)
        design, late = design[usable], elapsed[usable] >= _LATE
        early = elapsed[usable] < _LATE - gap[usable]
        if not len(design):
            return cls(np.zeros((width + 1, horizon)))
        penalty = _USUAL_PENALTY
        if early.sum() >= _FEWEST[0] and late.sum() >= _FEWEST[1]:
            ridge = Ridge.of(design[early], targets[early])
            known, came = design[late], targets[late]
            errors = [np.abs(came - known @ ridge.weights(each)).mean() for each in _PENALTIES]
            penalty = float(_PENALTIES[int(np.argmin(errors))])
        return cls(Ridge.of(design, targets).weights(penalty))

    @property
    def width(self) -> int:
        """P, the number of values of the past that are read."""
        return len(self.weights) - 1

    def forecast(self, panel: Panel, series: Integers, cutoffs: Integers, horizon: int) -> Floats:
        """Forecast (B, `horizon`) after row `cutoffs` (B,) of `series` (B,); beyond H steps, from its own forecasts."""
        past = cut(panel, filled(panel), series, cutoffs, np.arange(-self.width, 0))
        limit = np.finfo(np.float64).max
        while past.shape[1] < self.width + horizon:
            design, last, scale, unit = _design(past[:, -self.width :])
            with np.errstate(over="ignore"):
                ahead = (last[:, None] + scale[:, None] * (design @ self.weights)) * unit[:, None]
            past = np.concatenate([past, np.clip(ahead, -limit, limit)], axis=1)
        return past[:, self.width : self.width + horizon]


def _width(limits: Integers, seasons: Sequence[int]) -> int:
    least, most = _WIDTHS
    wanted = min(most, max(least, 2 * max(seasons, default=1) + 4))
    learned = limits[limits > 0]
    typical = int(np.median(learned)) if len(learned) else 0
    return max(2, min(wanted, typical // _PART_READ))


def _windows(panel: Panel, limits: Integers, width: int, horizon: int) -> tuple[Floats, Floats, Floats]:
    """Return windows (B, P + H), how much of its series had elapsed at each cutoff (B,), and how much of it a horizon
    is (B,); 0 if leaving a horizon out between early and late windows would leave too few."""
    # After a cutoff the whole horizon lies within the limit; before it, in long enough series, the whole input.
    latest = limits - horizon
    earliest = np.where(latest >= width, width, 1)
    counts = np.maximum(latest - earliest + 1, 0)
    ends = np.cumsum(counts)
    total = int(ends[-1])
    most = min(_MOST_WINDOWS, _MOST_VALUES // width)
    chosen = np.arange(total) if total <= most else np.random.default_rng(0).choice(total, most, replace=False)
    series = np.searchsorted(ends, chosen, side="right")
    place = chosen - (ends - counts)[series]
    windows = cut(panel, filled(panel), series, place + earliest[series], np.arange(-width, horizon))
    gap = horizon / np.maximum(counts, 1)
    return windows, place / counts[series], np.where(gap < _LATE / 2, gap, 0.0)[series]


def _design(past: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Return (B, P + 1), the scaled distances from the last value and a one; then, each (B,), that last value and the
    scale in units of the window's largest value, and that unit."""
    largest = np.abs(past).max(axis=1)
    unit = np.where(largest > 0, largest, 1.0)
    values = past / unit[:, None]
    last = values[:, -1]
    deviation = np.abs(values - values.mean(axis=1, keepdims=True)).mean(axis=1)
    scale = deviation + np.abs(np.diff(values, axis=1)).mean(axis=1)
    scale = np.where(scale > LEAST_SCALE, scale, 0.0)
    x = (values - last[:, None]) / np.where(scale > 0, scale, 1.0)[:, None]
    return np.column_stack([np.where(scale[:, None] > 0, x, 0.0), np.ones(len(x))]), last, scale, unit


def filled(panel: Panel) -> Floats:
    """Return the values (R,), each missing one replaced by the last one before it in its series, or 0 without one."""
    rows = np.arange(len(panel.values))
    first = np.repeat(panel.offsets[:-1], np.diff(panel.offsets))
    latest = np.maximum.accumulate(np.where(np.isnan(panel.values), -1, rows))
    return np.where(latest >= first, panel.values[np.maximum(latest, 0)], 0.0)


def cut(panel: Panel, values: Floats, series: Integers, cutoffs: Integers, steps: Integers) -> Floats:
    """Return (B, P), the rows `steps` (P,) away from each cutoff; before its first row a series has its first value."""
    rows = np.maximum(cutoffs[:, None] + steps, 0) + panel.offsets[series][:, None]
    found: Floats = values[np.minimum(rows, len(values) - 1)]
    return found

"""Baselines that a network has to beat: naive, seasonal naive, and one linear regression for all series.

They cannot handle missing values, so here, and only here, each is replaced by the last observed value.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from foretell.forecasting.panel import Panel

Floats = NDArray[np.float64]

_MOST_WINDOWS = 20_000
_LONGEST_INPUT = 64
_SHORT_SEASON = 6
_RIDGE = 1e-4
_REACH = 20.0


def baselines(
    panel: Panel,
    series: NDArray[np.int64],
    cutoffs: NDArray[np.int64],
    horizon: int,
    seasons: tuple[int, ...],
    limits: NDArray[np.int64],
) -> dict[str, Floats]:
    """Forecast the `horizon` steps after row `cutoffs` (B,) of `series` (B,): arrays (B, H) by name.

    `naive` repeats the last value. `seasonal_naive` repeats the last season of the shortest length, and is left out if
    there is no season. `linear` is fitted to the first `limits` (N,) rows of each series (0 leaves a series out).
    """
    filled = _filled(panel)
    season = min(seasons, default=1)
    width = min(_LONGEST_INPUT, 2 * (season if seasons else _SHORT_SEASON) + 4)
    past = _cut(panel, filled, series, cutoffs, np.arange(-max(width, season), 0))
    forecasts = {"naive": np.repeat(past[:, -1:], horizon, axis=1)}
    if seasons:
        forecasts["seasonal_naive"] = past[:, past.shape[1] - season + np.arange(horizon) % season]
    forecasts["linear"] = _LinearForecast.fit(panel, filled, limits, width, horizon).forecast(past[:, -width:])
    return forecasts


class _LinearForecast:
    """Ridge regression from the last P values to the next H, both in mean absolute deviations from the last value."""

    def __init__(self, weights: Floats) -> None:
        """`weights`: (P + 1, H), the last row for the constant."""
        self._weights = weights

    @classmethod
    def fit(cls, panel: Panel, filled: Floats, limits: NDArray[np.int64], width: int, horizon: int) -> _LinearForecast:
        """Fit in closed form to at most 20,000 windows, drawn with a fixed seed."""
        random = np.random.default_rng(0)
        # After a cutoff the whole horizon lies within the limit; before it, in long enough series, the whole input.
        latest = limits - horizon
        earliest = np.where(latest >= width, width, 1)
        counts = np.maximum(latest - earliest + 1, 0)
        ends = np.cumsum(counts)
        total = int(ends[-1])
        if total == 0:
            return cls(np.zeros((width + 1, horizon)))
        chosen = np.arange(total) if total <= _MOST_WINDOWS else random.choice(total, _MOST_WINDOWS, replace=False)
        series = np.searchsorted(ends, chosen, side="right")
        cutoffs = chosen - (ends - counts)[series] + earliest[series]
        windows = _cut(panel, filled, series, cutoffs, np.arange(-width, horizon))
        x, last, scale, unit = _normalised(windows[:, :width])
        usable = scale > 0
        design = np.column_stack([x, np.ones(len(x))])[usable]
        y = windows[usable, width:] / unit[usable, None] - last[usable, None]
        targets = np.clip(y / scale[usable, None], -_REACH, _REACH)
        ridge = _RIDGE * max(1, len(design)) * np.eye(width + 1)
        return cls(np.asarray(np.linalg.solve(design.T @ design + ridge, design.T @ targets), dtype=np.float64))

    def forecast(self, past: Floats) -> Floats:
        """Forecast (B, H) from (B, P)."""
        x, last, scale, unit = _normalised(past)
        scaled = np.column_stack([x, np.ones(len(x))]) @ self._weights
        limit = np.finfo(np.float64).max
        with np.errstate(over="ignore"):
            return np.clip((last[:, None] + scale[:, None] * scaled) * unit[:, None], -limit, limit)


def _normalised(past: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Return (B, P), the distances from the last value in mean absolute deviations; then, each (B,), that last value
    and that deviation in units of the window's largest value, and that unit."""
    largest = np.abs(past).max(axis=1)
    unit = np.where(largest > 0, largest, 1.0)
    values = past / unit[:, None]
    last = values[:, -1]
    scale = np.abs(values - values.mean(axis=1, keepdims=True)).mean(axis=1)
    # A difference from rounding alone is not a deviation.
    scale = np.where(scale > 1e-12, scale, 0.0)
    x = (values - last[:, None]) / np.where(scale > 0, scale, 1.0)[:, None]
    return np.where(scale[:, None] > 0, x, 0.0), last, scale, unit


def _filled(panel: Panel) -> Floats:
    """Return the values (R,), each missing one replaced by the last one before it in its series, or 0 without one."""
    rows = np.arange(len(panel.values))
    first = np.repeat(panel.offsets[:-1], np.diff(panel.offsets))
    latest = np.maximum.accumulate(np.where(np.isnan(panel.values), -1, rows))
    return np.where(latest >= first, panel.values[np.maximum(latest, 0)], 0.0)


def _cut(
    panel: Panel, filled: Floats, series: NDArray[np.int64], cutoffs: NDArray[np.int64], steps: NDArray[np.int64]
) -> Floats:
    """Return (B, P), the rows `steps` (P,) away from each cutoff; before its first row a series has its first value."""
    rows = np.maximum(cutoffs[:, None] + steps, 0) + panel.offsets[series][:, None]
    values: Floats = filled[np.minimum(rows, len(filled) - 1)]
    return values

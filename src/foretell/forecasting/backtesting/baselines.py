"""Baselines that a network has to beat: naive, seasonal naive, and one linear regression for all series."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from foretell.forecasting.blending.linear import LinearRegression, cut, filled
from foretell.forecasting.panel import Panel

Floats = NDArray[np.float64]


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
    season = min(seasons, default=1)
    past = cut(panel, filled(panel), series, cutoffs, np.arange(-season, 0))
    forecasts = {"naive": np.repeat(past[:, -1:], horizon, axis=1)}
    if seasons:
        forecasts["seasonal_naive"] = past[:, np.arange(horizon) % season]
    regression = LinearRegression.fit(panel, limits, horizon, seasons)
    forecasts["linear"] = regression.forecast(panel, series, cutoffs, horizon)
    return forecasts

"""Estimates of stretches from both sides: forecasts from before and, of the series read backwards, from after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from foretell.forecasting.any_horizon.reading import Reading
from foretell.forecasting.experience import Experience
from foretell.forecasting.filling.interpolation import seasonal, seasonal_line, straight_line
from foretell.forecasting.filling.stretches import Stretches
from foretell.forecasting.many_cutoffs import forecast_from_many
from foretell.forecasting.networks.windows import Windows
from foretell.forecasting.panel import Panel
from foretell.forecasting.prediction import FEW, around, forecast
from foretell.forecasting.pretrained.shipped import Pretrained
from foretell.forecasting.quantiles import GRID, MEDIAN

Floats = NDArray[np.float64]

LIKENESS = {"apart": 0.0, "alike": 0.6, "same": 0.95}
"""Correlations of the errors from both sides: 0 for a random walk, near 1 for noise around a pattern."""
_MANY = 256
"""If there are more stretches than this, the network runs once over those that are near each other."""
INTERPOLATED = ("straight line", "seasons", "seasons and line")
_LOW, _HIGH = GRID.index(0.1), GRID.index(0.9)


@dataclass(frozen=True)
class BothSides:
    """Series to read forwards and backwards, and the network that forecasts them."""

    forwards: Windows
    backwards: Windows
    pretrained: Pretrained
    season: int
    spread: float
    """Relative spread that series of one or two values are assumed to have."""

    @classmethod
    def of(cls, panel: Panel, pretrained: Pretrained, seasons: Sequence[int]) -> BothSides:
        """Prepare a panel without covariates whose series end with their histories."""
        reading = Reading.of(seasons)
        spread = Experience.of(panel, panel.history, GRID).relative_spread
        forwards, backwards = (Windows.bare(each, reading) for each in (panel, reversed_in_time(panel)))
        return cls(forwards, backwards, pretrained, reading.season, spread)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the estimates."""
        return (*LIKENESS, *(INTERPOLATED if self.season > 1 else INTERPOLATED[:1]))

    def forecasts(self, stretches: Stretches, horizon: int) -> tuple[Floats, Floats]:
        """Return the quantiles (G, `horizon`, 15) of each step from before, and from after; those past the end of a
        stretch mean nothing."""
        series, ends = stretches.series, stretches.first + stretches.length
        ahead = self._forecast(self.forwards, series, stretches.first, horizon)
        left = self.forwards.panel.history[series] - ends
        back = self._forecast(self.backwards, series, left, horizon)
        steps = np.clip(stretches.length[:, None] - 1 - np.arange(horizon), 0, None)
        return ahead, np.take_along_axis(back, steps[..., None], axis=1)

    def _forecast(
        self, windows: Windows, series: NDArray[np.int64], cutoffs: NDArray[np.int64], horizon: int
    ) -> Floats:
        network = self.pretrained.network
        if len(series) <= _MANY:
            return forecast(network, windows, series, cutoffs, horizon, self.spread).quantiles
        found = np.empty((len(series), horizon, len(GRID)))
        early = _values_before(windows.panel, series, cutoffs) < FEW
        one, many = np.flatnonzero(early), np.flatnonzero(~early)
        found[one] = forecast(network, windows, series[one], cutoffs[one], horizon, self.spread).quantiles
        found[many] = forecast_from_many(network, windows, series[many], cutoffs[many], horizon)
        return found

    def estimates(self, stretches: Stretches, horizon: int) -> dict[str, Floats]:
        """Return several estimates, each as quantiles (G, `horizon`, 15)."""
        ahead, back = self.forecasts(stretches, horizon)
        found = {name: combined(ahead, back, likeness) for name, likeness in LIKENESS.items()}
        panel = self.forwards.panel
        line = straight_line(panel, stretches, horizon)
        points = [line]
        if self.season > 1:
            for way in (seasonal, seasonal_line):
                values = way(panel, stretches, horizon, self.season)
                points.append(np.where(np.isnan(values), line, values))
        for name, values in zip(INTERPOLATED, points, strict=False):
            found[name] = around(values, found["alike"])
        return found


def _values_before(panel: Panel, series: NDArray[np.int64], cutoffs: NDArray[np.int64]) -> NDArray[np.int64]:
    count = np.append(0, np.cumsum(~np.isnan(panel.values)))
    return np.asarray(count[panel.offsets[series] + cutoffs] - count[panel.offsets[series]])


def reversed_in_time(panel: Panel) -> Panel:
    """Return the histories read from their ends, without covariates; their times are no longer right."""
    values = [panel.series(i)[::-1] for i in range(len(panel))]
    return replace(panel, values=np.concatenate(values), known={}, past={}, static={})


def combined(ahead: Floats, back: Floats, likeness: float) -> Floats:
    """Combine two forecasts of the same values, (..., 15), whose errors have the correlation `likeness`.

    The weights are those of the least variance (Bates and Granger, 1969), with spreads from the 80 % intervals; the
    distance of each quantile from the median is that of a weighted sum of two such errors.
    """
    middle = slice(MEDIAN, MEDIAN + 1)
    size = np.maximum(_width(ahead), _width(back))
    unit = np.where(size > 0, size, 1.0)
    first, second = (np.maximum(_width(each) / unit, 1e-9) for each in (ahead, back))
    both = likeness * first * second
    weight = np.clip((second**2 - both) / np.maximum(first**2 + second**2 - 2 * both, 1e-30), 0.0, 1.0)
    one, other = (weight * (ahead - ahead[..., middle])) / unit, ((1 - weight) * (back - back[..., middle])) / unit
    apart = np.sqrt(np.maximum(one**2 + other**2 + 2 * likeness * one * other, 0.0)) * unit
    sign = np.where(np.arange(len(GRID)) < MEDIAN, -1.0, 1.0)
    return np.asarray(weight * ahead[..., middle] + (1 - weight) * back[..., middle] + sign * apart)


def _width(quantiles: Floats) -> Floats:
    return quantiles[..., _HIGH : _HIGH + 1] - quantiles[..., _LOW : _LOW + 1]

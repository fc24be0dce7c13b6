"""Series read in one direction, each value forecast from those before it, of which odd ones are replaced."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from foretell.forecasting.anomalies.cleaned_past import CleanedPast
from foretell.forecasting.anomalies.distances import distances
from foretell.forecasting.anomalies.one_step import one_step_quantiles
from foretell.forecasting.panel import Panel
from foretell.forecasting.pretrained.shipped import shipped
from foretell.forecasting.quantiles import MEDIAN

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class OneWay:
    """The quantiles of each of R values, given those before it in the order of the panel."""

    seasons: tuple[int, ...]
    least: Floats
    """(R,) least spreads."""
    as_it_is: Floats
    """(R, 15) quantiles with nothing replaced."""
    grid: Floats
    """(R, 15) quantiles with odd values replaced."""
    cleaned: CleanedPast

    @classmethod
    def of(cls, panel: Panel, seasons: Sequence[int], least: Floats) -> OneWay:
        """Forecast from the values as they are."""
        lengths = tuple(seasons)
        grid = one_step_quantiles(shipped(), panel, lengths)
        return cls(lengths, least, grid, grid, CleanedPast.of(panel, lengths))

    def after(self, unlikely: Flags, suspects: Flags) -> OneWay:
        """Forecast again after values (R,) turned out `unlikely`, and others to be `suspects` (R,)."""
        expected, values = self.grid[:, MEDIAN], self.cleaned.panel.values
        cleaned = self.cleaned.after(unlikely, expected)
        # In the past of the values after it stands what was expected: a gap would spoil more of them.
        grid = self._forecast_from(cleaned.values())
        # The value after one that is odd is forecast with that value in its past, too, and without it: the first in
        # case it began a new level, the second in case it was an anomaly though none beyond doubt.
        without = self._forecast_from(cleaned.values_without(suspects, expected))
        for other, odd in ((self.as_it_is, unlikely), (without, suspects)):
            nearer = np.abs(distances(values, other, self.least)) < np.abs(distances(values, grid, self.least))
            grid = np.where((nearer & cleaned.follows(odd, (1,)))[:, None], other, grid)
        return replace(self, grid=grid, cleaned=cleaned)

    def _forecast_from(self, past: Floats) -> Floats:
        return one_step_quantiles(shipped(), replace(self.cleaned.panel, values=past), self.seasons)

"""A judgement: how likely values are by the quantiles of their forecasts, given how far off these usually are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foretell.forecasting.anomalies.calm_and_wild import relative_spread
from foretell.forecasting.anomalies.distances import SPREADS, distances, in_spreads, sides
from foretell.forecasting.anomalies.tail import Tail
from foretell.forecasting.panel import Panel
from foretell.forecasting.quantiles import MEDIAN

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Judgement:
    """What is usual for R values; NaN where nothing is judged."""

    median: Floats
    above: Floats
    below: Floats
    """(R,) spreads above and below the median, as wide as the time, the phase and the series are wild."""
    tail: Tail

    @classmethod
    def of(cls, panel: Panel, grid: Floats, least: Floats, judged: Flags, usual: Flags, season: int) -> Judgement:
        """By quantiles (R, 15); what is usual is measured on those `judged` (R,) that are `usual` (R,)."""
        above, below = sides(grid, least)
        distance = np.where(judged, distances(panel.values, grid, least), np.nan)
        wild = np.where(judged, relative_spread(distance, usual, panel.offsets, season), np.nan)
        tail = Tail.of(np.abs((distance / wild)[judged & usual]))
        return cls(np.where(judged, grid[:, MEDIAN], np.nan), above * wild, below * wild, tail)

    def chance(self, values: Floats) -> Floats:
        """Return (R,), the probability of values at least as far out."""
        return self.tail.share_beyond(np.abs(in_spreads(values - self.median, self.above, self.below)))

    def size(self, values: Floats) -> Floats:
        """Return (R,), the distance of values from the median in standard deviations, with its sign."""
        return in_spreads(values - self.median, self.above, self.below) * (SPREADS / self.tail.body)

    def reach(self, share: float) -> Floats:
        """Return (R,), how far out of the median, on the wider side, no more than this share of the values lie."""
        return self.tail.distance(share) * np.maximum(self.above, self.below)

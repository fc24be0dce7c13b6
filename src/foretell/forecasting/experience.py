"""Statistics of the training series, used to forecast series that have almost no history of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foretell.forecasting.panel import Panel


@dataclass(frozen=True)
class Experience:
    """Statistics of the training series."""

    relative_spread: float
    """Median ratio of a series' spread to its level."""
    quantiles: tuple[float, ...]
    """(Q,) quantiles of the values of all training series, at the forecast's probabilities."""

    def __post_init__(self) -> None:
        if not np.isfinite((self.relative_spread, *self.quantiles)).all() or self.relative_spread < 0:
            raise ValueError("spread and quantiles of the training series must be finite")

    @classmethod
    def of(cls, panel: Panel, limits: NDArray[np.int64], quantiles: Sequence[float]) -> Experience:
        """Compute the statistics from the first `limits` (N,) rows of each series."""
        spans = zip(panel.offsets, limits, strict=False)
        parts = [panel.values[start : start + limit] for start, limit in spans]
        spreads = []
        for part in parts:
            present = part[~np.isnan(part)]
            level = float(np.abs(present).mean()) if len(present) else 0.0
            if level > 0 and len(present) > 1:  # a single value says nothing about variation
                spreads.append(float(np.abs(present / level - (present / level).mean()).mean()))
        values = np.concatenate(parts)
        pooled = np.quantile(values[~np.isnan(values)], quantiles)
        return cls(float(np.median(spreads)) if spreads else 0.0, tuple(float(value) for value in pooled))

"""Sample paths of a fitted model: its quantiles, joined by the dependence of its past errors."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from foretell.errors import SettingsError
from foretell.forecasting.fitted_model import FittedModel
from foretell.forecasting.nonnegative import counts_little
from foretell.forecasting.panel import Panel
from foretell.forecasting.prediction import actual_values
from foretell.forecasting.sampling.dependence import Dependence
from foretell.forecasting.sampling.scores import normal_scores, values_at

Floats = NDArray[np.float64]

_MOST_WINDOWS = 32
_MOST_STEPS = 1 << 21
_MOST_FORECASTS = 384
_FEWEST_WINDOWS = 4
_STRIDES = 2
"""Windows begin half a horizon apart."""
_BYTES = 100
"""Peak memory of a sampled value, with its table."""


@dataclass(frozen=True)
class PastErrors:
    """Forecasts of W past windows of each series of a panel."""

    distribution: Floats
    """(N, W, H, 15)"""
    actual: Floats
    """(N, W, H), NaN where missing, and for a window before the series began."""
    windows: float
    """Number of windows that do not overlap."""

    @classmethod
    def of(cls, model: FittedModel, panel: Panel, most: int = _MOST_WINDOWS) -> PastErrors:
        """Forecast up to `most` last windows of each series, by weights not trained on the end of the table."""
        horizon = model.horizon
        stride = max(1, horizon // _STRIDES)
        size = max(len(panel), 1)
        few = max(1, min(_FEWEST_WINDOWS, _MOST_STEPS // (size * horizon)))
        most = int(np.clip(_MOST_FORECASTS // size, few, most))
        longest = int(panel.history.max(initial=0))
        count = int(np.clip((longest - horizon) // stride, 0, most))
        rows = panel.history[:, None] - horizon - stride * np.arange(count)
        series, place = np.nonzero(rows >= min(horizon, 2))
        distribution = np.zeros((len(panel), count, horizon, 15))
        actual = np.full((len(panel), count, horizon), np.nan)
        if len(series):
            cutoffs = rows[series, place]
            distribution[series, place] = model.distribution(panel, series, cutoffs, "held_out")
            actual[series, place] = actual_values(panel, series, cutoffs, horizon)
        return cls(distribution, actual, count * stride / horizon)

    def dependence(self, random: np.random.Generator) -> Dependence:
        """Return how the errors depend on each other."""
        return Dependence(np.nan_to_num(normal_scores(self.actual, self.distribution, random)), self.windows)


def sample_paths(
    model: FittedModel, panel: Panel, distribution: Floats, samples: int, seed: int, past: PastErrors | None = None
) -> Floats:
    """Return (S, N, H), possible futures of the N series of a panel, whose forecasts are (N, H, 15).

    The values of each step are distributed as the forecast says. Which high value goes with which depends on the past:
    on how the scores of held-out values in their forecasts went together over the steps, and over the series. Raises
    SettingsError if the paths would not fit into memory.
    """
    require_memory(samples, len(panel), model.horizon)
    random = np.random.default_rng(seed)
    errors = PastErrors.of(model, panel) if past is None else past
    paths = values_at(errors.dependence(random).draw(samples, random), distribution)
    for i in range(len(panel)):
        history = panel.series(i)
        # A quantile of 0 shows that the series is never negative, which the tail beyond the quantiles must keep to.
        if model.non_negative or (model.non_negative is None and (distribution[i] == 0).any()):
            paths[:, i] = np.maximum(paths[:, i], 0.0)
        if counts_little(history):
            paths[:, i] = np.floor(paths[:, i] + random.random(paths[:, i].shape))
    return paths


def require_memory(samples: int, series: int, horizon: int) -> None:
    """Raise SettingsError if sample paths would not fit into the memory that is free, saying what they would take."""
    needed, free = samples * series * horizon * _BYTES, _free_memory()
    if free is not None and needed > free:
        most = free // (series * horizon * _BYTES)
        raise SettingsError(
            f"samples {samples:,}: paths of {series:,} series and {horizon:,} steps would take "
            f"{_gigabytes(needed)} of memory, and {_gigabytes(free)} is free; ask for at most {most:,}"
        )


def _free_memory() -> int | None:
    """Return the bytes of memory that programs may still take; None where the system does not say."""
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, AttributeError):
        return None


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:,.1f} GB" if size >= 1e8 else f"{size / 1e6:,.0f} MB"

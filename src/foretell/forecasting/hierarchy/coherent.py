"""Coherent forecasts: sample paths and medians of all levels that add up."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from foretell.forecasting.fitted_model import FittedModel
from foretell.forecasting.hierarchy.reconciliation import Sums, reconciled
from foretell.forecasting.panel import Panel
from foretell.forecasting.quantiles import GRID, MEDIAN
from foretell.forecasting.sampling.paths import PastErrors, sample_paths

Floats = NDArray[np.float64]

_SAMPLES = 500


def coherent_paths(
    model: FittedModel, panel: Panel, distribution: Floats, sums: Sums, samples: int, seed: int
) -> tuple[Floats, Floats]:
    """Return sample paths (S, N, H) and medians (N, H) that add up, of series whose own forecasts are (N, H, 15).

    Each path of all series together is reconciled (Panagiotelis et al., 2023), and so are the medians.
    """
    past = PastErrors.of(model, panel)
    errors = past.actual - past.distribution[..., MEDIAN]
    rows = errors.reshape(len(panel), -1).T
    drawn = sample_paths(model, panel, distribution, samples, seed, past)
    bounded = bool(model.non_negative)
    paths = reconciled(drawn, sums, rows, bounded)
    return paths, reconciled(distribution[..., MEDIAN], sums, rows, bounded)


def coherent_distribution(model: FittedModel, panel: Panel, distribution: Floats, sums: Sums, seed: int) -> Floats:
    """Return quantiles (N, H, 15) of coherent paths, around medians that add up to the last digit."""
    paths, medians = coherent_paths(model, panel, distribution, sums, _SAMPLES, seed)
    found = np.moveaxis(np.quantile(paths, GRID, axis=0), 0, -1)
    found += (medians - found[..., MEDIAN])[..., None]
    found[..., MEDIAN] = medians
    if model.non_negative:
        found = np.maximum(found, 0.0)
    return found

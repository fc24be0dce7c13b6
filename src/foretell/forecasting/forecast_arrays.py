"""Forecasts of whole tables as arrays; those of a hierarchy add up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foretell.forecasting.fitted_model import FittedModel
from foretell.forecasting.hierarchy.coherent import coherent_distribution
from foretell.forecasting.hierarchy.levels import Hierarchy
from foretell.forecasting.panel import Panel, joined, recent
from foretell.forecasting.quantiles import quantiles_of, read_off


@dataclass(frozen=True)
class Prediction:
    """A forecast as arrays."""

    panel: Panel
    """The N series that were forecast."""
    quantiles: NDArray[np.float64]
    """(N, H, Q), the median and the bounds of the intervals."""
    distribution: NDArray[np.float64]
    """(N, H, 15), the quantiles of `GRID`."""
    own: NDArray[np.float64] | None = None
    """(N, H, 15), before the forecasts of a hierarchy were made to add up; None without one."""


def predictions(
    model: FittedModel, panels: Sequence[Panel], hierarchies: Sequence[Hierarchy | None]
) -> list[Prediction]:
    """Forecast the steps after the histories of several panels, as one batch if their covariates are of the same types.

    Where a panel has a hierarchy, the forecasts of all its levels are made to add up.
    """
    found: list[Prediction] = []
    # Where a forecast depends on the other series of its table, each table is a batch.
    apart = model.correction is not None and model.correction.used
    for _, alike in groupby(enumerate(panels), key=lambda each: (each[0] if apart else 0, _kind_of_panel(each[1]))):
        together = [panel for _, panel in alike]
        short = joined([recent(panel, model.members.past) for panel in together])
        distribution = model.distribution(short, np.arange(len(short)), short.history, "final")
        quantiles = read_off(distribution, quantiles_of(model.levels))
        ends = np.cumsum([len(panel) for panel in together])[:-1]
        found += map(Prediction, together, np.split(quantiles, ends), np.split(distribution, ends))
    return [_coherent(model, h, p) if h else p for h, p in zip(hierarchies, found, strict=True)]


def _coherent(model: FittedModel, hierarchy: Hierarchy, prediction: Prediction) -> Prediction:
    panel, own = prediction.panel, prediction.distribution
    distribution = coherent_distribution(model, panel, own, hierarchy.sums(panel.ids), model.settings.training.seed)
    return Prediction(panel, read_off(distribution, quantiles_of(model.levels)), distribution, own)


def _kind_of_panel(panel: Panel) -> Any:
    """Return what panels must share to be forecast together."""
    kinds = (panel.known, panel.past, panel.static)
    columns = ({name: column.dtype for name, column in kind.items()} for kind in kinds)
    return panel.frequency, panel.clock, panel.starts.dtype, *columns

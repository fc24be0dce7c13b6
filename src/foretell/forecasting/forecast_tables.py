"""Forecasts and sample paths as tables in the Nixtla convention."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foretell.forecasting.forecast_arrays import Prediction
from foretell.forecasting.panel import Panel
from foretell.forecasting.tables.nixtla import TableKind, named_columns, quantile_columns


def forecast_table(
    kind: TableKind,
    model: str,
    levels: Sequence[int],
    quantiles: Sequence[float],
    predictions: Sequence[Prediction],
    plans: Sequence[str] = (),
) -> Any:
    """Return forecasts one below the other: `unique_id`, `ds`, `plan` if there are `plans`, one per prediction, and the
    columns of the median, the intervals and the named quantiles."""
    panels = [prediction.panel for prediction in predictions]
    horizon = predictions[0].quantiles.shape[1]
    steps = [len(panel) * horizon for panel in panels]
    bounds = np.concatenate([prediction.quantiles for prediction in predictions])
    distribution = np.concatenate([prediction.distribution for prediction in predictions])
    return kind.forecast_table(
        [name for panel in panels for name in panel.ids],
        horizon,
        {"ds": np.concatenate([_times_ahead(panel, horizon) for panel in panels])},
        ({"plan": np.repeat(np.array(plans), steps)} if plans else {})
        | quantile_columns(model, levels, bounds)
        | named_columns(model, quantiles, distribution),
        panels[0].clock,
    )


def sample_table(kind: TableKind, model: str, panel: Panel, paths: NDArray[np.float64]) -> Any:
    """Return sample paths (S, N, H) with the columns `unique_id`, `ds`, `sample` from 1 to S, and `model`."""
    samples, _, horizon = paths.shape
    numbers = np.tile(np.repeat(np.arange(1, samples + 1), horizon), len(panel))
    return kind.forecast_table(
        panel.ids,
        samples * horizon,
        {"ds": np.tile(_times_ahead(panel, horizon), (1, samples))},
        {"sample": numbers, model: np.moveaxis(paths, 0, 1)},
        panel.clock,
    )


def _times_ahead(panel: Panel, horizon: int) -> NDArray[Any]:
    """Return (N, H), the times of the steps after each series' history."""
    ends = enumerate(panel.history.tolist())
    return np.stack([panel.times(i, rows + horizon)[rows:] for i, rows in ends])

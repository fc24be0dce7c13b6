"""Forecasts of a panel's series from chosen cutoffs, in the units of the table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from foretell.forecasting.calendar import calendar_features
from foretell.forecasting.covariates import Covariates
from foretell.forecasting.ensemble import Ensemble
from foretell.forecasting.inputs import InputLayout
from foretell.forecasting.network import ForecastNetwork
from foretell.forecasting.panel import Panel
from foretell.forecasting.scaling import FLOOR
from foretell.forecasting.windows import Windows

Network = ForecastNetwork | Ensemble

_BATCH = 512
_CELLS = 1 << 25
"""Numbers that the windows of a batch hold, at most, where a single one does not hold more."""
_FEWEST_VALUES = 3


@dataclass(frozen=True)
class Experience:
    """What the training series were like, for series that have next to no history of their own."""

    relative_spread: float
    """The median ratio of a series' spread to its level."""
    quantiles: tuple[float, ...]
    """(Q,) the forecast's quantiles over the values of all training series."""

    def __post_init__(self) -> None:
        if not np.isfinite((self.relative_spread, *self.quantiles)).all() or self.relative_spread < 0:
            raise ValueError("spread and quantiles of the training series must be finite")

    @classmethod
    def of(cls, panel: Panel, limits: NDArray[np.int64], quantiles: Sequence[float]) -> Experience:
        """From the first `limits` (N,) rows of each series."""
        spans = zip(panel.offsets, limits, strict=False)
        parts = [panel.values[start : start + limit] for start, limit in spans]
        spreads = []
        for part in parts:
            present = part[~np.isnan(part)]
            level = float(np.abs(present).mean()) if len(present) else 0.0
            if level > 0 and len(present) > 1:  # one value says nothing of how much they vary
                spreads.append(float(np.abs(present / level - (present / level).mean()).mean()))
        values = np.concatenate(parts)
        pooled = np.quantile(values[~np.isnan(values)], quantiles)
        return cls(float(np.median(spreads)) if spreads else 0.0, tuple(float(value) for value in pooled))


def windows_of(panel: Panel, covariates: Covariates, layout: InputLayout) -> Windows:
    """The windows of a panel: calendar and covariates of each step, those of the horizon after the history included."""
    spans = panel.history + layout.horizon
    starts = np.concatenate([[0], np.cumsum(spans)[:-1]])
    known = covariates.encode_known(panel)
    features = np.zeros((int(spans.sum()), layout.calendar + layout.known), np.float32)
    for i, (start, span) in enumerate(zip(starts, spans, strict=True)):
        if layout.calendar:
            times = panel.clock.wall_times(panel.times(i, int(span)))
            features[start : start + span, : layout.calendar] = calendar_features(times, panel.frequency)
        if layout.known:
            rows = min(int(span), int(panel.offsets[i + 1] - panel.offsets[i]))
            first = panel.offsets[i]
            features[start : start + rows, layout.calendar :] = known[first : first + rows]
    static, categories = covariates.encode_static(panel)
    return Windows(panel, features, starts, static, categories, layout.past, layout.horizon)


def forecast(
    network: Network,
    windows: Windows,
    series: NDArray[np.int64],
    cutoffs: NDArray[np.int64],
    experience: Experience,
) -> NDArray[np.float64]:
    """The quantiles of the `horizon` steps after row `cutoffs` (B,) of `series` (B,): (B, H, Q), not yet calibrated.

    Only values before the cutoff are seen. All windows run as one batch (of at most 512 at a time, fewer of long ones).
    """
    device = next(network.parameters()).device
    results = []
    layout = network.layout
    cells = (layout.past + layout.horizon) * layout.features + layout.horizon * (layout.candidates + network.quantiles)
    at_once = min(_BATCH, max(1, _CELLS // cells))
    with torch.inference_mode():
        for start in range(0, len(series), at_once):
            part = slice(start, start + at_once)
            batch = windows.cut(series[part], cutoffs[part], cutoffs[part])
            inputs = network.layout.inputs(batch, network.layout.last_anchors(1))
            quantiles, _ = network(inputs.to(device))
            spread = inputs.spread.double()
            count = (~batch.values[:, : network.layout.past].isnan()).sum(1, keepdim=True)
            level = (batch.centre / batch.unit).abs()[:, None] * experience.relative_spread
            spread = torch.where((count < _FEWEST_VALUES) & (inputs.spread <= FLOOR), level, spread)
            steps = quantiles[:, 0].mT.cpu().double()
            scaled = inputs.last.double()[..., None] + spread[..., None] * steps
            values = (batch.centre[:, None, None] + batch.unit[:, None, None] * scaled).numpy()
            values[count[:, 0].numpy() == 0] = experience.quantiles
            results.append(values)
    shape = (0, network.layout.horizon, network.quantiles)
    return np.concatenate(results) if results else np.zeros(shape)


def actual_values(panel: Panel, series: NDArray[Any], cutoffs: NDArray[Any], horizon: int) -> NDArray[np.float64]:
    """What came after each cutoff, (B, H); NaN where missing and after the history."""
    rows = cutoffs[:, None] + np.arange(horizon)
    inside = rows < panel.history[series][:, None]
    return np.where(inside, panel.values[np.where(inside, rows + panel.offsets[series][:, None], 0)], np.nan)

"""Windows: equal stretches of a panel's series, cut out as one batch of arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from foretell.forecasting.panel import Panel


@dataclass(frozen=True)
class WindowBatch:
    """B windows of `past` steps up to a cutoff and `horizon` steps after it, on the scale of each window itself.

    In the units of the table, a value is `centre + unit * value`. The centre is a value of the window and the unit a
    power of two, so that the way there and back loses nothing where it need not.
    """

    values: Tensor
    """(B, past + horizon) float32; NaN where missing, before the series, and from its limit on."""
    features: Tensor
    """(B, past + horizon, F) float32: calendar and known-future covariates of each step."""
    static: Tensor
    """(B, S) float32: numeric static covariates, standardised."""
    categories: Tensor
    """(B, S') int64: the codes of the others."""
    centre: Tensor
    """(B,) float64"""
    unit: Tensor
    """(B,) float64"""


@dataclass(frozen=True)
class Windows:
    """Cuts windows out of a panel whose covariates are encoded."""

    panel: Panel
    features: NDArray[np.float32]
    """(N rows in all, F): of series i from `starts[i]` on, its history and the `horizon` steps after it."""
    starts: NDArray[np.int64]
    """(N,) the first row of each series in `features`."""
    static: NDArray[np.float32]
    """(N, S)"""
    categories: NDArray[np.int64]
    """(N, S')"""
    past: int
    horizon: int

    def cut(self, series: NDArray[np.int64], ends: NDArray[np.int64], limits: NDArray[np.int64]) -> WindowBatch:
        """The windows of `series` (B,) whose past ends before row `ends` (B,); rows from `limits` (B,) on are hidden.

        Rows count from the start of each series.
        """
        panel = self.panel
        rows = ends[:, None] + np.arange(-self.past, self.horizon)
        seen = (rows >= 0) & (rows < limits[:, None])
        flat = np.where(seen, rows + panel.offsets[series][:, None], 0)
        values = np.where(seen, panel.values[flat], np.nan)
        centre, unit = _scale_of(values[:, : self.past])
        with np.errstate(over="ignore"):
            scaled = ((values / unit[:, None]) - (centre / unit)[:, None]).astype(np.float32)
        covered = (rows >= 0) & (rows < (panel.history[series] + self.horizon)[:, None])
        features = self.features[np.where(covered, rows + self.starts[series][:, None], 0)]
        features[~covered] = 0
        return WindowBatch(
            values=torch.from_numpy(scaled),
            features=torch.from_numpy(features),
            static=torch.from_numpy(self.static[series]),
            categories=torch.from_numpy(self.categories[series]),
            centre=torch.from_numpy(centre),
            unit=torch.from_numpy(unit),
        )


def _scale_of(past: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Centre and unit of each window: its first present value, and a power of two near its largest distance from that.

    Where all values are equal the unit is about a thousandth of them, and 1 for zeros.
    """
    present = ~np.isnan(past)
    first = present.argmax(1)
    centre = np.where(present.any(1), past[np.arange(len(past)), first], 0.0)
    half = np.abs(np.where(present, 0.5 * past - 0.5 * centre[:, None], 0.0)).max(1, initial=0.0)
    unit = np.ldexp(1.0, np.clip(np.frexp(half)[1] + 1, -1021, 1023))
    fallback = np.ldexp(1.0, np.clip(np.frexp(centre)[1] - 10, -1021, 1023))
    return centre, np.where(half > 0, unit, np.where(centre != 0, fallback, 1.0))

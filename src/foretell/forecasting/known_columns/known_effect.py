"""What the known columns add to the values of a panel, in units of each series' running level."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from foretell.forecasting.known_columns.regressors import Regressors
from foretell.forecasting.known_columns.running_level import running_level
from foretell.forecasting.panel import Panel

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


_BLOCK = 1 << 14
"""Rows whose regressors are made at once."""


@dataclass(frozen=True)
class KnownEffect:
    """A linear effect, with the same weights for all series: value = level * (regressors @ weights) + all else."""

    regressors: Regressors
    weights: Floats
    """(K,)"""
    window: int
    """Number of rows before a row whose mean absolute value is its level; see `running_level`."""

    @property
    def past(self) -> int:
        """Number of rows before a row on which its level depends."""
        return 2 * self.window

    def on(self, panel: Panel) -> EffectOnPanel:
        """Return the effect in each row of a panel. Raises TableError as `Regressors.rows`."""
        rows = self.regressors.rows(panel)
        # Row by row, so that a row's result does not depend on the others, as that of a matrix product may.
        blocks = (slice(start, start + _BLOCK) for start in range(0, len(rows), _BLOCK))
        shares = np.concatenate([np.zeros(0), *((rows[block] * self.weights).sum(1) for block in blocks)])
        levels = [
            running_level(panel.values[start:end], self.window)
            for start, end in zip(panel.offsets[:-1], panel.offsets[1:], strict=True)
        ]
        return EffectOnPanel(panel, shares, np.concatenate(levels))


@dataclass(frozen=True)
class EffectOnPanel:
    """The effect in the rows of one panel."""

    panel: Panel
    shares: Floats
    """(R,) what is added in each row, as a share of the level."""
    levels: Floats
    """(R + N,) level at each row, and after the last one, of each series in turn."""

    def without(self) -> Panel:
        """Return the panel with values as they would have been without the effect."""
        panel = self.panel
        series = np.repeat(np.arange(len(panel)), np.diff(panel.offsets))
        levels = self.levels[np.arange(panel.offsets[-1]) + series]
        return replace(panel, values=panel.values - levels * self.shares)

    def ahead(self, series: Integers, cutoffs: Integers, horizon: int) -> Floats:
        """Return (B, `horizon`), what is added in the rows from `cutoffs` (B,) of `series` (B,) on; 0 after the last
        row of a series."""
        rows = (self.panel.offsets[series] + cutoffs)[:, None] + np.arange(horizon)
        there = rows < self.panel.offsets[series + 1][:, None]
        shares = np.where(there, self.shares[np.where(there, rows, 0)], 0.0)
        return np.asarray(self.levels[self.panel.offsets[series] + series + cutoffs][:, None] * shares)

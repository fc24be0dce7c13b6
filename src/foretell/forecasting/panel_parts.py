"""Parts of a panel: some of its series, their ends cut off, or only what a window can see."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from foretell.forecasting.panel import Panel


def select(panel: Panel, series: NDArray[np.int64]) -> Panel:
    """The panel of some of the series, by their places (M,), in that order."""
    if len(series) == len(panel) and np.array_equal(series, np.arange(len(panel))):
        return panel
    length = np.diff(panel.offsets)[series]
    return _cut(panel, series, np.zeros(len(series), np.int64), length)


def truncated(panel: Panel, ends: NDArray[np.int64]) -> Panel:
    """The panel as it was known when each series had its first `ends` (N,) rows; later covariates stay as future rows.

    `ends` are at most the histories. A history ends where the table ends it, even with a missing value.
    """
    row = np.arange(panel.offsets[-1]) - np.repeat(panel.offsets[:-1], np.diff(panel.offsets))
    hidden = row >= np.repeat(ends, np.diff(panel.offsets))
    return replace(panel, history=ends.astype(np.int64), values=np.where(hidden, np.nan, panel.values))


def recent(panel: Panel, rows: int) -> Panel:
    """The panel with the last `rows` rows of each history, and the rows after it."""
    skipped = np.maximum(panel.history - rows, 0)
    if not skipped.any():
        return panel
    return _cut(panel, np.arange(len(panel)), skipped, np.diff(panel.offsets) - skipped)


def _cut(panel: Panel, series: NDArray[np.int64], skipped: NDArray[np.int64], length: NDArray[np.int64]) -> Panel:
    """`length` rows of each of the series, from row `skipped` on; each (M,)."""
    offsets = np.append(0, np.cumsum(length))
    rows = np.arange(offsets[-1]) + np.repeat(panel.offsets[series] + skipped - offsets[:-1], length)
    starts = panel.starts[series].copy()
    for i in np.flatnonzero(skipped):
        starts[i] = panel.frequency.range(starts[i], int(skipped[i]) + 1)[-1]
    return replace(
        panel,
        ids=tuple(panel.ids[i] for i in series),
        starts=starts,
        offsets=offsets,
        history=panel.history[series] - skipped,
        values=panel.values[rows],
        known={name: column[rows] for name, column in panel.known.items()},
        static={name: column[series] for name, column in panel.static.items()},
    )

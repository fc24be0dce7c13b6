"""A panel: many time series on regular time grids, as flat arrays from which windows and smaller panels are cut."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foretell.tables.clock import Clock
from foretell.tables.frequency import Frequency

Column = NDArray[np.float64] | NDArray[np.object_]


@dataclass(frozen=True)
class Panel:
    """N series of one frequency, each on a grid without gaps; a time step that was not observed is NaN.

    Series `i` owns the rows `offsets[i]:offsets[i + 1]` of each flat array (R rows in all). Its first `history[i]` rows
    end at its last observed value; the rows after them have no target, only known covariates.
    """

    ids: tuple[str, ...]
    """(N,) the name of each series."""
    frequency: Frequency
    starts: NDArray[np.datetime64] | NDArray[np.int64]
    """(N,) the time of each series' first row: `datetime64[us]`, or int64 for integer time."""
    offsets: NDArray[np.int64]
    """(N + 1,) the first row of each series; the last entry is R."""
    history: NDArray[np.int64]
    """(N,) rows of each series up to and including its last observed value."""
    values: NDArray[np.float64]
    """(R,) the target; NaN where it is missing, and in the rows after the history."""
    known: Mapping[str, Column] = field(default_factory=dict)
    """Known-future covariates by column name, each (R,): float64 with NaN, or str objects with None, for missing."""
    past: Mapping[str, Column] = field(default_factory=dict)
    """Past covariates by column name, each (R,), of the same two kinds; nothing reads those after a cutoff."""
    static: Mapping[str, Column] = field(default_factory=dict)
    """Static covariates by column name, each (N,), of the same two kinds."""
    clock: Clock = field(default_factory=Clock)
    """Clock that `starts` and the later times refer to."""

    def __len__(self) -> int:
        return len(self.ids)

    def series(self, i: int) -> NDArray[np.float64]:
        """Return the history of series `i`, shape (history[i],), NaN where missing."""
        start = self.offsets[i]
        return self.values[start : start + self.history[i]]

    def times(self, i: int, steps: int) -> NDArray[Any]:
        """Return the times of the first `steps` rows of series `i`, including those after its end."""
        return self.frequency.range(self.starts[i], steps)


def select(panel: Panel, series: NDArray[np.int64]) -> Panel:
    """Return the panel of the series with the indices (M,), in that order."""
    if len(series) == len(panel) and np.array_equal(series, np.arange(len(panel))):
        return panel
    length = np.diff(panel.offsets)[series]
    return _cut(panel, series, np.zeros(len(series), np.int64), length)


def joined(panels: Sequence[Panel]) -> Panel:
    """Return one panel of all series of `panels`, which have the same frequency, clock and covariates."""
    first, *others = panels
    if not others:
        return first
    ends = np.cumsum([0, *(panel.offsets[-1] for panel in panels)])
    return replace(
        first,
        ids=tuple(name for panel in panels for name in panel.ids),
        starts=np.concatenate([panel.starts for panel in panels]),
        offsets=np.concatenate([[0], *(panel.offsets[1:] + end for panel, end in zip(panels, ends, strict=False))]),
        history=np.concatenate([panel.history for panel in panels]),
        values=np.concatenate([panel.values for panel in panels]),
        known={name: np.concatenate([panel.known[name] for panel in panels]) for name in first.known},
        past={name: np.concatenate([panel.past[name] for panel in panels]) for name in first.past},
        static={name: np.concatenate([panel.static[name] for panel in panels]) for name in first.static},
    )


def truncated(panel: Panel, ends: NDArray[np.int64]) -> Panel:
    """Cut each history to its first `ends` (N,) rows; covariates after that stay as future rows.

    `ends` are at most the histories. A history ends where the table ends it, even with a missing value.
    """
    row = np.arange(panel.offsets[-1]) - np.repeat(panel.offsets[:-1], np.diff(panel.offsets))
    hidden = row >= np.repeat(ends, np.diff(panel.offsets))
    return replace(panel, history=ends.astype(np.int64), values=np.where(hidden, np.nan, panel.values))


def with_rows_ahead(panel: Panel, steps: int) -> Panel:
    """Return the panel with at least `steps` rows after each history; the rows added hold nothing."""
    length = np.diff(panel.offsets)
    wanted = np.maximum(length, panel.history + steps)
    if np.array_equal(length, wanted):
        return panel
    offsets = np.append(0, np.cumsum(wanted))
    moved = np.arange(panel.offsets[-1]) + np.repeat(offsets[:-1] - panel.offsets[:-1], length)

    def spread(column: Column) -> Column:
        wide = absent_like(column, int(offsets[-1]))
        wide[moved] = column
        return wide

    return replace(
        panel,
        offsets=offsets,
        values=spread(panel.values).astype(np.float64),
        known={name: spread(column) for name, column in panel.known.items()},
        past={name: spread(column) for name, column in panel.past.items()},
    )


def absent_like(column: Column, length: int) -> Column:
    """Return a covariate of the same type, missing everywhere."""
    if column.dtype == object:
        return np.full(length, None, dtype=object)
    return np.full(length, np.nan)


def recent(panel: Panel, rows: int) -> Panel:
    """Return the panel with the last `rows` rows of each history, and the rows after it."""
    skipped = np.maximum(panel.history - rows, 0)
    if not skipped.any():
        return panel
    return _cut(panel, np.arange(len(panel)), skipped, np.diff(panel.offsets) - skipped)


def histories(panel: Panel) -> Panel:
    """Return the histories alone, without the rows after them and without covariates."""
    values = [panel.series(i) for i in range(len(panel))]
    offsets = np.append(0, np.cumsum(panel.history))
    return replace(panel, offsets=offsets, values=np.concatenate(values), known={}, past={}, static={})


def _cut(panel: Panel, series: NDArray[np.int64], skipped: NDArray[np.int64], length: NDArray[np.int64]) -> Panel:
    """Return `length` rows of each of the series, from row `skipped` on; each (M,)."""
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
        past={name: column[rows] for name, column in panel.past.items()},
        static={name: column[series] for name, column in panel.static.items()},
    )

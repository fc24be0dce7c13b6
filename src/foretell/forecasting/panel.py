"""A panel: many time series on regular time grids, as flat arrays from which windows are cut."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foretell.tables.clock import Clock
from foretell.tables.frequency import Frequency

Column = NDArray[np.float64] | NDArray[np.object_]


@dataclass(frozen=True)
class Panel:
    """N series of one frequency, each without holes in its grid; a time step that was not observed is NaN.

    Series `i` owns the rows `offsets[i]:offsets[i + 1]` of each flat array (R rows in all). Its first `history[i]` rows
    run up to its last observed value; the rows after them have no target and carry known-future covariates alone.
    """

    ids: tuple[str, ...]
    """(N,) the name of each series."""
    frequency: Frequency
    starts: NDArray[np.datetime64] | NDArray[np.int64]
    """(N,) the time of each series' first row: `datetime64[us]`, or int64 for integer time."""
    offsets: NDArray[np.int64]
    """(N + 1,) where each series' rows begin; the last entry is R."""
    history: NDArray[np.int64]
    """(N,) rows of each series up to and including its last observed value."""
    values: NDArray[np.float64]
    """(R,) the target; NaN where it is missing, and in the rows after the history."""
    known: Mapping[str, Column] = field(default_factory=dict)
    """Known-future covariates by column name, each (R,): float64 with NaN, or str objects with None, for missing."""
    static: Mapping[str, Column] = field(default_factory=dict)
    """Static covariates by column name, each (N,), of the same two kinds."""
    clock: Clock = field(default_factory=Clock)
    """What `starts` and the times after them stand for."""

    def __len__(self) -> int:
        return len(self.ids)

    def series(self, i: int) -> NDArray[np.float64]:
        """The history of series `i`, shape (history[i],), NaN where missing."""
        start = self.offsets[i]
        return self.values[start : start + self.history[i]]

    def times(self, i: int, steps: int) -> NDArray[Any]:
        """The times of the first `steps` rows of series `i`, those after its end included."""
        return self.frequency.range(self.starts[i], steps)

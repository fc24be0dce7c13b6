"""Stretches of steps within series: the gaps, and observed stretches of the same lengths, which say how far off
estimates are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foretell.forecasting.panel import Panel

Integers = NDArray[np.int64]

_LEAST_BESIDE = 3
"""Number of steps that a hidden stretch has on each side, at least."""
_LARGEST_PART = 4
"""At most this part of a series is hidden."""
_TRIES = 50


@dataclass(frozen=True)
class Stretches:
    """G stretches; before and after each one its series has a value."""

    series: Integers
    """(G,)"""
    first: Integers
    """(G,) first row, counted from the start of the series."""
    length: Integers
    """(G,)"""

    def __len__(self) -> int:
        return len(self.series)

    def take(self, at: Integers) -> Stretches:
        """Return those with the indices `at`."""
        return Stretches(self.series[at], self.first[at], self.length[at])

    def listed(self) -> list[tuple[int, int, int]]:
        """Return series, first row and length of each."""
        return list(zip(self.series.tolist(), self.first.tolist(), self.length.tolist(), strict=True))

    def steps(self, horizon: int) -> NDArray[np.bool_]:
        """Return (G, `horizon`), which of the first steps are within each stretch."""
        return np.asarray(np.arange(horizon) < self.length[:, None])


def gaps_of(panel: Panel) -> Stretches:
    """Return the missing values of a panel whose series end with their histories, as stretches without any value."""
    missing = np.isnan(panel.values).astype(np.int8)
    edges = np.diff(missing, prepend=0, append=0)
    rows, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    series = np.searchsorted(panel.offsets, rows, side="right") - 1
    return Stretches(series, rows - panel.offsets[series], ends - rows)


def hidden_like(gaps: Stretches, panel: Panel, most: int) -> Stretches:
    """Return up to `most` stretches with values that are about as long as gaps, drawn with a fixed seed."""
    random = np.random.default_rng(0)
    rows = random.integers(0, len(panel.values), _TRIES * most)
    series = np.searchsorted(panel.offsets, rows, side="right") - 1
    history, first = panel.history[series], rows - panel.offsets[series]
    length = np.minimum(random.choice(gaps.length, len(rows)), history // _LARGEST_PART)
    inside = (length > 0) & (first >= _LEAST_BESIDE) & (first + length <= history - _LEAST_BESIDE)
    rows, series, first, length = rows[inside], series[inside], first[inside], length[inside]
    seen = ~np.isnan(panel.values)
    count = np.append(0, np.cumsum(seen))
    enough = 2 * (count[rows + length] - count[rows]) >= length
    _, once = np.unique(rows, return_index=True)
    alone = np.zeros(len(rows), dtype=bool)
    alone[once] = True
    usable = np.flatnonzero(seen[rows - 1] & seen[rows + length] & enough & alone)[:most]
    return Stretches(series[usable], first[usable], length[usable])

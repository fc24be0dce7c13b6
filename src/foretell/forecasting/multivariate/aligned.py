"""The series of a panel side by side on one time axis, and what each one's own past says of its next values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foretell.forecasting.panel import Panel

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

FARTHEST = 20.0
"""Changes are clipped to this many usual changes."""
LEVELS = (8, 16, 32)
"""Numbers of latest values whose means are read, too."""
_LONGEST_SEASON = 31
_SHORTEST = 5


def own_lags(seasons: Sequence[int], rows: int) -> tuple[int, ...]:
    """Return the lags of its own past that a series of `rows` rows is regressed on."""
    season = min(seasons, default=1)
    if season <= _LONGEST_SEASON:
        wanted = list(range(1, max(_SHORTEST, season) + 1))
    else:
        wanted = [*range(1, _SHORTEST + 1), season - 1, season]
    return tuple(lag for lag in wanted if lag <= max(1, rows // 8))


def first_rows(panel: Panel) -> Integers:
    """Return (N,), where each series begins on the time axis, in steps."""
    return panel.frequency.positions(panel.starts)[0].astype(np.int64)


@dataclass(frozen=True)
class Aligned:
    """N series over T steps of time."""

    seen: NDArray[np.bool_]
    """(T, N) where there is a value."""
    values: Floats
    """(T, N), missing values replaced by the last one before, or by the first one where none was before."""

    @classmethod
    def of(cls, panel: Panel, series: Integers, limits: Integers, first: int, end: int) -> Aligned:
        """Align the first `limits` (N,) rows of `series` (N,), from the step `first` of the time axis up to `end`."""
        table = np.full((end - first, len(series)), np.nan)
        for column, (i, begin, limit) in enumerate(zip(series, first_rows(panel)[series], limits, strict=True)):
            skipped = max(0, first - int(begin))
            rows = panel.values[panel.offsets[i] + skipped : panel.offsets[i] + min(int(limit), end - int(begin))]
            at = int(begin) + skipped - first
            table[at : at + len(rows), column] = rows
        seen = np.isfinite(table)
        step = np.arange(len(table))[:, None]
        latest = np.maximum.accumulate(np.where(seen, step, -1), axis=0)
        begins = np.where(seen.any(0), seen.argmax(0), 0)
        filled = np.take_along_axis(table, np.where(latest < 0, begins, latest), axis=0)
        return cls(seen, np.nan_to_num(filled))

    def past(self, lags: Sequence[int], unit: Floats) -> Iterator[Floats]:
        """Yield what is read of each series' own past at each step, (T, N) each: values `lags` before, and the means
        of the latest values, as distances from the value there in units (N,). Before the first step stands its value.
        """
        steps = np.arange(len(self.values))
        with np.errstate(over="ignore", invalid="ignore"):
            for lag in lags:
                yield _clipped((self.values[np.maximum(steps - lag, 0)] - self.values) / unit)
            scaled = (self.values - self.values[:1]) / unit
            total = np.concatenate([np.zeros((1, scaled.shape[1])), np.cumsum(scaled, axis=0)])
            for span in LEVELS:
                first = np.maximum(steps + 1 - span, 0)
                yield _clipped((total[1:] - total[first]) / (steps + 1 - first)[:, None] - scaled)

    def design(self, rows: Integers, lags: Sequence[int], unit: Floats) -> Floats:
        """Return (N, R, P), what is read of the past at rows (R,), and a one."""
        parts = [part[rows] for part in self.past(lags, unit)]
        return np.ascontiguousarray(np.stack([*parts, np.ones_like(parts[0])], axis=-1).swapaxes(0, 1))

    def ahead(self, rows: Integers, steps: Integers, unit: Floats) -> Floats:
        """Return (N, R, H): the values `steps` (H,) after rows (R,), as distances from theirs in units (N,)."""
        with np.errstate(over="ignore", invalid="ignore"):
            parts = [(self.values[rows + step] - self.values[rows]) / unit for step in steps]
        return np.ascontiguousarray(_clipped(np.stack(parts, axis=-1)).swapaxes(0, 1))


def _clipped(changes: Floats) -> Floats:
    return np.clip(np.nan_to_num(changes), -FARTHEST, FARTHEST)

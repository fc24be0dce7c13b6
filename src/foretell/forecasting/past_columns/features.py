"""What is read of past columns at a cutoff: how the latest values differ from the usual ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from foretell.forecasting.covariates.covariates import Categories, Covariates, in_type
from foretell.forecasting.multivariate.aligned import first_rows
from foretell.forecasting.panel import Panel

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

LAGS = 8
"""Number of latest values that are read one by one."""
_SPANS = (8, 16)
"""Numbers of latest values whose means are read, beside that of a season."""
_LEAST_SPAN, _MOST_SPAN = 32, 960
_LONGEST_WEEK = 31
"""The usual value is the mean over seven seasons up to this length, and over four longer ones."""
FARTHEST = 20.0
"""Differences are clipped to so many spreads of their column."""
_CELLS = 1 << 22


@dataclass(frozen=True)
class PastFeatures:
    """The last values of each past column and the means of some of them, as differences from the mean of more.

    A value that is missing counts as usual. If the effect depends on the `season`, all of them are there twice more,
    multiplied by the sine and the cosine of the phase at the cutoff.
    """

    covariates: Covariates
    """Encodings of the past columns alone."""
    span: int
    """Number of rows before a cutoff that are read: their mean is the usual value."""
    season: int
    """Length of the shortest season in steps; 1 for none."""
    by_phase: bool = False

    @classmethod
    def fit(cls, panel: Panel, limits: Integers, seasons: Sequence[int]) -> PastFeatures:
        """Encode the columns as they are in the first `limits` (N,) rows of each series."""
        season = min(seasons, default=1)
        wanted = (7 if season <= _LONGEST_WEEK else 4) * season
        covariates = Covariates.fit(replace(panel, known={}, static={}), limits)
        return cls(covariates, int(np.clip(wanted, _LEAST_SPAN, _MOST_SPAN)), season)

    @property
    def count(self) -> int:
        """K, the number of features."""
        return self.covariates.past_features * (LAGS + len(self.spans)) * (3 if self.by_phase else 1)

    @property
    def spans(self) -> list[int]:
        """Numbers of latest values whose means are read."""
        return sorted({span for span in (*_SPANS, self.season) if 1 < span < self.span})

    def read(self, panel: Panel, series: Integers, cutoffs: Integers) -> Floats:
        """Return (B, K), what is read before row `cutoffs` (B,) of `series` (B,).

        Raises TableError for a column that is absent or of another type.
        """
        encoded = self._encoded(panel)
        found = np.empty((len(series), self.count))
        # A part at a time, to bound memory; each row is computed alone, so that it does not depend on the others.
        at_once = max(1, _CELLS // (self.span * max(1, encoded.shape[1])))
        for start in range(0, len(series), at_once):
            some = slice(start, start + at_once)
            found[some] = self._differences(encoded, panel, series[some], cutoffs[some])
        return found

    def usual_changes(self, panel: Panel, series: Integers, cutoffs: Integers) -> Floats:
        """Return (B,), the mean absolute change of the values that are read; 0 if unknown."""
        found = np.zeros(len(series))
        at_once = max(1, _CELLS // self.span)
        for start in range(0, len(series), at_once):
            some = slice(start, start + at_once)
            with np.errstate(over="ignore", invalid="ignore"):
                changes = np.abs(np.diff(_before(panel.values, panel, series[some], cutoffs[some], self.span), axis=1))
                found[some] = _mean(changes)
        return np.where(np.isfinite(found), found, 0.0)

    def _encoded(self, panel: Panel) -> Floats:
        """Return the features (R, F) of each row, NaN where a number is missing."""
        encoded = self.covariates.encode_steps(panel).astype(np.float64)
        place = 0
        for name, encoding in self.covariates.past.items():
            if not isinstance(encoding, Categories):
                missing = np.isnan(in_type(name, panel.past[name], text=False).astype(np.float64))
                encoded[missing, place] = np.nan
            place += encoding.width
        return encoded

    def _differences(self, encoded: Floats, panel: Panel, series: Integers, cutoffs: Integers) -> Floats:
        rows = _before(encoded, panel, series, cutoffs, self.span)
        apart = rows - _mean(rows)[:, None]
        seen = np.nan_to_num(apart)
        parts = [*(seen[:, -1 - lag] for lag in range(LAGS)), *(_mean(apart[:, -span:]) for span in self.spans)]
        found = np.clip(np.concatenate(parts, axis=1), -FARTHEST, FARTHEST)
        return np.concatenate([found * factor for factor in self._phases(panel, series, cutoffs)], axis=1)

    def _phases(self, panel: Panel, series: Integers, cutoffs: Integers) -> Iterator[Floats]:
        """Yield factors (B, 1) of the features, each with a mean square of 1."""
        yield np.ones((len(series), 1))
        if self.by_phase:
            angle = 2 * np.pi * ((first_rows(panel)[series] + cutoffs) % self.season)[:, None] / self.season
            yield np.sqrt(2) * np.sin(angle)
            yield np.sqrt(2) * np.cos(angle)


def _before(column: Floats, panel: Panel, series: Integers, cutoffs: Integers, count: int) -> Floats:
    """Return the `count` rows (B, `count`, ...) before each cutoff; NaN before a series begins."""
    rows = cutoffs[:, None] + np.arange(-count, 0)
    there = rows >= 0
    found = np.full((*rows.shape, *column.shape[1:]), np.nan)
    found[there] = column[(rows + panel.offsets[series][:, None])[there]]
    return found


def _mean(values: Floats) -> Floats:
    """Return the mean over the second axis of what is not NaN; 0 without any."""
    seen = ~np.isnan(values)
    return np.asarray(np.where(seen, values, 0.0).sum(1) / np.maximum(seen.sum(1), 1))

"""Regressors: the features of a row by which its value differs from those of other rows."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from foretell.forecasting.covariates.covariates import Covariates, Standardised
from foretell.forecasting.panel import Panel
from foretell.forecasting.seasons.further_seasons import phase_columns, phase_features

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Regressors:
    """The known columns of a row as K numbers.

    Names are one-hot, numbers standardised; the part of a number above its mean has a column of its own, since what
    warmth adds to a demand for power, frost may add, too. With a `season` the effect of each depends on the phase: all
    columns are there once more, multiplied by the sines and cosines of `phase_features`.
    """

    covariates: Covariates
    """Encodings of the known columns alone."""
    season: int = 1
    """Length of the season in steps; 1 for the same effect at each phase."""

    @classmethod
    def fit(cls, panel: Panel, limits: NDArray[np.int64], season: int = 1) -> Regressors:
        """Encode the columns as they are in the first `limits` (N,) rows of each series."""
        return cls(Covariates.fit(replace(panel, past={}, static={}), limits), season)

    @property
    def count(self) -> int:
        """K"""
        encodings = self.covariates.known.values()
        plain = sum(encoding.width + isinstance(encoding, Standardised) for encoding in encodings)
        return plain * (1 + (phase_columns([self.season]) if self.season > 1 else 0))

    def rows(self, panel: Panel) -> RegressorRows:
        """Return those of all rows of a panel. Raises TableError for a column that is absent or of another type."""
        encoded = self.covariates.encode_steps(replace(panel, past={}))
        above = np.maximum(encoded[:, self._numbers()], 0)
        return RegressorRows(np.concatenate([encoded, above], 1), _positions(panel), self.season)

    def _numbers(self) -> list[int]:
        """Return the places of the standardised numbers among the encoded columns."""
        places, place = [], 0
        for encoding in self.covariates.known.values():
            if isinstance(encoding, Standardised):
                places.append(place)
            place += encoding.width
        return places


@dataclass(frozen=True)
class RegressorRows:
    """The regressors of R rows, which are multiplied by the phases as they are asked for: that takes much memory."""

    columns: NDArray[np.float32]
    """(R, K) without phases."""
    positions: NDArray[np.int64]
    """(R,) the number of the step that each row is."""
    season: int

    def __len__(self) -> int:
        return len(self.columns)

    def __getitem__(self, rows: slice) -> Floats:
        """Return (M, K) for some of the rows."""
        columns = self.columns[rows].astype(np.float64)
        if self.season == 1:
            return columns
        phases = phase_features(self.positions[rows], [self.season])
        by_phase = columns[:, :, None] * phases[:, None, :]
        return np.concatenate([columns, by_phase.reshape(len(columns), -1)], 1)


def _positions(panel: Panel) -> NDArray[np.int64]:
    """Return (R,), the number of the step that each row is."""
    lengths = np.diff(panel.offsets)
    first = panel.frequency.positions(panel.starts)[0]
    return np.asarray(np.repeat(first - panel.offsets[:-1], lengths) + np.arange(panel.offsets[-1]))

"""Split of each series into a training part, a validation part for stopping and calibration, and a test part.

    | training ................. | validation ....... | backtest windows |
    0                      training              validation          history

The weights that are tested on the backtest windows were neither trained, stopped nor calibrated on them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_VALIDATION_SHARE = 0.1
_VALIDATION_CUTOFFS = 400
WINDOWS = 3
"""Default number of backtest windows of a series that is long enough."""
_BACKTEST_PARTS = 5


@dataclass(frozen=True)
class Holdout:
    """Ends of the parts of each series, in rows from its start; each (N,)."""

    training: NDArray[np.int64]
    validation: NDArray[np.int64]
    history: NDArray[np.int64]

    @classmethod
    def split(cls, history: NDArray[np.int64], horizon: int, shortest_season: int, windows: int | None) -> Holdout:
        """Hold out up to `windows` backtest windows of `horizon` steps, and a validation part before them.

        None holds out up to three windows, and at most a fifth of a series.
        Each step of a validation part except the last `horizon` - 1 is a cutoff. With few series the part is up to a
        tenth of the history if that is needed for a few hundred cutoffs in total. If a series is too short to leave
        two horizons, or a season and a horizon, for training, it has fewer backtest windows, and then no validation.
        """
        needed = horizon + max(horizon, shortest_season)
        extra = -(-_VALIDATION_CUTOFFS // len(history)) - 1
        tenth = (_VALIDATION_SHARE * history).astype(np.int64)
        stretch = np.maximum(horizon, np.minimum(tenth, horizon + extra))
        most = np.minimum(WINDOWS, history // (_BACKTEST_PARTS * horizon)) if windows is None else windows
        tests = np.clip((history - needed - stretch) // horizon, 0, most)
        validation = history - tests * horizon
        training = np.where(validation - stretch >= needed, validation - stretch, validation)
        return cls(training, validation, history)

    @property
    def validated(self) -> NDArray[np.int64]:
        """Indices of the series that have a validation part."""
        return np.flatnonzero(self.validation > self.training)

    def windows(self, horizon: int) -> NDArray[np.int64]:
        """Return (N,), the number of backtest windows of each series."""
        return (self.history - self.validation) // horizon

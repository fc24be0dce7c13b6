"""Which part of each series trains the network, which one stops and calibrates it, and which one tests it.

    | training ................. | validation ....... | backtest windows |
    0                      training              validation          history

The backtest windows are never trained on, stopped on or calibrated on by the weights that are tested on them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_VALIDATION_SHARE = 0.1
_VALIDATION_CUTOFFS = 400
WINDOWS = 3
"""The backtest windows of a series that is long enough, where no other number is asked for."""
_BACKTEST_PARTS = 5


@dataclass(frozen=True)
class Holdout:
    """The ends of the parts of each series, in rows from its start; each (N,)."""

    training: NDArray[np.int64]
    validation: NDArray[np.int64]
    history: NDArray[np.int64]

    @classmethod
    def split(cls, history: NDArray[np.int64], horizon: int, shortest_season: int, windows: int | None) -> Holdout:
        """Hold out up to `windows` backtest windows of `horizon` steps and a stretch for validation before them.

        None holds out up to three, and never more than a fifth of a series.
        A validation stretch gives a cutoff for each of its steps but the last `horizon` - 1. With few series it is as
        long as a tenth of the history where that is needed for a few hundred cutoffs in all. A series too short to
        leave two horizons, or a season and a horizon, for training gives up backtest windows first, then validation.
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
        """The series that have a validation part."""
        return np.flatnonzero(self.validation > self.training)

    def windows(self, horizon: int) -> NDArray[np.int64]:
        """(N,) the backtest windows of each series."""
        return (self.history - self.validation) // horizon

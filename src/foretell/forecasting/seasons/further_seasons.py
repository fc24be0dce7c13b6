"""Seasons beyond the two whose phases a network averages over: their phase at each step, as sines and cosines."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_HARMONICS = 3


def phase_columns(seasons: Sequence[int]) -> int:
    """Return C, the number of columns of `phase_features`."""
    return 2 * _HARMONICS * len(seasons)


def phase_features(steps: NDArray[np.int64], seasons: Sequence[int]) -> NDArray[np.float32]:
    """Return sines and cosines of the first harmonics of each season, float32 (T, C), at the step numbers (T,)."""
    columns: list[NDArray[np.float64]] = []
    for season in seasons:
        angle = 2 * np.pi * (steps % season) / season
        for harmonic in range(1, _HARMONICS + 1):
            columns += [np.sin(harmonic * angle), np.cos(harmonic * angle)]
    return np.array(columns, np.float32).reshape(-1, len(steps)).T

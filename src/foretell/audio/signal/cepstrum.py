"""Mel-frequency cepstral coefficients (Davis and Mermelstein, 1980): the cosine transform of a log-mel spectrum."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_REACH = 2


def cepstrum(log_mel: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """Return the first `count` coefficients `(T, count)` of log-mel spectra `(T, bands)`: the orthonormal DCT-II."""
    bands = log_mel.shape[1]
    angles = np.pi / bands * np.outer(np.arange(bands) + 0.5, np.arange(count))
    basis = np.cos(angles) * np.sqrt(2 / bands)
    basis[:, 0] /= np.sqrt(2)
    coefficients: NDArray[np.float32] = log_mel @ basis.astype(np.float32)
    return coefficients


def with_deltas(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Append to features `(T, D)` their slopes over five frames: `(T, 2 D)`."""
    padded = np.pad(features, ((_REACH, _REACH), (0, 0)), mode="edge")
    count = len(features)
    slopes = np.zeros_like(features)
    for step in range(1, _REACH + 1):
        slopes += step * (padded[_REACH + step : _REACH + step + count] - padded[_REACH - step : _REACH - step + count])
    return np.concatenate([features, slopes / (2 * sum(step**2 for step in range(1, _REACH + 1)))], 1)

"""Silence at both ends of a sound."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_MARGIN = 0.01
_SMALLEST = 2.0**-16


def is_silent(waveform: NDArray[np.float32]) -> bool:
    """Return whether nothing in `(N,)` differs from a constant by as much as half a step of 16 bits."""
    return bool(len(waveform) == 0 or np.abs(waveform - _middle(waveform)).max() < _SMALLEST)


def trimmed(waveform: NDArray[np.float32], rate: int, threshold: float) -> NDArray[np.float32]:
    """The part of `(N,)` between the first and the last sample within `threshold` dB of the loudest one.

    10 ms more stay at either end. Since the loudest sample always stays, no sound is ever trimmed to nothing; one that
    is silent throughout comes back whole.
    """
    if is_silent(waveform):
        return waveform
    loudness = np.abs(waveform - _middle(waveform))
    heard = np.flatnonzero(loudness >= loudness.max() * 10 ** (-threshold / 20))
    margin = round(_MARGIN * rate)
    return waveform[max(0, heard[0] - margin) : heard[-1] + 1 + margin]


def _middle(waveform: NDArray[np.float32]) -> np.float32:
    return np.float32(waveform.mean(dtype=np.float64))

"""The harmonics of a voice, raised above the noise between them: a long-term postfilter (Chen and Gersho, 1995).

    y_t = x_t + c (u_(t-T) - u_t)        with the period T; u: x through a low-pass filter

What has the period passes as it is; noise, which has none, is weaker. Above the cutoff a voice is noisy by nature.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from foretell.audio.signal.frames import PARTS, Frames
from foretell.audio.signal.phase import pitch_at_samples
from foretell.audio.signal.recursion import recursive

_STRENGTH = 0.5
_CUTOFF = 1500.0
_LOWEST, _HIGHEST = 60.0, 500.0


class HarmonicFilter:
    """Filters a waveform that comes in pieces of whole frames."""

    def __init__(self, frames: Frames) -> None:
        self._frames = frames
        # Of first order, whose phase hardly differs from that of x in its passband.
        self._pole = math.exp(-2 * math.pi * _CUTOFF / frames.rate)
        self._state = np.zeros(1)
        self._low = np.zeros(math.ceil(frames.rate / _LOWEST) + 1)

    def of(
        self, waveform: NDArray[np.float32], hertz: NDArray[np.float32], voiced: NDArray[np.bool_]
    ) -> NDArray[np.float32]:
        """Return the next piece, `(T * hop,)`, filtered.

        `hertz`, `voiced`: fundamental frequency and voicing of its frames with a neighbour on either side,
        `(1 + T + 1,)`.
        """
        hop, count = self._frames.hop, len(hertz) - 2
        parts = waveform.astype(np.float64).reshape(count * PARTS, -1) * (1 - self._pole)
        low, self._state = recursive(parts, np.full((len(parts), 1), self._pole), self._state)
        known = np.concatenate([self._low, low.reshape(-1)])
        frequencies, share = pitch_at_samples(np.clip(hertz, _LOWEST, _HIGHEST), voiced, hop)
        periods, weights = self._frames.rate / frequencies, _STRENGTH * share
        now = np.arange(len(self._low), len(known))
        before = np.interp(now - periods, np.arange(len(known)), known)
        self._low = known[-len(self._low) :]
        filtered: NDArray[np.float32] = (waveform + weights * (before - known[now])).astype(np.float32)
        return filtered

"""The grid of frames that all analyses share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

PARTS = 4
"""Parts of a frame, each with a filter of its own in linear prediction."""


@dataclass(frozen=True)
class Frames:
    """Frames of about 10 ms: frame t covers the samples from `t * hop` up to `(t + 1) * hop`.

    An analysis window is centred on its frame. The last frame may be incomplete; what is missing counts as zero.
    """

    rate: int
    """Samples per second."""

    @property
    def hop(self) -> int:
        """Samples per frame, a multiple of `PARTS`."""
        return PARTS * max(1, round(self.rate / (100 * PARTS)))

    @property
    def seconds(self) -> float:
        """Seconds per frame."""
        return self.hop / self.rate

    def count(self, samples: int) -> int:
        """Return the number of frames of so many samples."""
        return -(-samples // self.hop)

    def windows(self, waveform: NDArray[np.float32], length: int) -> NDArray[np.float32]:
        """Return a view `(T, length)` of the samples around each frame of a waveform `(N,)`; zeros beyond its ends."""
        count = self.count(len(waveform))
        before = (length - self.hop) // 2
        padded = np.zeros(max(0, count - 1) * self.hop + length + max(0, -before), np.float32)
        start = max(0, before)
        kept = min(len(waveform), len(padded) - start)
        padded[start : start + kept] = waveform[:kept]
        view: NDArray[np.float32] = sliding_window_view(padded[max(0, -before) :], length)[:: self.hop][:count]
        return view

"""Log-mel spectra: the logarithm of the power in bands that are evenly spaced on the mel scale.

    mel(f) = 2595 log10(1 + f / 700)        (O'Shaughnessy, 1987)

A band's value is the mean power spectral density under a triangle, in natural logarithms; a waveform of unit variance
and flat spectrum has about 0 in each band.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from foretell.audio.signal.frames import Frames

WINDOW_SECONDS = 0.025
FLOOR = 1e-8
"""Least power of a band: about that of rounding to 13 bits."""
_BLOCK = 2048


@dataclass(frozen=True)
class MelSpectrum:
    """Log-mel spectra with `bands` bands from 0 Hz to half the sampling rate."""

    frames: Frames
    bands: int

    @cached_property
    def window(self) -> NDArray[np.float32]:
        """The Hann window, of unit energy."""
        length = 2 * round(WINDOW_SECONDS * self.frames.rate / 2)
        window = np.hanning(length + 1)[:-1]
        return np.asarray(window / np.sqrt((window**2).sum()), np.float32)

    @cached_property
    def size(self) -> int:
        """Size of the Fourier transform: a power of two, at least twice the window."""
        return 1 << (2 * len(self.window) - 1).bit_length()

    @cached_property
    def centres(self) -> NDArray[np.float64]:
        """Centre of each band in Hz, (bands,)."""
        return self._edges[1:-1]

    @cached_property
    def weights(self) -> NDArray[np.float32]:
        """Triangles `(bins, bands)`, each with the sum 1."""
        bins = np.linspace(0, self.frames.rate / 2, self.size // 2 + 1)[:, None]
        low, centre, high = self._edges[:-2], self._edges[1:-1], self._edges[2:]
        triangles = np.clip(np.minimum((bins - low) / (centre - low), (high - bins) / (high - centre)), 0, None)
        return np.asarray(triangles / triangles.sum(0), np.float32)

    @cached_property
    def _edges(self) -> NDArray[np.float64]:
        top = 2595 * np.log10(1 + self.frames.rate / 2 / 700)
        edges: NDArray[np.float64] = 700 * (10 ** (np.linspace(0, top, self.bands + 2) / 2595) - 1)
        return edges

    def of(self, waveform: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the log-mel spectrum `(T, bands)` of a waveform `(N,)`, a row per frame."""
        return self.under(self.frames.windows(waveform, len(self.window)))

    def under(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the log-mel spectra `(T, bands)` of the samples around each frame, `(T, len(self.window))`."""
        mel = np.empty((len(windows), self.bands), np.float32)
        for start in range(0, len(windows), _BLOCK):
            spectrum = np.fft.rfft(windows[start : start + _BLOCK] * self.window, self.size)
            power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32)
            mel[start : start + _BLOCK] = np.log(np.maximum(power @ self.weights, FLOOR))
        return mel

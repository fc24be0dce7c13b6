"""Correction of a sound's spectrum, band by band, towards the one that it ought to have.

A generator that draws sample by sample is too loud or too quiet in one band or another for tens of milliseconds. Each
frame, under the root of a Hann window, is weighted in the frequency domain and added to its neighbours (overlap-add,
Allen and Rabiner, 1977); where there is nothing to correct, the sound stays as it is.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from foretell.audio.signal.mel import MelSpectrum

_MOST_DECIBELS = 12.0
_NEPERS = math.log(10) / 20
"""Per dB."""


class LevelCorrection:
    """Corrects a waveform that comes in pieces of whole frames; what comes out is late by two frames."""

    def __init__(self, mel: MelSpectrum) -> None:
        self._mel = mel
        self._hop = hop = mel.frames.hop
        self._window = np.sqrt(np.hanning(2 * hop + 1)[:-1])
        self._size = 1 << (3 * hop - 1).bit_length()
        bins = np.linspace(0, mel.frames.rate / 2, self._size // 2 + 1)
        # (bands, bins): linear between the centres of bands.
        self._interpolation = np.stack([np.interp(bins, mel.centres, row) for row in np.eye(mel.bands)])
        # The next frame to correct is the one before the first, whose window reaches into it.
        self._past = len(mel.window)
        self._known = np.zeros(self._past + hop, np.float32)
        self._due = np.zeros((0, mel.bands), np.float32)
        self._overlap = np.zeros(hop)
        self._early = hop + hop // 2
        """Samples to come that lie before the first one."""
        self._begun = np.zeros(0, np.float32)
        """The half of a frame of which the other half is not ready."""

    def of(self, waveform: NDArray[np.float32], log_mel: NDArray[np.float32]) -> NDArray[np.float32]:
        """Take the next piece `(T * hop,)` with the spectrum due, `(T, bands)`; return what is ready, whole frames."""
        if not len(self._due):
            self._due = log_mel[:1]
        self._due = np.concatenate([self._due, log_mel])
        self._known = np.concatenate([self._known, waveform])
        after = (len(self._mel.window) - self._hop + 1) // 2
        ready = self._corrected((len(self._known) - self._past - after) // self._hop)
        whole = len(ready) // self._hop * self._hop
        self._begun = ready[whole:]
        return ready[:whole]

    def rest(self) -> NDArray[np.float32]:
        """Return the samples that are left at the end."""
        if not len(self._due):
            return np.zeros(0, np.float32)
        self._due = np.concatenate([self._due, self._due[-1:]])
        self._known = np.concatenate([self._known, np.zeros(self._hop + self._past, np.float32)])
        return self._corrected(len(self._due), last=True)[: -(self._hop // 2)]

    def _corrected(self, count: int, *, last: bool = False) -> NDArray[np.float32]:
        """Correct the next `count` frames; return the samples that no later frame adds to."""
        count, first = min(count, len(self._due)), self._early == self._hop + self._hop // 2
        if count <= first:
            return self._begun
        hop, middle = self._hop, self._past + self._hop // 2
        length = len(self._mel.window)
        measured = self._mel.under(sliding_window_view(self._known[middle - length // 2 :], length)[::hop][:count])
        most = _MOST_DECIBELS * _NEPERS
        bands = np.clip((self._due[:count] - measured) / 2, -most, most)
        # Of the frames before the first and after the last one little is known but that they go on like these.
        bands[0] = bands[1] if first else bands[0]
        bands[-1] = bands[-2] if last else bands[-1]
        gains = np.exp(bands @ self._interpolation)
        pieces = sliding_window_view(self._known[middle - hop :], 2 * hop)[::hop][:count]
        weighted = np.fft.irfft(np.fft.rfft(pieces * self._window, self._size) * gains, self._size)
        halves = (weighted[:, : 2 * hop] * self._window).reshape(count, 2, hop)
        rising, falling = halves[:, 0], np.concatenate([self._overlap[None], halves[:, 1]])
        self._overlap = falling[-1]
        self._known, self._due = self._known[count * hop :], self._due[count:]
        ready: NDArray[np.float32] = (rising + falling[:-1]).reshape(-1).astype(np.float32)
        early = min(self._early, len(ready))
        self._early -= early
        return np.concatenate([self._begun, ready[early:]])

"""Fundamental frequency and voicing: normalised cross-correlation and the best path through its peaks (Talkin, 1995).

For each frame the correlation of a stretch of sound with the same sound one period later is computed for all periods at
once. Its highest peaks, and "unvoiced", are the states of a frame; a path pays for weak correlation, for jumps
of frequency and for switching voicing on or off.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foretell.audio.signal.frames import Frames

_LOWEST, _HIGHEST = 60.0, 500.0
_STRETCH_SECONDS = 0.0125
_PEAKS = 10
_UNVOICED = 0.55
_SWITCH = 0.25
_JUMP = 1.2
_LONG = 0.12
_QUIET = 1e-7
_BLOCK = 1024


@dataclass(frozen=True)
class Pitch:
    """Fundamental frequency of T frames."""

    hertz: NDArray[np.float32]
    """(T,) interpolated where nothing is voiced; 0 throughout where no frame is voiced."""
    voiced: NDArray[np.bool_]
    """(T,)"""


@dataclass(frozen=True)
class PitchTracker:
    """Tracks a fundamental frequency between 60 and 500 Hz."""

    frames: Frames

    def of(self, waveform: NDArray[np.float32]) -> Pitch:
        """Return the pitch of a waveform `(N,)`."""
        lags, strengths = self._candidates(waveform)
        choice = _best_path(np.log(lags), strengths)
        voiced = choice < _PEAKS
        rows = np.arange(len(choice))
        periods = lags[rows, np.minimum(choice, _PEAKS - 1)]
        if not voiced.any():
            return Pitch(np.zeros(len(choice), np.float32), voiced)
        hertz = np.exp(np.interp(rows, rows[voiced], np.log(self.frames.rate / periods[voiced])))
        return Pitch(hertz.astype(np.float32), voiced)

    def _candidates(self, waveform: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the lags in samples and the strengths of the highest peaks of each frame, both `(T, peaks)`.

        A peak that does not exist has the strength -1.
        """
        rate = self.frames.rate
        least, most = int(rate / _HIGHEST), round(rate / _LOWEST)
        stretch = 2 * round(_STRETCH_SECONDS * rate)
        length = stretch + most + 1
        windows = self.frames.windows(waveform, length)
        lags = np.ones((len(windows), _PEAKS))
        strengths = np.full((len(windows), _PEAKS), -1.0)
        for start in range(0, len(windows), _BLOCK):
            block = windows[start : start + _BLOCK].astype(np.float64)
            correlation = _correlation(block - block.mean(1, keepdims=True), stretch, most)
            found = _peaks(correlation, least)
            lags[start : start + _BLOCK], strengths[start : start + _BLOCK] = found
        return lags, strengths


def _correlation(windows: NDArray[np.float64], stretch: int, most: int) -> NDArray[np.float64]:
    """Return the normalised correlation `(T, most + 1)` of the window's first `stretch` samples with later ones."""
    size = 1 << (windows.shape[1] - 1).bit_length()
    whole, first = np.fft.rfft(windows, size), np.fft.rfft(windows[:, :stretch], size)
    products = np.fft.irfft(whole * first.conj(), size)[:, : most + 1]
    energy = np.concatenate([np.zeros((len(windows), 1)), np.cumsum(windows**2, 1)], 1)
    own = energy[:, stretch : stretch + most + 1] - energy[:, : most + 1]
    normed: NDArray[np.float64] = products / np.sqrt(own[:, :1] * own + (stretch * _QUIET) ** 2)
    return normed


def _peaks(correlation: NDArray[np.float64], least: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the positions, refined by a parabola, and the heights of the highest local maxima, both `(T, peaks)`."""
    left, middle, right = correlation[:, least - 1 : -2], correlation[:, least:-1], correlation[:, least + 1 :]
    is_peak = (middle > left) & (middle >= right) & (middle > 0)
    # Twice the period correlates as well as the period: of two such the shorter one is meant.
    scored = np.where(is_peak, middle * (1 - _LONG * np.arange(middle.shape[1]) / middle.shape[1]), -1.0)
    picked = np.argpartition(-scored, _PEAKS, axis=1)[:, :_PEAKS]
    a, b, c = (np.take_along_axis(part, picked, 1) for part in (left, middle, right))
    bend = a - 2 * b + c
    shift = np.where(bend < 0, 0.5 * (a - c) / np.where(bend < 0, bend, -1), 0.0)
    return picked + least + np.clip(shift, -0.5, 0.5), np.take_along_axis(scored, picked, 1)


def _best_path(log_lags: NDArray[np.float64], strengths: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the state of each frame `(T,)`: the number of a peak, or `_PEAKS` for unvoiced."""
    count = len(strengths)
    if count == 0:
        return np.zeros(0, np.int64)
    costs = np.concatenate([np.where(strengths > 0, 1 - strengths, 9.0), np.full((count, 1), _UNVOICED)], 1)
    jumps = np.full((count - 1, _PEAKS + 1, _PEAKS + 1), _SWITCH)
    jumps[:, :_PEAKS, :_PEAKS] = _JUMP * np.abs(log_lags[:-1, :, None] - log_lags[1:, None, :])
    jumps[:, _PEAKS, _PEAKS] = 0
    back = np.zeros((count, _PEAKS + 1), np.int64)
    total = costs[0]
    states = np.arange(_PEAKS + 1)
    for t in range(1, count):
        paths = total[:, None] + jumps[t - 1]
        back[t] = paths.argmin(0)
        total = paths[back[t], states] + costs[t]
    choice = np.zeros(count, np.int64)
    choice[-1] = total.argmin()
    for t in range(count - 1, 0, -1):
        choice[t - 1] = back[t, choice[t]]
    return choice

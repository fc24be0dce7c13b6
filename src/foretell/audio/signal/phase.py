"""The phase of a voice: where in the period of its fundamental each sample lies."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from foretell.audio.signal.frames import Frames

_WINDOW_SECONDS = 0.02
"""About two to four periods: long enough to tell the fundamental from its neighbours, short enough to follow it."""
_TURN = 2 * np.pi


def pitch_at_samples(
    hertz: NDArray[np.float32], voiced: NDArray[np.bool_], hop: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the fundamental frequency and the share of voicing of each sample, both `(T * hop,)`.

    `hertz`, `voiced`: of the frames with a neighbour on either side, `(1 + T + 1,)`. Where voicing ends the frequency
    stays as it is while the share falls to 0.
    """
    places = (np.arange((len(hertz) - 2) * hop) + 0.5) / hop + 0.5
    left = places.astype(np.int64)
    share = places - left
    first, second = hertz[left].astype(np.float64), hertz[left + 1].astype(np.float64)
    first, second = np.where(voiced[left], first, second), np.where(voiced[left + 1], second, first)
    return (1 - share) * first + share * second, (1 - share) * voiced[left] + share * voiced[left + 1]


def measured_phase(
    waveform: NDArray[np.float32], hertz: NDArray[np.float32], voiced: NDArray[np.bool_], frames: Frames
) -> NDArray[np.float32]:
    """Return the phase `(T * hop,)`, from 0 to 2 pi, of the fundamental of a waveform `(N,)`.

    `hertz`, `voiced` `(T,)`: its pitch, by which the waveform is shifted to 0 Hz; what remains there turns slowly, and
    its angle corrects the phase that the pitch alone implies. Without a voice the phase has no meaning.
    """
    if not len(hertz):
        return np.zeros(0, np.float32)
    frequencies, _ = pitch_at_samples(np.pad(hertz, 1, "edge"), np.pad(voiced, 1, "edge"), frames.hop)
    implied = _TURN * np.cumsum(frequencies) / frames.rate
    padded = np.zeros(len(implied))
    padded[: len(waveform)] = waveform[: len(implied)]
    window = np.hanning(2 * round(_WINDOW_SECONDS * frames.rate / 2) + 3)[1:-1]
    size = 1 << (len(padded) + len(window) - 2).bit_length()
    shifted = np.fft.fft(padded * np.exp(-1j * implied), size)
    slow = np.fft.ifft(shifted * np.fft.fft(window, size))[len(window) // 2 :][: len(padded)]
    return np.remainder(implied + np.angle(slow), _TURN).astype(np.float32)


class RunningPhase:
    """The phase that a pitch implies, piece by piece."""

    def __init__(self, frames: Frames) -> None:
        self._frames = frames
        self._phase = 0.0

    def of(self, frequencies: NDArray[np.float64]) -> NDArray[np.float32]:
        """Return the phases `(N,)`, from 0 to 2 pi, of the next samples with these fundamental frequencies in Hz."""
        phases = self._phase + _TURN * np.cumsum(frequencies) / self._frames.rate
        if len(phases):
            self._phase = float(phases[-1] % _TURN)
        return np.remainder(phases, _TURN).astype(np.float32)

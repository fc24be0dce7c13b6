"""The harmonics of a voice without the noise between them.

Each harmonic k of a voice with the phase phi is shifted to 0 Hz, where a window tells it from its neighbours, and back:

    b_k(t) = 2 sum_s w(s - t) v(s) x(s) exp(-i k phi(s)) / sum_s w(s - t) v(s)        v: the share of voicing
    h(t) = sum_k Re(b_k(t) exp(i k phi(t)))

Below a cutoff the sound becomes h to the extent that it is voiced: the harmonic part of a model of harmonics and noise
(Stylianou, 2001). Above it a voice is noisy by nature, and as good to the ear with its noise.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from foretell.audio.signal.frames import Frames

LATE = 3
"""Frames by which the sound comes late: half of the window."""
_CUTOFF = 1400.0
_LEAST, _LOWEST = 40.0, 50.0
"""Of the fundamental, in Hz: below it a sound stays as it is, above it all of it is filtered."""


class HarmonicFilter:
    """Filters a waveform that comes in pieces of whole frames; what comes out is late by `LATE` frames."""

    def __init__(self, frames: Frames) -> None:
        self._frames = frames
        hop = frames.hop
        window = np.hanning(2 * LATE * hop + 1)[:-1]
        # (hop, 2 LATE): sample by sample of each frame that it spans.
        self._window = np.ascontiguousarray(window.reshape(2 * LATE, hop).T)
        reach = np.arange(-hop, hop + 1)
        turn = 2 * _CUTOFF / frames.rate
        self._low_pass = turn * np.sinc(turn * reach) * np.hanning(2 * hop + 3)[1:-1]
        grid = np.linspace(0, 2 * _CUTOFF, 257)
        self._response = grid, np.cos(2 * np.pi / frames.rate * np.outer(grid, reach)) @ self._low_pass
        # Rows of what is known: the waveform, phase, frequency and share of voicing.
        self._known = np.zeros((4, LATE * hop))
        self._known[2] = _CUTOFF

    def of(
        self,
        waveform: NDArray[np.float32],
        phase: NDArray[np.float32],
        frequencies: NDArray[np.float64],
        voicing: NDArray[np.float64],
    ) -> NDArray[np.float32]:
        """Take the next piece, `(T * hop,)`; return the samples that are ready, of whole frames.

        Of each sample: `phase` and `frequencies` of the fundamental, in radians and Hz, and the share of `voicing`.
        """
        # Harmonics closer to each other the window does not tell apart.
        voicing = voicing * np.clip((frequencies - _LEAST) / (_LOWEST - _LEAST), 0, 1)
        self._known = np.concatenate([self._known, np.stack([waveform, phase, frequencies, voicing])], 1)
        return self._filtered()

    def rest(self) -> NDArray[np.float32]:
        """Return the samples that are left at the end."""
        silence = np.zeros((4, LATE * self._frames.hop))
        silence[2] = _CUTOFF
        self._known = np.concatenate([self._known, silence], 1)
        return self._filtered()

    def _filtered(self) -> NDArray[np.float32]:
        hop = self._frames.hop
        count = self._known.shape[1] // hop - 2 * LATE
        if count <= 0:
            return np.zeros(0, np.float32)
        here = slice(LATE * hop, (LATE + count) * hop)
        waveform, phase, frequencies, voicing = self._known
        low = np.convolve(waveform[here.start - hop : here.stop + hop], self._low_pass, "valid")
        harmonics = self._harmonics(waveform, phase, frequencies, voicing, count)
        filtered = waveform[here] + voicing[here] * (harmonics - low)
        self._known = self._known[:, count * hop :]
        return filtered.astype(np.float32)

    def _harmonics(
        self,
        waveform: NDArray[np.float64],
        phase: NDArray[np.float64],
        frequencies: NDArray[np.float64],
        voicing: NDArray[np.float64],
        count: int,
    ) -> NDArray[np.float64]:
        """Return the sum of the harmonics of `count` frames from the frame `LATE` on."""
        hop, here = self._frames.hop, slice(LATE * self._frames.hop, (LATE + count) * self._frames.hop)
        sums = np.zeros(count * hop)
        sounding = voicing > 0
        if not sounding.any():
            return sums
        weight = np.maximum(self._at_edges(voicing), 1e-3 * self._window.sum())
        turn = np.exp(1j * phase)
        share = (np.arange(hop) + 0.5) / hop
        shifted, back = (voicing * waveform).astype(np.complex128), np.ones(count * hop, np.complex128)
        lowest = max(_LOWEST, frequencies[sounding].min())
        for k in range(1, int(self._response[0][-1] / lowest) + 1):
            shifted *= turn.conj()
            back *= turn[here]
            gain = np.interp(k * frequencies[here], *self._response, right=0.0)
            if not gain.any():
                break
            edges = 2 * (self._at_edges(shifted.real) + 1j * self._at_edges(shifted.imag)) / weight
            level = edges[:-1, None] + share * (edges[1:] - edges[:-1])[:, None]
            sums += gain * (level.reshape(-1) * back).real
        return sums

    def _at_edges(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the sums under the window around the edges of the frames from `LATE` on, `(count + 1,)`."""
        parts = values.reshape(-1, self._frames.hop) @ self._window
        edges = len(parts) - 2 * LATE + 1
        sums: NDArray[np.float64] = np.sum([parts[m : m + edges, m] for m in range(2 * LATE)], axis=0)
        return sums

"""Linear prediction whose coefficients follow from a log-mel spectrum (ExcitNet, Song 2018; LPCNet, Valin 2018).

    x_t = sum_k a_k x_(t-k) + g e_t

The power spectrum that a mel spectrum implies has an autocorrelation, and that gives coefficients a and gain g by the
Levinson-Durbin recursion. The residual e is about white and of unit variance. Since the coefficients need no waveform,
whoever has mel spectra and a residual can make the waveform. The filter changes `PARTS` times per frame.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from foretell.audio.signal.frames import PARTS
from foretell.audio.signal.mel import MelSpectrum
from foretell.audio.signal.recursion import recursive

_NOISE = 1e-5
"""White noise that is added, as a share of the power: keeps the filter stable and its dynamic range within 50 dB."""
_WIDENED = 40.0
"""Hz by which a Gaussian window over the lags widens each resonance."""


@dataclass(frozen=True)
class Filters:
    """Coefficients of P parts of frames."""

    coefficients: NDArray[np.float64]
    """(P, order)"""
    gains: NDArray[np.float64]
    """(P,)"""

    def __getitem__(self, parts: slice) -> Filters:
        return Filters(self.coefficients[parts], self.gains[parts])

    def __len__(self) -> int:
        return len(self.gains)


@dataclass(frozen=True)
class LinearPrediction:
    """Prediction of each sample from the `order` samples before it."""

    mel: MelSpectrum
    order: int
    whitening: float = 1.0
    """The power of the spectrum that is taken out: 1 leaves a white residual, 0 the spectrum as it is."""

    @property
    def part(self) -> int:
        """Samples per part."""
        return self.mel.frames.hop // PARTS

    @cached_property
    def _cosines(self) -> NDArray[np.float64]:
        """From log-mel power at the bins to the autocorrelation: (bins, order + 1)."""
        bins = self.mel.size // 2 + 1
        angles = np.pi / (bins - 1) * np.outer(np.arange(bins), np.arange(self.order + 1))
        weights = np.full(bins, 1.0)
        weights[[0, -1]] = 0.5
        lags = np.arange(self.order + 1) / self.mel.frames.rate
        window = np.exp(-0.5 * (2 * np.pi * _WIDENED * lags) ** 2)
        cosines: NDArray[np.float64] = weights[:, None] * np.cos(angles) * window / (bins - 1)
        cosines[:, 0] *= 1 + _NOISE
        return cosines

    @cached_property
    def _interpolation(self) -> NDArray[np.float64]:
        """From bands to bins, linear between the centres of bands: (bands, bins)."""
        bins = np.linspace(0, self.mel.frames.rate / 2, self.mel.size // 2 + 1)
        identity = np.eye(self.mel.bands)
        return np.stack([np.interp(bins, self.mel.centres, row) for row in identity])

    def filters(self, log_mel: NDArray[np.float32]) -> Filters:
        """Return the filters of `PARTS * T` parts from log-mel spectra `(T, bands)`, interpolated between frames."""
        if not len(log_mel):
            return Filters(np.zeros((0, self.order)), np.zeros(0))
        frames = np.arange(len(log_mel))
        places = (np.arange(PARTS * len(log_mel)) + 0.5) / PARTS - 0.5
        low = np.clip(np.floor(places).astype(np.int64), 0, len(frames) - 1)
        high = np.minimum(low + 1, len(frames) - 1)
        share = np.clip(places - low, 0, 1)[:, None]
        between = (1 - share) * log_mel[low] + share * log_mel[high]
        # By torch, whose threads are those that the caller set; NumPy's have a will of their own.
        log_power = torch.from_numpy(between) @ torch.from_numpy(self._interpolation)
        cosines = torch.from_numpy(self._cosines)
        removed = _levinson((torch.exp(self.whitening * log_power) @ cosines).numpy())
        return removed if self.whitening == 1 else _scaled(removed, (torch.exp(log_power) @ cosines).numpy())

    def residual(self, waveform: NDArray[np.float32], filters: Filters) -> NDArray[np.float32]:
        """Return the residual e `(P * part,)` of a waveform `(N,)`; zeros are added at its end to complete a part."""
        padded = np.zeros(self.order + len(filters) * self.part)
        padded[self.order :][: len(waveform)] = waveform[: len(padded) - self.order]
        views = sliding_window_view(padded, self.part + self.order)[:: self.part]
        predicted = np.zeros((len(filters), self.part))
        for lag in range(1, self.order + 1):
            start = self.order - lag
            predicted += filters.coefficients[:, lag - 1, None] * views[:, start : start + self.part]
        residual = (views[:, self.order :] - predicted) / filters.gains[:, None]
        return residual.reshape(-1).astype(np.float32)

    def synthesise(
        self, residual: NDArray[np.float32], filters: Filters, past: NDArray[np.float64] | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """Return the waveform of a residual `(P * part,)`, and its last `order` samples, for a call that goes on."""
        inputs = residual.reshape(len(filters), self.part) * filters.gains[:, None]
        past = np.zeros(self.order) if past is None else past
        waveform, past = recursive(inputs, filters.coefficients, past)
        return waveform.reshape(-1).astype(np.float32), past


def _levinson(autocorrelation: NDArray[np.float64]) -> Filters:
    """The Levinson-Durbin recursion for many rows `(P, order + 1)` at once."""
    rows, order = autocorrelation.shape[0], autocorrelation.shape[1] - 1
    coefficients = np.zeros((rows, order))
    error = autocorrelation[:, 0].copy()
    for k in range(order):
        ahead = np.einsum("pk,pk->p", coefficients[:, :k], autocorrelation[:, k:0:-1])
        reflection = (autocorrelation[:, k + 1] - ahead) / error
        coefficients[:, :k] -= reflection[:, None] * coefficients[:, :k][:, ::-1].copy()
        coefficients[:, k] = reflection
        error *= 1 - reflection**2
    return Filters(coefficients, np.sqrt(error))


def _scaled(filters: Filters, autocorrelation: NDArray[np.float64]) -> Filters:
    """Return filters whose gains give sound with this autocorrelation `(P, order + 1)` a residual of variance 1."""
    taps = np.concatenate([np.ones((len(filters), 1)), -filters.coefficients], 1)
    size = taps.shape[1]
    energy = (taps**2).sum(1) * autocorrelation[:, 0]
    for lag in range(1, size):
        energy += 2 * (taps[:, lag:] * taps[:, : size - lag]).sum(1) * autocorrelation[:, lag]
    return Filters(filters.coefficients, np.sqrt(energy))

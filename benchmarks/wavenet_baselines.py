"""Foretelling the next level of a sound without a network: a histogram, and a linear predictor."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from foretell.audio.corpus import Sound
from foretell.nn.mu_law import decode

LEVELS = 256
ERRORS_HEARD = 32
RIDGE = 1e-9
FITTED_ON = 1_000_000
"""Samples at most, spread over the sounds, on which the error's distribution is fitted."""
SHAPES = ("Laplace", "Gaussian")

Floats = NDArray[np.float64]


class Histogram:
    """How often each level comes up, whatever came before; Laplace's rule: each is counted once more."""

    def __init__(self, sounds: Sequence[Sound]) -> None:
        counts = sum((np.bincount(sound.levels, minlength=LEVELS) for sound in sounds), np.ones(LEVELS))
        self._bits = -np.log2(counts / counts.sum())

    def bits(self, sounds: Sequence[Sound]) -> float:
        """A sample."""
        return float(sum(self._bits[s.levels].sum() for s in sounds) / sum(len(s.levels) for s in sounds))


class LinearPredictor:
    """The waveform from its last `order` samples by least squares, and a distribution of the error over the levels.

    Coefficients are a speaker's own. A level's probability is that of its cell of the waveform, under a Laplace or
    normal distribution about the prediction (whichever is likelier on the training sounds), mixed with a little of a
    uniform one. log(scale) = a, or `adaptive`, a + b log(mean size of the last 32 errors); a, b and the share of the
    uniform distribution maximise the likelihood of the training sounds. What lies before a sound counts as 0.
    """

    def __init__(self, sounds: Sequence[Sound], order: int, *, adaptive: bool) -> None:
        self._order = order
        self._adaptive = adaptive
        self._coefficients = self._least_squares(sounds)
        total = sum(len(sound.levels) for sound in sounds)
        some = sounds[:: max(1, math.ceil(total / FITTED_ON))]
        inputs = self._inputs(some)
        fits = {shape: _likeliest(inputs, shape, adaptive) for shape in SHAPES}
        self.shape = min(fits, key=lambda shape: fits[shape][1])
        self._weights = fits[self.shape][0]

    @property
    def parameters(self) -> int:
        """Numbers that were fitted."""
        return len(self._coefficients) * (self._order + 1) + (3 if self._adaptive else 2)

    def bits(self, sounds: Sequence[Sound]) -> float:
        """A sample."""
        nats = _nll(self._weights, self._inputs(sounds), self.shape, self._adaptive)
        return float(nats.mean()) / math.log(2)

    def _least_squares(self, sounds: Sequence[Sound]) -> dict[str | None, Floats]:
        sums: dict[str | None, tuple[Floats, Floats]] = {}
        for sound in sounds:
            past, waveform = self._past(sound)
            squares, products = sums.get(sound.speaker, (np.zeros(()), np.zeros(())))
            sums[sound.speaker] = squares + past.T @ past, products + past.T @ waveform
        found = {}
        for speaker, (squares, products) in sums.items():
            ridge = RIDGE * np.trace(squares) * np.eye(len(squares))
            found[speaker] = np.linalg.solve(squares + ridge, products)
        return found

    def _past(self, sound: Sound) -> tuple[Floats, Floats]:
        """The last samples and a constant (T, order + 1), and the waveform (T,)."""
        waveform = _WAVEFORM[sound.levels]
        padded = np.concatenate([np.zeros(self._order), waveform])
        past = np.lib.stride_tricks.sliding_window_view(padded, self._order)[: len(waveform)]
        return np.concatenate([past, np.ones((len(waveform), 1))], 1), waveform

    def _inputs(self, sounds: Sequence[Sound]) -> tuple[Tensor, Tensor, Tensor]:
        """Of all samples: the prediction, the log of the size of the errors before, and the level."""
        predictions, sizes = [], []
        for sound in sounds:
            past, waveform = self._past(sound)
            predicted = past @ self._coefficients[sound.speaker]
            error = np.concatenate([np.zeros(1), np.abs(waveform - predicted)[:-1]])
            total = np.cumsum(error)
            earlier = np.concatenate([np.zeros(ERRORS_HEARD), total])[: len(total)]
            heard = np.minimum(np.arange(len(error)), ERRORS_HEARD).clip(1)
            predictions.append(predicted)
            sizes.append(np.log((total - earlier).clip(0) / heard + 1e-4))
        levels = np.concatenate([sound.levels for sound in sounds]).astype(np.int64)
        return (*map(torch.from_numpy, (np.concatenate(predictions), np.concatenate(sizes))), torch.from_numpy(levels))  # type: ignore[return-value]


def _likeliest(inputs: tuple[Tensor, ...], shape: str, adaptive: bool) -> tuple[Tensor, float]:
    """The weights a, b and the uniform share's logit, and the loss that they leave."""
    weights = torch.tensor([-1.0 if adaptive else -4.0, 1.0 if adaptive else 0.0, -7.0], dtype=torch.float64)
    weights.requires_grad_()
    optimiser = torch.optim.LBFGS([weights], max_iter=60, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimiser.zero_grad()
        mean = _nll(weights, inputs, shape, adaptive).mean()
        mean.backward()  # type: ignore[no-untyped-call]
        return mean

    optimiser.step(loss)
    with torch.no_grad():
        return weights.detach(), float(_nll(weights, inputs, shape, adaptive).mean())


def _nll(weights: Tensor, inputs: tuple[Tensor, ...], shape: str, adaptive: bool) -> Tensor:
    predicted, size, levels = inputs
    scale = torch.exp(weights[0] + (weights[1] * size if adaptive else 0.0))
    low, high = ((edge - predicted) / scale for edge in (_EDGES[levels], _EDGES[levels + 1]))
    # Above the middle both tails are taken from the other side, where they are not rounded to 1.
    swapped = low + high > 0
    low, high = torch.where(swapped, -high, low), torch.where(swapped, -low, high)
    within = _cumulative(high, shape) - _cumulative(low, shape)
    share = torch.sigmoid(weights[2])
    return -torch.log((1 - share) * within + share / LEVELS)


def _cumulative(z: Tensor, shape: str) -> Tensor:
    if shape == "Gaussian":
        return torch.special.ndtr(z)
    tail = torch.exp(-z.abs()) / 2
    return torch.where(z < 0, tail, 1 - tail)


def _edges() -> Any:
    """Between the cells of the levels, in the waveform: half-way between levels, before companding is undone."""
    companded = (torch.arange(1, LEVELS, dtype=torch.float64) - 0.5 - LEVELS // 2) / (LEVELS // 2)
    inner = torch.sign(companded) * torch.expm1(companded.abs() * math.log(LEVELS)) / (LEVELS - 1)
    # Far beyond any waveform, and finite, for gradients.
    return torch.cat([torch.tensor([-1e3]), inner, torch.tensor([1e3])])


_EDGES: Tensor = _edges()
_WAVEFORM: Floats = decode(torch.arange(LEVELS)).double().numpy()

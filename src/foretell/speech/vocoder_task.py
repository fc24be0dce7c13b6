"""Training of the vocoder: stretches of recordings, loss and evaluation in bits per sample."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from foretell.nn.mu_law import decode, encode
from foretell.speech.vocoder import HEAD, LEVELS, LOUDEST

_NEPERS = math.log(10) / 20
"""Nepers per dB."""


@dataclass(frozen=True)
class Voiced:
    """A recording as the vocoder learns it."""

    frames: NDArray[np.float32]
    """(T, bands + 2)"""
    levels: NDArray[np.uint8]
    """(T * hop,) the residual"""
    phase: NDArray[np.float32]
    """(T * hop,) of the fundamental"""


@dataclass(frozen=True)
class VocoderBatch:
    """B stretches of S samples."""

    before: Tensor
    """(B, S) int64: the level before each sample"""
    levels: Tensor
    """(B, S) int64"""
    scored: Tensor
    """(B, S) bool: neither context nor past a recording's end"""
    frames: Tensor
    """(B, margin + S / hop + margin, bands + 2)"""
    mask: Tensor
    """(B, margin + S / hop + margin) bool: False beyond a recording"""
    phase: Tensor
    """(B, S) of the fundamental"""


def levels_of(residual: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return the levels of a residual."""
    levels: NDArray[np.uint8] = encode(torch.from_numpy(residual / LOUDEST), LEVELS).numpy().astype(np.uint8)
    return levels


class VocoderBatches:
    """Batch n = 0, 1, ... of stretches of `stretch` frames, at places drawn at random, a pure function of n.

    `misheard`: the standard deviation, in dB, of the error in loudness of what the network reads, at most.
    """

    def __init__(
        self,
        recordings: Sequence[Voiced],
        *,
        batch: int,
        stretch: int,
        margin: int,
        hop: int,
        seed: int,
        misheard: float = 0.0,
    ) -> None:
        self._misheard = misheard
        self._recordings = recordings
        self._batch, self._stretch, self._margin, self._hop, self._seed = batch, stretch, margin, hop, seed
        self._starts = np.cumsum([0, *(max(1, len(r.frames) - stretch + 1) for r in recordings)])

    @property
    def samples(self) -> int:
        """Samples per batch."""
        return self._batch * self._stretch * self._hop

    def __call__(self, number: int) -> VocoderBatch:
        """Return batch `number`."""
        random = np.random.default_rng([self._seed, number])
        drawn = random.integers(0, self._starts[-1], self._batch)
        owners = np.searchsorted(self._starts, drawn, side="right") - 1
        cuts = [self._cut(int(k), int(place - self._starts[k])) for k, place in zip(owners, drawn, strict=True)]
        before, *others = (np.stack(part) for part in zip(*cuts, strict=True))
        before = self._disturbed(before, random)
        return VocoderBatch(*map(torch.from_numpy, (before, *others)))

    def _disturbed(self, before: NDArray[np.int64], random: np.random.Generator) -> NDArray[np.int64]:
        """Return the levels that the network reads, louder or quieter than they were.

        What it generates is never quite as loud as it should be. A network that has only read recordings goes on as
        loud, or as quiet, as it has been, and drifts.
        """
        if not self._misheard:
            return before
        deviations = self._misheard * _NEPERS * random.random((len(before), 1))
        gains = np.exp(deviations * random.normal(0, 1, (len(before), 1))).astype(np.float32)
        heard = decode(torch.from_numpy(before), LEVELS) * torch.from_numpy(gains)
        return encode(heard.clamp(-1, 1), LEVELS).numpy()

    def _cut(self, owner: int, start: int) -> tuple[NDArray[Any], ...]:
        recording, hop, margin = self._recordings[owner], self._hop, self._margin
        stop = min(start + self._stretch, len(recording.frames))
        size = self._stretch * hop
        levels = np.full(size + 1, HEAD.silence, np.int64)
        levels[1 : 1 + (stop - start) * hop] = recording.levels[start * hop : stop * hop]
        if start:
            levels[0] = recording.levels[start * hop - 1]
        scored = np.arange(size) < (stop - start) * hop
        if start:
            # The network has not yet heard enough of what came before.
            scored[:hop] = False
        wide = np.arange(start - margin, start + self._stretch + margin)
        mask = (wide >= 0) & (wide < len(recording.frames))
        frames = np.zeros((len(wide), recording.frames.shape[1]), np.float32)
        frames[mask] = recording.frames[wide[mask]]
        phase = np.zeros(size, np.float32)
        phase[: (stop - start) * hop] = recording.phase[start * hop : stop * hop]
        return levels[:-1], levels[1:], scored, frames, mask, phase


def loss(network: nn.Module, batch: VocoderBatch, state: Any) -> tuple[Tensor, Any]:
    """Return the mean negative log-likelihood in nats of the samples that count."""
    logits = network(batch.before, batch.frames, batch.mask, batch.phase)
    nats = F.cross_entropy(logits.flatten(0, 1), batch.levels.flatten(), reduction="none")
    counted = nats[batch.scored.flatten()]
    return counted.sum() / max(1, counted.numel()), state


def evaluator(batches: VocoderBatches, most: int) -> Callable[[nn.Module], float]:
    """Return what computes the bits per sample over the first `most` batches."""

    def evaluate(network: nn.Module) -> float:
        device = next(network.parameters()).device
        total = 0.0
        for number in range(most):
            batch = VocoderBatch(**{name: t.to(device) for name, t in vars(batches(number)).items()})
            with torch.no_grad():
                total += float(loss(network, batch, None)[0])
        return total / most / math.log(2)

    return evaluate

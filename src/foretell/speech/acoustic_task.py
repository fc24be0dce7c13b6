"""Training of the acoustic network: batches, loss and evaluation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from foretell.audio.pieces import Grouping, Piece
from foretell.speech.acoustic import Phonemes, Spoken

_PITCH, _VOICING, _DURATION = 0.5, 0.25, 0.5
"""Weights of the parts of the loss; that of the spectrum is 1."""


@dataclass(frozen=True)
class Prepared:
    """A recording as the acoustic network learns it."""

    symbols: Tensor
    """(N,) int64"""
    stress: Tensor
    """(N,) int64"""
    voice: int
    language: int
    durations: Tensor
    """(N,) int64, together T"""
    mel: Tensor
    """(T, bands), scaled"""
    pitch: Tensor
    """(T,), scaled"""
    voiced: Tensor
    """(T,) bool"""


@dataclass(frozen=True)
class AcousticBatch:
    """B recordings side by side, padded with zeros; see `Prepared`."""

    symbols: Tensor
    stress: Tensor
    symbol_mask: Tensor
    voices: Tensor
    languages: Tensor
    durations: Tensor
    mel: Tensor
    pitch: Tensor
    voiced: Tensor

    @property
    def phonemes(self) -> Phonemes:
        """What the network reads."""
        return Phonemes(self.symbols, self.stress, self.symbol_mask, self.voices, self.languages)


def batch_of(recordings: Sequence[Prepared]) -> AcousticBatch:
    """Put recordings side by side."""

    def padded(name: str) -> Tensor:
        return pad_sequence([getattr(r, name) for r in recordings], batch_first=True)

    return AcousticBatch(
        padded("symbols"),
        padded("stress"),
        pad_sequence([torch.ones(len(r.symbols), dtype=torch.bool) for r in recordings], batch_first=True),
        torch.tensor([r.voice for r in recordings]),
        torch.tensor([r.language for r in recordings]),
        padded("durations"),
        padded("mel"),
        padded("pitch"),
        padded("voiced"),
    )


class AcousticBatches:
    """Batch n = 0, 1, ... of recordings of about one length, a pure function of n."""

    def __init__(self, recordings: Sequence[Prepared], batch: int, seed: int) -> None:
        self._recordings = recordings
        pieces = [Piece(k, 0, len(recording.mel), 0) for k, recording in enumerate(recordings)]
        self._grouping = Grouping(pieces, batch, seed)

    @property
    def batches(self) -> int:
        """Batches in an epoch."""
        return self._grouping.groups

    def __call__(self, number: int) -> AcousticBatch:
        """Return batch `number`."""
        epoch, position = divmod(number, self.batches)
        return batch_of([self._recordings[k] for k in self._grouping.epoch(epoch)[position]])


def loss(network: nn.Module, batch: AcousticBatch, state: Any) -> tuple[Tensor, Any]:
    """Return the `error` of what the network speaks, told durations, pitch and voicing."""
    return error(network(batch.phonemes, batch.durations, batch.pitch, batch.voiced), batch), state


def error(spoken: Spoken, batch: AcousticBatch) -> Tensor:
    """Return the mean absolute error of spectrum, pitch and log durations, and the cross entropy of voicing."""
    frames, voiced = spoken.mask, batch.voiced & spoken.mask
    mel = (spoken.mel - batch.mel).abs().mean(2)[frames].mean()
    pitch = (spoken.pitch - batch.pitch).abs()[voiced].sum() / voiced.sum().clamp(min=1)
    voicing = F.binary_cross_entropy_with_logits(spoken.voicing[frames], batch.voiced[frames].to(mel.dtype))
    due = torch.log1p(batch.durations.to(mel.dtype))
    duration = (spoken.log_durations - due).abs()[batch.symbol_mask].mean()
    return mel + _PITCH * pitch + _VOICING * voicing + _DURATION * duration


def evaluator(recordings: Sequence[Prepared], batch: int, most: int) -> Callable[[nn.Module], float]:
    """Return what computes the mean loss over at most `most` batches, always the same ones."""
    batches = AcousticBatches(recordings, batch, 0)
    chosen = [batches(number) for number in range(min(most, batches.batches))]

    def evaluate(network: nn.Module) -> float:
        device = next(network.parameters()).device
        moved = (AcousticBatch(**{name: t.to(device) for name, t in vars(b).items()}) for b in chosen)
        return sum(float(loss(network, b, None)[0]) for b in moved) / len(chosen)

    return evaluate

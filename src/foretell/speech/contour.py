"""Durations, spectrum and pitch of a segment, by the acoustic network, piece by piece while it is spoken."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from foretell.speech.acoustic import Phonemes
from foretell.speech.alignment import NOTHING, STATES
from foretell.speech.corpus import aligned_as, bounded
from foretell.speech.learned import Learned
from foretell.speech.network import SpeechNetwork
from foretell.speech.scales import PITCH_UNIT, vocoder_frames
from foretell.speech.utterance import Segment

FIRST_FRAMES, FRAMES = 16, 200
"""Frames of the first piece, which is to be spoken soon, and of all others."""
_LEAST_PHONEME = STATES
_LONGEST_SYMBOL = 300


@dataclass
class Contour:
    """A segment in T frames, as the vocoder is told it."""

    mel: NDArray[np.float32]
    """(T, bands) log-mel spectrum"""
    frames: Tensor
    """(1, T, bands + 2)"""
    durations: Tensor
    """(N,) frames of each symbol"""

    def __len__(self) -> int:
        return len(self.mel)

    def require(self, stop: int) -> None:
        """Make sure that the frames before `stop` are there."""


class PredictedContour(Contour):
    """The contour of a segment, of which a piece is computed when it is required.

    Each piece is computed together with all the frames around it that it depends on, and is what it would be if the
    whole were computed at once.
    """

    @torch.no_grad()
    def __init__(self, network: SpeechNetwork, learned: Learned, segment: Segment) -> None:
        assert segment.voice is not None
        symbols, stress = bounded(segment)
        self._network = network
        self._voice = learned.voices.index(segment.voice)
        phonemes = Phonemes(
            torch.tensor([learned.symbols.numbers(symbols)]),
            torch.tensor([stress]),
            torch.ones(1, len(symbols), dtype=torch.bool),
            torch.tensor([self._voice]),
            torch.tensor([learned.languages.index(segment.language)]),
        )
        states, log_durations, self._identity = network.acoustic.encode(phonemes)
        durations = _durations(aligned_as(symbols, learned.phonemes), log_durations[0], segment.rate)
        raised = torch.full_like(log_durations, float(np.log(segment.pitch)) / PITCH_UNIT)
        self._spread = network.acoustic.spread(states, durations[None], raised)
        total, bands = self._spread.mask.shape[1], len(network.mel_mean)
        super().__init__(np.zeros((total, bands), np.float32), torch.zeros(1, total, bands + 2), durations)
        self._known = 0

    @torch.no_grad()
    def require(self, stop: int) -> None:
        """See `Contour`."""
        network, total = self._network, len(self)
        while self._known < min(stop, total):
            start, size = self._known, FRAMES if self._known else FIRST_FRAMES
            self._known = min(max(stop, start + size), total)
            low = max(0, start - network.acoustic.margin)
            around = self._spread.between(low, min(total, self._known + network.acoustic.margin))
            mel, pitch, voicing = network.acoustic.decode(around, self._identity)
            piece = slice(start - low, self._known - low)
            log_pitch = pitch[:, piece] * PITCH_UNIT + network.voice_pitch[self._voice]
            self.mel[start : self._known] = network.unscaled(mel[0, piece])
            self.frames[:, start : self._known] = vocoder_frames(mel[:, piece], log_pitch, voicing[:, piece] > 0)


def _durations(kinds: NDArray[np.int64], log_durations: Tensor, rate: float) -> Tensor:
    """Return whole numbers of frames at a rate; a phoneme has a few at least. `kinds`: as alignment takes symbols."""
    sorts = torch.from_numpy(kinds)
    frames = torch.expm1(log_durations).clamp(0, _LONGEST_SYMBOL) / rate
    # Rounded so that the sum of all is right, not each.
    ends = torch.where(sorts == NOTHING, 0.0, frames).cumsum(0).round()
    durations = torch.diff(ends, prepend=ends.new_zeros(1)).long()
    return torch.where(sorts >= 0, durations.clamp(min=_LEAST_PHONEME), durations)

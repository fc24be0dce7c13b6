"""The acoustic network: phonemes -> durations -> fundamental frequency -> mel spectra."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from foretell.nn import GatedStack, regulate_length
from foretell.speech.settings import SpeechSettings

STRESSES = 3
_PLACES = 3


class Phonemes(NamedTuple):
    """B utterances of at most N symbols."""

    symbols: Tensor
    """(B, N) int64"""
    stress: Tensor
    """(B, N) int64: 0, 1 or 2"""
    mask: Tensor
    """(B, N) bool: False past the end of an utterance."""
    voices: Tensor
    """(B,) int64"""
    languages: Tensor
    """(B,) int64"""


class Spoken(NamedTuple):
    """Frames of utterances, T at most, in the units in which the network learns them."""

    mel: Tensor
    """(B, T, bands)"""
    pitch: Tensor
    """(B, T)"""
    voicing: Tensor
    """(B, T) logits"""
    log_durations: Tensor
    """(B, N): log(1 + frames) of each symbol, as predicted"""
    mask: Tensor
    """(B, T) bool"""


class Spread(NamedTuple):
    """Symbols repeated for as many frames as they take, before the network has looked at neighbouring frames."""

    frames: Tensor
    """(B, T, C)"""
    raised: Tensor
    """(B, T): what is added to the pitch"""
    mask: Tensor
    """(B, T) bool"""

    def between(self, start: int, stop: int) -> Spread:
        """Return the frames from `start` up to `stop`."""
        return Spread(*(part[:, start:stop] for part in self))


class AcousticNetwork(nn.Module):
    """Phonemes with stress, of a voice and a language, to frames of spectrum and pitch.

    A stack over phonemes reads them; one branch predicts how many frames each takes. Repeated so often, and told where
    in its phoneme a frame is, they give the pitch contour; with that, a second stack over frames gives the spectrum.
    """

    def __init__(self, settings: SpeechSettings, symbols: int, voices: int, languages: int, bands: int) -> None:
        super().__init__()
        size, identity = settings.hidden, 2 * settings.voice_size
        narrow = max(1, size // 2)
        self.symbols = nn.Embedding(symbols, size)
        self.stress = nn.Embedding(STRESSES, size)
        self.voices = nn.Embedding(voices, settings.voice_size)
        self.languages = nn.Embedding(languages, settings.voice_size)
        dropout = settings.dropout
        self.encoder = GatedStack(
            size, size, _dilations(settings.encoder_layers, 3), conditioning_size=identity, dropout=dropout
        )
        self.duration = GatedStack(size, narrow, (1, 2), conditioning_size=identity, dropout=dropout)
        self.log_duration = nn.Linear(narrow, 1)
        self.place = nn.Linear(_PLACES, size)
        self.contour = GatedStack(size, narrow, (1, 2, 4, 8), conditioning_size=identity, dropout=dropout)
        self.pitch = nn.Linear(narrow, 2)
        self.tone = nn.Linear(2, size)
        self.decoder = GatedStack(
            size, size, _dilations(settings.decoder_layers, 4), conditioning_size=identity, dropout=dropout
        )
        self.mel = nn.Linear(size, bands)

    def encode(self, phonemes: Phonemes) -> tuple[Tensor, Tensor, Tensor]:
        """Return states `(B, N, C)`, predicted log(1 + frames) `(B, N)` and the identity `(B, Y)`."""
        identity = torch.cat([self.voices(phonemes.voices), self.languages(phonemes.languages)], 1)
        embedded = self.symbols(phonemes.symbols) + self.stress(phonemes.stress)
        states = embedded + self.encoder(embedded, identity, phonemes.mask)
        log_durations = self.log_duration(self.duration(states, identity, phonemes.mask))[:, :, 0]
        return states, log_durations, identity

    def forward(self, phonemes: Phonemes, durations: Tensor, pitch: Tensor | None, voiced: Tensor | None) -> Spoken:
        """Compute frames for given durations `(B, N)` and, in training, given pitch and voicing `(B, T)`."""
        states, log_durations, identity = self.encode(phonemes)
        spread = self.spread(states, durations, torch.zeros_like(log_durations))
        mel, contour, voicing = self.decode(spread, identity, pitch, voiced)
        return Spoken(mel, contour, voicing, log_durations, spread.mask)

    @property
    def margin(self) -> int:
        """Frames on either side of one that it depends on."""
        return self.contour.reach + self.decoder.reach

    def spread(self, states: Tensor, durations: Tensor, raised: Tensor) -> Spread:
        """Repeat states as often as `durations` `(B, N)` say; `raised` `(B, N)` is to be added to their pitch."""
        frames, steps, place, mask = regulate_length(states, durations)
        length = torch.log1p(durations.to(states.dtype)).gather(1, steps)
        frames = frames + self.place(torch.stack([place, 1 - place, length], 2))
        return Spread(frames, raised.gather(1, steps), mask)

    def decode(
        self, spread: Spread, identity: Tensor, pitch: Tensor | None = None, voiced: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Compute spectrum `(B, T, bands)`, pitch and voicing `(B, T)`, with the given pitch and voicing if any."""
        predicted = self.pitch(self.contour(spread.frames, identity, spread.mask))
        contour, voicing = predicted[:, :, 0] + spread.raised, predicted[:, :, 1]
        told = contour if pitch is None else pitch
        sounding = (voicing > 0).to(contour.dtype) if voiced is None else voiced.to(contour.dtype)
        tone = self.tone(torch.stack([told * sounding, sounding], 2))
        return self.mel(self.decoder(spread.frames + tone, identity, spread.mask)), contour, voicing


def _dilations(layers: int, cycle: int) -> tuple[int, ...]:
    return tuple(2 ** (k % cycle) for k in range(layers))

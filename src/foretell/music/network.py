"""Networks that give the next note of a chorale from all before it.

All of them share one call: `network(past, position, state)` gives the logits `(B, T, 47)` of the T notes from number
`position` `(B,)` on, and the state after them. `past` `(B, context + T - 1)` holds classes: the `context` notes before
the first of those T, and all but the last of those T themselves; `BEFORE` stands for what comes before a chorale.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from foretell.music.notes import CLASSES, SIXTEENTHS_A_BEAT, VOICES
from foretell.music.settings import MusicSettings
from foretell.nn import GRU, LSTM, WaveNet, dilation_cycles

BEFORE = CLASSES
"""The class of the notes before the first."""
METRE = 4 * SIXTEENTHS_A_BEAT
METRE_FEATURES = VOICES + METRE
_LAGS = (1, 2, 3, 4, 8, 16, 64)
"""What a recurrent net reads directly, in notes: the chord so far and the same voice a sixteenth, an eighth, a beat and
four beats ago."""
_CHANNELS = (32, 48, 64, 96)
"""Of the convolutions in the text, whose dilations are 1, 2, 4 and 8."""
_DOUBLINGS = 8


def build(settings: MusicSettings) -> NoteNetwork:
    """A new network; its weights are drawn from torch's random numbers."""
    if settings.backbone == "wavenet":
        return WaveNetwork(settings)
    return ConvolutionalNetwork(settings) if settings.backbone == "conv-lstm" else RecurrentNetwork(settings)


def metre(position: Tensor, steps: int) -> Tensor:
    """Which voice and which sixteenth of four beats each of `steps` notes is, one-hot: `(B, steps, 20)`."""
    numbers = position[:, None] + torch.arange(steps, device=position.device)
    voice = nn.functional.one_hot(numbers % VOICES, VOICES)
    beat = nn.functional.one_hot(numbers // VOICES % METRE, METRE)
    return torch.cat([voice, beat], -1).float()


class NoteNetwork(nn.Module):
    """The shared base of the networks in this module: see its docstring."""

    context: int
    """Number of notes before the first predicted one that must be passed in."""


class RecurrentNetwork(NoteNetwork):
    """An LSTM or GRU that reads, for each note, the chord so far and the same voice's past."""

    def __init__(self, settings: MusicSettings) -> None:
        super().__init__()
        self.context = max(_LAGS)
        self.embedding = nn.Embedding(CLASSES + 1, settings.embedding)
        size = len(_LAGS) * settings.embedding + METRE_FEATURES
        layer, hidden, layers = (GRU if settings.backbone == "gru" else LSTM), settings.features, settings.depth
        self.backbone = layer(size, hidden, layers, batch_first=True, dropout=settings.dropped if layers > 1 else 0.0)
        self.dropout = nn.Dropout(settings.dropped)
        self.head = nn.Linear(hidden, CLASSES)

    def forward(self, past: Tensor, position: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        """See the module's text."""
        steps = past.shape[1] - self.context + 1
        embedded = self.embedding(past)
        lagged = [embedded[:, self.context - lag :][:, :steps] for lag in _LAGS]
        x = torch.cat([self.dropout(torch.cat(lagged, -1)), metre(position, steps)], -1)
        features, state = self.backbone(x, state)
        return self.head(self.dropout(features)), state


class ConvolutionalNetwork(NoteNetwork):
    """The network of Geron's Hands-On Machine Learning, chapter 15: four dilated causal convolutions, then an LSTM.

    Beyond the text, the LSTM is told voice and beat, and there is dropout.
    """

    def __init__(self, settings: MusicSettings) -> None:
        super().__init__()
        self.context = 1 + sum(2**k for k in range(len(_CHANNELS)))
        self.embedding = nn.Embedding(CLASSES + 1, settings.embedding)
        stages: list[nn.Module] = []
        inputs = settings.embedding
        for k, channels in enumerate(_CHANNELS):
            stages += [nn.Conv1d(inputs, channels, 2, dilation=2**k), nn.ReLU(), nn.BatchNorm1d(channels)]
            inputs = channels
        self.convolutions = nn.Sequential(*stages)
        layers = settings.depth
        between = settings.dropped if layers > 1 else 0.0
        self.backbone = LSTM(inputs + METRE_FEATURES, settings.features, layers, batch_first=True, dropout=between)
        self.dropout = nn.Dropout(settings.dropped)
        self.head = nn.Linear(settings.features, CLASSES)

    def forward(self, past: Tensor, position: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        """See the module's text."""
        # No padding: what lies before a chorale is in `past`, by a class of its own.
        convolved = self.convolutions(self.embedding(past).transpose(1, 2)).transpose(1, 2)
        x = torch.cat([self.dropout(convolved), metre(position, convolved.shape[1])], -1)
        features, state = self.backbone(x, state)
        return self.head(self.dropout(features)), state


class WaveNetwork(NoteNetwork):
    """A WaveNet stack over the notes, conditioned on voice and beat; before a chorale it hears one rest."""

    def __init__(self, settings: MusicSettings) -> None:
        super().__init__()
        self.context = 1
        dilations = dilation_cycles(_DOUBLINGS, settings.depth)
        self.stack = WaveNet(
            CLASSES, settings.features, 2 * settings.features, CLASSES, dilations, local_size=METRE_FEATURES
        )

    def forward(self, past: Tensor, position: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        """See the module's text."""
        levels = torch.where(past == BEFORE, 0, past)
        local = metre(position, past.shape[1])
        if self.training:
            return self.stack(levels, local_y=local), None
        outputs, state = self.stack.advance(levels, state, local_y=local)
        return outputs, state

"""The network that gives the next character from all before it."""

from __future__ import annotations

from torch import nn

from foretell.nn import GRU, LSTM, SequenceToSequence
from foretell.text.language_model.settings import LanguageSettings


def build(settings: LanguageSettings, numbers: int) -> SequenceToSequence:
    """A new network from and to `numbers` numbers a character; its weights are drawn from torch's random numbers.

    It takes numbers `(B, T)` and a state, and gives scores `(B, T, numbers)` of the characters that come next.
    """
    layer = GRU if settings.cell == "gru" else LSTM
    recurrent = layer(
        settings.embedding,
        settings.hidden,
        settings.layers,
        batch_first=True,
        dropout=settings.dropout if settings.layers > 1 else 0.0,
        recurrent_dropout=settings.recurrent_dropout,
    )
    return SequenceToSequence(
        [recurrent, nn.Dropout(settings.dropout)],
        nn.Linear(settings.hidden, numbers),
        embedding=nn.Embedding(numbers, settings.embedding),
    )

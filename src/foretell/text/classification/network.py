"""The networks that sort texts: recurrent readers, and what naive Bayes adds to each."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from foretell.nn import GRU, LSTM, SequenceToVector
from foretell.text.classification.settings import ClassifierSettings
from foretell.text.vocabulary import UNKNOWN

_SPREAD = 0.1
"""Standard deviation of new embeddings."""
_TRUST = 0.7
"""In each naive Bayes, before it is learned."""


class ClassifierNetwork(nn.Module):
    """M readers of one make, trained side by side; their probabilities are averaged.

    Each is an embedding, recurrent layers that read both ways, pooling over the steps, and a linear map to C scores. To
    its scores it adds the evidence of each naive Bayes, as far as it has learned to trust it.
    """

    def __init__(self, settings: ClassifierSettings, tokens: int, classes: int, counters: int) -> None:
        """`tokens`: how many the readers tell apart, the first ones of the vocabulary; `counters`: K, see `forward`."""
        super().__init__()
        self.tokens = tokens
        self.word_dropout = settings.word_dropout
        self.members = nn.ModuleList([_reader(settings, tokens, classes) for _ in range(settings.members)])
        self.trust = nn.Parameter(torch.full((settings.members, counters), _TRUST)) if counters else None

    def forward(self, tokens: Tensor, lengths: Tensor, evidence: Tensor) -> Tensor:
        """The scores `(M, B, C)` of each member, from token ids `(B, T)`, `(B,)` and evidence `(B, K, C)`."""
        tokens = torch.where(tokens < self.tokens, tokens, UNKNOWN)
        scores = torch.stack([member(self._hidden(tokens), lengths) for member in self.members])
        return scores if self.trust is None else scores + torch.einsum("mk,bkc->mbc", self.trust, evidence)

    def probabilities(self, tokens: Tensor, lengths: Tensor, evidence: Tensor) -> Tensor:
        """The probability of each class, `(B, C)`: the mean over the members."""
        averaged: Tensor = self(tokens, lengths, evidence).softmax(-1).mean(0)
        return averaged

    def _hidden(self, tokens: Tensor) -> Tensor:
        """In training some tokens are hidden: other ones for each member."""
        if not self.training or not self.word_dropout:
            return tokens
        hide = torch.rand(tokens.shape, device=tokens.device) < self.word_dropout
        return torch.where(hide, UNKNOWN, tokens)


def _reader(settings: ClassifierSettings, tokens: int, classes: int) -> SequenceToVector:
    embedding = nn.Embedding(tokens, settings.embedding)
    nn.init.normal_(embedding.weight, std=_SPREAD)
    layer = GRU if settings.cell == "gru" else LSTM
    layers = layer(
        settings.embedding,
        settings.hidden,
        settings.layers,
        batch_first=True,
        dropout=settings.output_dropout if settings.layers > 1 else 0.0,
        bidirectional=True,
        recurrent_dropout=settings.recurrent_dropout,
    )
    head = nn.Sequential(nn.Dropout(settings.output_dropout), nn.Linear(2 * settings.hidden, classes))
    return SequenceToVector(
        [nn.Dropout(settings.input_dropout), layers], head, embedding=embedding, pooling=settings.pooling
    )

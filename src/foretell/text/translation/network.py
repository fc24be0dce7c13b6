"""The network of a translator: an encoder that reads both ways, and a decoder that looks back at what it read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from foretell.nn import GRU, LSTM
from foretell.nn.decoding.compiled import LinearMap, Options
from foretell.nn.sequence_to_sequence.encoder_decoder import DecoderState, EncoderDecoder
from foretell.text.translation.settings import TranslatorSettings
from foretell.text.vocabulary import PAD

if TYPE_CHECKING:
    from foretell.kernels.decoder import CompiledDecoder


class TranslationNetwork(nn.Module):
    """`foretell.nn.EncoderDecoder` with attention over tokens; the target's embedding scores its tokens too.

    The scores of the next token are its features times each token's embedding, and a bias (Press & Wolf, 2017): of a
    network of this size the vocabulary would else be the largest part. `forward` gives features, since in training
    only those of real tokens are to be scored.
    """

    def __init__(self, settings: TranslatorSettings, source_tokens: int, target_tokens: int) -> None:
        """`source_tokens`, `target_tokens`: the sizes of the vocabularies."""
        super().__init__()
        layer = LSTM if settings.cell == "lstm" else GRU
        size, hidden, dropout = settings.embedding, settings.hidden, settings.dropout
        between = dropout if settings.layers > 1 else 0.0
        projection = nn.Linear(hidden, size)
        nn.init.xavier_uniform_(projection.weight)
        nn.init.zeros_(projection.bias)
        self.encoder_decoder = EncoderDecoder(
            layer(size, hidden // 2, settings.layers, batch_first=True, bidirectional=True, dropout=between),
            layer(size, hidden, settings.layers, batch_first=True, dropout=between),
            nn.Sequential(nn.Dropout(dropout), projection),
            source_embedding=nn.Sequential(_embedding(source_tokens, size), nn.Dropout(dropout)),
            target_embedding=nn.Sequential(_embedding(target_tokens, size), nn.Dropout(dropout)),
            attention=settings.attention,
        )
        self.bias = nn.Parameter(torch.zeros(target_tokens))

    @property
    def table(self) -> Tensor:
        """The embedding `(V, E)` of the target's tokens."""
        weight: Tensor = self.encoder_decoder.target_embedding[0].weight  # type: ignore[index]
        return weight

    def forward(
        self, source: Tensor, target_in: Tensor, source_lengths: Tensor | None, target_lengths: Tensor | None
    ) -> Tensor:
        """The features `(B, T, E)` of the target's tokens, step t fed `target_in[:, t]`; see `EncoderDecoder`."""
        features: Tensor = self.encoder_decoder(source, target_in, source_lengths, target_lengths)
        return features

    def encode(self, source: Tensor, source_lengths: Tensor) -> DecoderState:
        """The decoder's state before its first step, from sources `(B, S)` and their lengths `(B,)`."""
        return self.encoder_decoder.encode(source, source_lengths)

    def step(self, token: Tensor, state: DecoderState) -> tuple[Tensor, DecoderState]:
        """The scores `(N, V)` of the tokens after `token` `(N,)`, and the state after them."""
        features, state = self.encoder_decoder.step(token, state)
        return F.linear(features, self.table, self.bias), state

    def select(self, state: DecoderState, rows: Tensor) -> DecoderState:
        """The state of the hypotheses `rows` `(M, K)`: see `foretell.nn.decoding`, which calls this and `step`."""
        return self.encoder_decoder.select(state, rows)

    def compiled(self, state: DecoderState, batch: int, options: Options) -> CompiledDecoder | None:
        """What `foretell.nn.decoding` runs in place of `step` where it can: see `foretell.nn.decoding.compiled`."""
        return self.encoder_decoder.compiled(state, batch, options._replace(scores=LinearMap(self.table, self.bias)))


def _embedding(tokens: int, size: int) -> nn.Embedding:
    embedding = nn.Embedding(tokens, size, padding_idx=PAD)
    nn.init.normal_(embedding.weight, std=size**-0.5)
    return embedding

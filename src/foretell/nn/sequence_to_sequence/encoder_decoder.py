"""The encoder-decoder for sequences of different lengths, as in translation, with optional attention."""

from __future__ import annotations

from typing import NamedTuple, Unpack

import torch
from torch import Tensor, nn

from foretell.kernels.decoder import CompiledDecoder
from foretell.nn.decoding.compiled import Attending, Options, compiled_decoder
from foretell.nn.decoding.tokens import Search, check_generates, generate
from foretell.nn.layers.attention import Attention, Score
from foretell.nn.layers.masking import checked_lengths, valid_steps, zero_padding
from foretell.nn.layers.stack import RECURRENT, Layers, Stack, State, embedded
from foretell.nn.sequence_to_sequence.bridge import Bridge


class DecoderState(NamedTuple):
    """The state that the decoder carries from step to step.

    It holds the state of the layers, for M sources with `width` hypotheses each (1 except in a beam search); those of
    one source are adjacent. With attention it also holds the encoder's outputs `(M, S, D)`, the attention's keys
    `(M, S, K)` and the mask `(M, S)` of valid steps (None if all are valid).
    """

    layers: State | None
    memory: Tensor | None = None
    keys: Tensor | None = None
    mask: Tensor | None = None
    width: int = 1


class EncoderDecoder(nn.Module):
    """An encoder that reads the source, and a decoder that writes the target from its final state (Sutskever et al.,
    2014).

    `EncoderDecoder(LSTM(E, H, batch_first=True, bidirectional=True), LSTM(E, H, batch_first=True), nn.Linear(H, V),
    source_embedding=nn.Embedding(U, E), target_embedding=nn.Embedding(V, E), attention="general")`.

    - `encoder`, `decoder`: one or several layers of `foretell.nn` each; the decoder's must be unidirectional. A linear
      layer (see `foretell.nn.sequence_to_sequence.bridge`) maps the encoder's final state to the decoder's initial one.
    - `head`: a module from the features of the decoder's last layer to outputs.
    - `attention`: None, "additive" (Bahdanau et al., 2015), "dot" or "general" (Luong et al., 2015), over the encoder's
      outputs and after the decoder's layers: with their output s_t and the context c_t, the head's input is
      tanh(W [c_t; s_t] + b) (Luong et al., 2015, without input feeding, so that all steps of a target run at once).
      `attention_size`: the number of features inside the additive score.

    Layers, embeddings and lengths are described in `foretell.nn.sequence_to_sequence.structures`. Without embeddings
    the sequences are real-valued. Raises ValueError for layers that cannot be used, and for a decoder that gets
    neither state nor attention from the encoder.
    """

    def __init__(
        self,
        encoder: Layers,
        decoder: Layers,
        head: nn.Module,
        *,
        source_embedding: nn.Module | None = None,
        target_embedding: nn.Module | None = None,
        attention: Score | None = None,
        attention_size: int | None = None,
    ) -> None:
        super().__init__()
        self.source_embedding = source_embedding
        self.target_embedding = target_embedding
        self.encoder = Stack(encoder)
        self.decoder = Stack(decoder)
        self.decoder.check_causal("decoder")
        self.head = head
        memory_size, features = self.encoder.output_size, self.decoder.output_size
        self.bridge: Bridge | None = None
        if any(isinstance(layer, RECURRENT) for layer in self.decoder):
            self.encoder.check_final()
            self.bridge = Bridge(memory_size, self.decoder)
        elif attention is None:
            raise ValueError("decoder has no recurrent layer that could use the encoder's state: it needs attention")
        self.attention: Attention | None = None
        self.combine: nn.Linear | None = None
        if attention is not None:
            self.attention = Attention(features, memory_size, attention, attention_size)
            self.combine = nn.Linear(memory_size + features, features)
            nn.init.xavier_uniform_(self.combine.weight)
            nn.init.zeros_(self.combine.bias)

    def forward(
        self,
        source: Tensor,
        target_in: Tensor,
        source_lengths: Tensor | None = None,
        target_lengths: Tensor | None = None,
    ) -> Tensor:
        """Compute outputs `(B, T, O)` with teacher forcing: step t is fed the previous target, `target_in[:, t]`.

        `source` `(B, S)` and `target_in` `(B, T)` are token ids, or features `(B, S, I)` and `(B, T, J)` without
        embeddings; `source_lengths` and `target_lengths` are `(B,)`.
        """
        if len(target_in) != len(source):
            raise ValueError(f"target_in must have the batch size {len(source)} of source, got {len(target_in)}")
        state = self.encode(source, source_lengths)
        lengths = checked_lengths("target_lengths", target_lengths, target_in)
        fed = embedded("target_in", target_in, self.target_embedding, self.decoder.input_size, lengths)
        features, _, _ = self.decoder(fed, state.layers, lengths)
        return zero_padding(self._outputs(features, state), lengths)

    def encode(self, source: Tensor, source_lengths: Tensor | None = None) -> DecoderState:
        """Compute the decoder's state before its first step, from the source and its lengths as in `forward`."""
        lengths = checked_lengths("source_lengths", source_lengths, source)
        x = embedded("source", source, self.source_embedding, self.encoder.input_size, lengths)
        memory, final, lengths = self.encoder(x, None, lengths)
        layers = None if self.bridge is None else self.bridge(self.encoder.final(memory, final, lengths))
        if self.attention is None:
            return DecoderState(layers)
        mask = None if lengths is None else valid_steps(lengths.to(memory.device), memory.shape[1])
        return DecoderState(layers, memory, self.attention.keys(memory), mask)

    def step(self, token: Tensor, state: DecoderState) -> tuple[Tensor, DecoderState]:
        """Run one step on `token`, ids `(N,)` or features `(N, J)`; return its outputs `(N, O)` and the next state."""
        fed = embedded("token", token[:, None], self.target_embedding, self.decoder.input_size, None)
        features, layers, _ = self.decoder(fed, state.layers)
        return self._outputs(features, state)[:, 0], state._replace(layers=layers)

    def _outputs(self, features: Tensor, state: DecoderState) -> Tensor:
        if self.attention is not None and self.combine is not None and state.memory is not None:
            # All steps of a target, or all hypotheses of a source at one step, query the same memory.
            query = features.reshape(len(state.memory), -1, features.shape[2])
            context, _ = self.attention(query, state.memory, state.keys, state.mask)
            features = torch.tanh(self.combine(torch.cat([context, query], -1))).view_as(features)
        outputs: Tensor = self.head(features)
        return outputs

    def select(self, state: DecoderState, rows: Tensor) -> DecoderState:
        """Select the state of the hypotheses `rows` `(M, K)`: each row lists K hypotheses of one of M sources."""
        layers = None if state.layers is None else self.decoder.select(state.layers, rows.flatten())
        sources = rows[:, 0] // state.width
        memory, keys, mask = state.memory, state.keys, state.mask
        if memory is not None and keys is not None and not torch.equal(sources, torch.arange(len(memory)).to(sources)):
            # Hypotheses of one source share its memory, so it only changes when a source drops out.
            memory, keys = memory.index_select(0, sources), keys.index_select(0, sources)
            mask = None if mask is None else mask.index_select(0, sources)
        return DecoderState(layers, memory, keys, mask, rows.shape[1])

    def compiled(self, state: DecoderState, batch: int, options: Options) -> CompiledDecoder | None:
        """Return the decoder as compiled code (see `foretell.nn.decoding.compiled`), or None if not supported."""
        attending = None
        if self.attention is not None:
            if self.combine is None or state.memory is None or state.keys is None:
                return None
            attending = Attending(self.attention, self.combine, state.memory, state.keys, state.mask)
        overridden = type(self).step is not EncoderDecoder.step or type(self)._outputs is not EncoderDecoder._outputs
        if overridden or "step" in vars(self) or state.width != 1:
            return None
        return compiled_decoder(
            self.target_embedding, self.decoder, self.head, state.layers, batch, options, attending=attending
        )

    def generate(
        self, source: Tensor, source_lengths: Tensor | None = None, *, start: int, **search: Unpack[Search]
    ) -> tuple[Tensor, Tensor]:
        """Generate the tokens `(B, T)` that follow the token `start`; return them and their counts `(B,)`.

        `source` and `source_lengths` are as in `forward`. For the choice of tokens (greedy, at random or by beam
        search) see `foretell.nn.decoding`. Call `eval()` first.
        """
        check_generates(self.target_embedding)
        with torch.no_grad():
            state = self.encode(source, source_lengths)
        tokens = torch.full((len(source),), start, dtype=torch.int64, device=source.device)
        return generate(self, state, tokens, **search)

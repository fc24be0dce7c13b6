"""Networks from sequences to sequences or vectors, and from vectors to sequences.

Each structure is built from layers of `foretell.nn` (one, or several that run one after another, see
`foretell.nn.layers.Stack`) and a head, any module that turns the features of one step into outputs. Everything is
batch-first: `(B, T, ...)`, B sequences of T time steps. Ragged batches come with `lengths` `(B,)`: a padded batch gives
the same results as each sequence on its own, and outputs past a length are zero. `embedding` is a module from the input
to the features of the first layer: for token ids `nn.Embedding(V, E)`, or
`nn.Embedding.from_pretrained(torch.eye(V))` for one-hot vectors. Without it the input is the features `(B, T, I)`.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, Unpack, get_args

import torch
from torch import Tensor, nn

from foretell.kernels.decoder import CompiledDecoder
from foretell.nn.decoding.compiled import Options, compiled_decoder, untouched
from foretell.nn.decoding.tokens import Search, check_generates, generate
from foretell.nn.layers.convolution import check_sizes
from foretell.nn.layers.masking import checked_lengths, valid_steps, zero_padding
from foretell.nn.layers.stack import Layers, Stack, State, embedded
from foretell.nn.sequence_to_sequence.bridge import Bridge

Pooling = Literal["last", "mean", "max"]
Into = Literal["state", "input", "both"]


class SequenceToSequence(nn.Module):
    """A network with an output at every step, such as the next price, the next character or the tag of each word.

    `SequenceToSequence(nn.GRU(I, H, batch_first=True), nn.Linear(H, O))`. Unidirectional layers can continue from a
    state, one step or many at a time. Raises ValueError for layers that cannot be used.
    """

    def __init__(self, layers: Layers, head: nn.Module, *, embedding: nn.Module | None = None) -> None:
        super().__init__()
        self.embedding = embedding
        self.layers = Stack(layers)
        self.head = head

    def forward(self, x: Tensor, state: State | None = None, lengths: Tensor | None = None) -> tuple[Tensor, State]:
        """Compute outputs `(B, T, O)` and the state after the last valid step, from which the next call may continue.

        `x` is `(B, T, I)`, or `(B, T)` token ids with an embedding; `lengths` is `(B,)`. A Downsample among the layers
        gives fewer outputs; see `output_lengths`.
        """
        lengths = checked_lengths("lengths", lengths, x)
        features = embedded("x", x, self.embedding, self.layers.input_size, lengths)
        features, state, lengths = self.layers(features, state, lengths)
        return zero_padding(self.head(features), lengths), state

    def output_lengths(self, lengths: Tensor) -> Tensor:
        """Return the number of outputs for sequences of these lengths `(B,)`: the same, or fewer after a Downsample."""
        shortened: Tensor = self.layers.output_lengths(lengths)
        return shortened

    def step(self, x: Tensor, state: State | None) -> tuple[Tensor, State]:
        """Run one more step on `x` `(B, I)` or token ids `(B,)`; return its outputs `(B, O)` and the state after it."""
        self.layers.check_causal("step")
        outputs, state = self(x[:, None], state)
        return outputs[:, 0], state

    def select(self, state: State, rows: Tensor) -> State:
        """Select the state of these rows of the batch, given in a tensor of any shape."""
        return self.layers.select(state, rows.flatten())

    def compiled(self, state: State | None, batch: int, options: Options) -> CompiledDecoder | None:
        """Return the network as compiled code (see `foretell.nn.decoding.compiled`), or None if not supported."""
        if not untouched(self, SequenceToSequence) or "step" in vars(self):
            return None
        return compiled_decoder(self.embedding, self.layers, self.head, state, batch, options)

    def generate(
        self, prompt: Tensor, lengths: Tensor | None = None, **search: Unpack[Search]
    ) -> tuple[Tensor, Tensor]:
        """Generate the tokens `(B, N)` that follow the token ids `prompt` `(B, T)`; return tokens and counts `(B,)`.

        `lengths` is `(B,)`, at least 1. For the choice of tokens see `foretell.nn.decoding`. Call `eval()` first.
        """
        check_generates(self.embedding)
        self.layers.check_causal("generate")
        given = checked_lengths("lengths", lengths, prompt)
        given = torch.full((len(prompt),), prompt.shape[1]) if given is None else given
        if (given < 1).any():
            raise ValueError("prompt must contain at least one token per sequence, such as a start token")
        with torch.no_grad():
            features = embedded("prompt", prompt, self.embedding, self.layers.input_size, given)
            _, state, _ = self.layers(features, None, given - 1)
        last = prompt.gather(1, (given - 1).to(prompt.device)[:, None])[:, 0]
        return generate(self, state, last, **search)


class SequenceToVector(nn.Module):
    """A network with one output for a whole sequence, such as the sentiment of a review or the class of a signal.

    `SequenceToVector(nn.GRU(I, H, batch_first=True), nn.Linear(H, 2))`. The vector passed to the head depends on
    `pooling`:

    - "last": the final state of the last layer, with both directions concatenated if it has two (`2H` features); if
      that layer has no state, its output at the last step;
    - "mean" or "max": the mean or maximum of the outputs at all valid steps.

    It is zero for an empty sequence. Raises ValueError for layers that cannot be used and for another pooling.
    """

    def __init__(
        self, layers: Layers, head: nn.Module, *, embedding: nn.Module | None = None, pooling: Pooling = "last"
    ) -> None:
        super().__init__()
        if pooling not in get_args(Pooling):
            raise ValueError(f'pooling must be "last", "mean" or "max", got {pooling!r}')
        self.embedding = embedding
        self.layers = Stack(layers)
        self.head = head
        self.pooling = pooling
        if pooling == "last":
            self.layers.check_final()

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Compute outputs `(B, O)` from `x` `(B, T, I)`, or `(B, T)` token ids, and `lengths` `(B,)`."""
        lengths = checked_lengths("lengths", lengths, x)
        features = embedded("x", x, self.embedding, self.layers.input_size, lengths)
        features, state, lengths = self.layers(features, None, lengths)
        output: Tensor = self.head(self._pooled(features, state, lengths))
        return output

    def _pooled(self, features: Tensor, state: State, lengths: Tensor | None) -> Tensor:
        if self.pooling == "last":
            return self.layers.final(features, state, lengths)
        steps = features.shape[1]
        if lengths is None:
            return features.mean(1) if self.pooling == "mean" else features.amax(1)
        lengths = lengths.to(features.device)[:, None]
        if self.pooling == "mean":
            return features.sum(1) / lengths.clamp(min=1)  # padding is zero
        mask = valid_steps(lengths[:, 0], steps)[:, :, None]
        return features.masked_fill(~mask, -torch.inf).amax(1).masked_fill(lengths == 0, 0)


class VectorState(NamedTuple):
    """The state of a `VectorToSequence` between steps: the state of its layers, and the vector `(B, V)`."""

    layers: State | None
    vector: Tensor


class VectorToSequence(nn.Module):
    """A network that generates a sequence from one vector, such as the caption of an image.

    `VectorToSequence(nn.GRU(E, H, batch_first=True), nn.Linear(H, V), vector_size=512, embedding=nn.Embedding(V, E))`.
    `into` selects where the vector goes:

    - "state": through a linear map to the initial state of the recurrent layers (see `Bridge`);
    - "input": concatenated to the features of every step, so that the first layer takes `E + vector_size` features;
    - "both".

    With "input" the first layer may take the vector alone, `vector_size` features; then nothing is fed back. Raises
    ValueError for layers and sizes that cannot be used.
    """

    def __init__(
        self,
        layers: Layers,
        head: nn.Module,
        *,
        vector_size: int,
        embedding: nn.Module | None = None,
        into: Into = "state",
    ) -> None:
        super().__init__()
        if into not in get_args(Into):
            raise ValueError(f'into must be "state", "input" or "both", got {into!r}')
        check_sizes(vector_size=vector_size)
        self.embedding = embedding
        self.layers = Stack(layers)
        self.layers.check_causal("layers")
        self.head = head
        self.vector_size = vector_size
        self.into = into
        self.bridge = Bridge(vector_size, self.layers) if into != "input" else None
        self.fed_size = self.layers.input_size - (vector_size if into != "state" else 0)
        if self.fed_size < 0:
            raise ValueError(
                f'into="{into}" adds the vector of vector_size={vector_size} to the input features of every step, but '
                f"the first layer takes only {self.layers.input_size} features"
            )

    def start(self, vector: Tensor) -> VectorState:
        """Compute the state before the first step from the vectors `(B, vector_size)`."""
        if vector.dim() != 2 or vector.shape[1] != self.vector_size:
            raise ValueError(f"vector must have the shape (B, {self.vector_size}), got {tuple(vector.shape)}")
        return VectorState(None if self.bridge is None else self.bridge(vector), vector)

    def forward(
        self,
        vector: Tensor,
        target_in: Tensor | None = None,
        target_lengths: Tensor | None = None,
        *,
        steps: int | None = None,
    ) -> Tensor:
        """Compute outputs `(B, T, O)` from the vectors `(B, vector_size)`.

        For teacher forcing, `target_in` holds the input of each step, which is the previous target: token ids `(B, T)`
        with an embedding, or features `(B, T, I)`; `target_lengths` is `(B,)`. With `steps` instead, that many steps
        are run with zeros as input besides the vector.
        """
        if (target_in is None) == (steps is None):
            raise ValueError("forward takes either target_in, the input of each step, or steps, to feed nothing")
        state = self.start(vector)
        if target_in is None:
            if self.embedding is not None:
                raise ValueError("steps cannot be used with an embedding: use generate, or pass target_in")
            check_sizes(steps=steps)  # type: ignore[arg-type]
            outputs, _ = self._run(vector.new_zeros(len(vector), steps or 0, self.fed_size), state, None)
        else:
            if len(target_in) != len(vector):
                raise ValueError(f"target_in must have the batch size {len(vector)} of vector, got {len(target_in)}")
            lengths = checked_lengths("target_lengths", target_lengths, target_in)
            fed = embedded("target_in", target_in, self.embedding, self.fed_size, lengths)
            outputs, _ = self._run(fed, state, lengths)
        return outputs

    def step(self, x: Tensor, state: VectorState) -> tuple[Tensor, VectorState]:
        """Run one step on `x` `(B, I)` or token ids `(B,)`; return its outputs `(B, O)` and the state after it."""
        fed = embedded("x", x[:, None], self.embedding, self.fed_size, None)
        outputs, state = self._run(fed, state, None)
        return outputs[:, 0], state

    def _run(self, fed: Tensor, state: VectorState, lengths: Tensor | None) -> tuple[Tensor, VectorState]:
        if self.into != "state":
            every_step = state.vector[:, None].expand(-1, fed.shape[1], -1)
            fed = torch.cat([fed, every_step], -1)
        features, layers, _ = self.layers(fed, state.layers, lengths)
        return zero_padding(self.head(features), lengths), VectorState(layers, state.vector)

    def select(self, state: VectorState, rows: Tensor) -> VectorState:
        """Select the state of these rows of the batch, given in a tensor of any shape."""
        rows = rows.flatten()
        layers = None if state.layers is None else self.layers.select(state.layers, rows)
        return VectorState(layers, state.vector.index_select(0, rows))

    def compiled(self, state: VectorState, batch: int, options: Options) -> CompiledDecoder | None:
        """Return the network as compiled code (see `foretell.nn.decoding.compiled`), or None if not supported."""
        overridden = type(self).step is not VectorToSequence.step or type(self)._run is not VectorToSequence._run
        if overridden or "step" in vars(self):
            return None
        constants = None if self.into == "state" else state.vector
        return compiled_decoder(
            self.embedding, self.layers, self.head, state.layers, batch, options, constants=constants
        )

    def generate(self, vector: Tensor, start: int, **search: Unpack[Search]) -> tuple[Tensor, Tensor]:
        """Generate the tokens `(B, T)` that follow the token `start`; return them and their counts `(B,)`.

        `vector` is `(B, vector_size)`. For the choice of tokens see `foretell.nn.decoding`. Call `eval()` first.
        """
        check_generates(self.embedding)
        with torch.no_grad():
            state = self.start(vector)
        tokens = torch.full((len(vector),), start, dtype=torch.int64, device=vector.device)
        return generate(self, state, tokens, **search)

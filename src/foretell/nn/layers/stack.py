"""Layers that run one after another on a batch of sequences `(B, T, ...)`, with their states and the lengths."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

from foretell.nn.layers.convolution import CausalConv1d, Downsample
from foretell.nn.layers.masking import zero_padding
from foretell.nn.layers.recurrent import GRU, LSTM, RNN
from foretell.nn.layers.wavenet import WaveNet

RECURRENT = (RNN, LSTM, GRU)
CAUSAL = (CausalConv1d, WaveNet)
Layers = nn.Module | Iterable[nn.Module]
State = tuple[Any, ...]
"""One entry per layer: `(layers, B, H)` or a pair of those for a recurrent layer, the inputs still in reach and their
counts for a causal convolution, None for other layers."""


class Stack(nn.ModuleList):
    """One layer, or several that run one after another on padded batches `(B, T, C)`.

    RNN, LSTM and GRU (with `batch_first=True`) and the causal layers CausalConv1d and WaveNet carry a state; Downsample
    shortens the sequences and their lengths. Any other module, such as dropout, layer normalisation or an activation,
    acts on each step separately and, except for `nn.Linear`, keeps the number of features. An `nn.Sequential` counts as
    the layers that it contains.

    Raises ValueError for a recurrent layer that is not batch-first or is torch's own, and if no layer determines the
    number of features.
    """

    def __init__(self, layers: Layers) -> None:
        super().__init__(_flat(layers))
        for layer in self:
            if isinstance(layer, nn.RNNBase):
                _check_recurrent(layer)
        sizes = [_sizes(layer) for layer in self]
        known = [size for size in sizes if size is not None]
        if not known:
            raise ValueError("layers must contain a layer of foretell.nn, such as a GRU, got " + repr([*self]))
        self.input_size, self.output_size = known[0][0], known[-1][1]

    @property
    def bidirectional(self) -> bool:
        """True if a layer also reads the sequence backwards."""
        return any(isinstance(layer, nn.RNNBase) and layer.bidirectional for layer in self)

    def check_causal(self, name: str) -> None:
        """Raise ValueError, naming `name`, if the layers cannot be run one step at a time."""
        if self.bidirectional:
            raise ValueError(f"{name} must run one step at a time, and a bidirectional layer cannot")
        if any(isinstance(layer, Downsample) for layer in self):
            raise ValueError(f"{name} must run one step at a time, and a Downsample layer cannot")

    def check_final(self) -> None:
        """Raise ValueError if `final` would use only one step of a layer that reads the sequence backwards."""
        if self.bidirectional and not isinstance(self[-1], RECURRENT):
            raise ValueError(
                "the final state is that of the last layer, but here other layers follow a bidirectional one: move "
                "those into the head, or pool by mean or max"
            )

    def forward(
        self, x: Tensor, state: State | None = None, lengths: Tensor | None = None
    ) -> tuple[Tensor, State, Tensor | None]:
        """Return the outputs `(B, T', C)`, zero past the lengths, the state after the last valid step, and new lengths.

        `x` is `(B, T, I)`, `state` is None or the result of an earlier call, and `lengths` is `(B,)`. T' is T, unless
        there is a Downsample. Raises ValueError for a state with another number of layers, or any with a Downsample.
        """
        if state is not None and len(state) != len(self):
            raise ValueError(f"state must have one entry for each of the {len(self)} layers, got {len(state)}")
        if state is not None and any(isinstance(layer, Downsample) for layer in self):
            raise ValueError("a Downsample cannot continue from a state: pass whole sequences")
        x = zero_padding(x, lengths)
        after: list[Any] = []
        for layer, before in zip(self, state or [None] * len(self), strict=True):
            new: Any = None
            if isinstance(layer, RECURRENT):
                x, new = layer(x, before, lengths=lengths)
            elif isinstance(layer, CAUSAL):
                x, new = _continue(layer, x, before, lengths)
            elif isinstance(layer, Downsample) and lengths is not None:
                x, lengths = layer(x, lengths)
            else:
                x = layer(x)
            after.append(new)
        return zero_padding(x, lengths), tuple(after), lengths

    def output_lengths(self, lengths: Any) -> Any:
        """Return the number of outputs for sequences of these lengths: an int, or a tensor of them."""
        for layer in self:
            if isinstance(layer, Downsample):
                lengths = layer.shortened(lengths)
        return lengths

    def final(self, outputs: Tensor, state: State, lengths: Tensor | None) -> Tensor:
        """Return one final vector per sequence `(B, C)`, zero for an empty sequence.

        It is the last layer's final state if that is recurrent, with both directions concatenated, otherwise its output
        at the last step.
        """
        if isinstance(self[-1], RECURRENT):
            h = state[-1][0] if isinstance(self[-1], LSTM) else state[-1]
            return torch.cat([h[-2], h[-1]], -1) if self[-1].bidirectional else h[-1]
        if lengths is None:
            return outputs[:, -1]
        last = (lengths - 1).clamp(min=0).to(outputs.device)
        return outputs[torch.arange(len(outputs), device=outputs.device), last]

    def select(self, state: State, rows: Tensor) -> State:
        """Select the state of these rows of the batch, `(N,)`, in this order."""
        return tuple(
            _select(part, rows, 1 if isinstance(layer, RECURRENT) else 0)
            for layer, part in zip(self, state, strict=True)
        )


def embedded(name: str, x: Tensor, embedding: nn.Module | None, size: int, lengths: Tensor | None) -> Tensor:
    """Return the features `(B, T, size)`: `x` itself or its embedding, where ids past the lengths do not count.

    Raises ValueError, naming `name`, for another shape.
    """
    features: Tensor = x if embedding is None else embedding(zero_padding(x, lengths))
    if features.dim() == 3 and features.shape[2] == size and (embedding is not None or x.is_floating_point()):
        return features
    if embedding is None:
        hint = "" if x.is_floating_point() else ": token ids need an embedding"
        raise ValueError(f"{name} must be floats of the shape (B, T, {size}), got {tuple(x.shape)} {x.dtype}{hint}")
    raise ValueError(
        f"the embedding of {name} must give features of the shape (B, T, {size}), "
        f"got {tuple(features.shape)} from {tuple(x.shape)}"
    )


def _flat(layers: Layers) -> Iterator[nn.Module]:
    if isinstance(layers, nn.Module) and not isinstance(layers, nn.Sequential | nn.ModuleList):
        yield layers
        return
    for layer in layers:
        yield from _flat(layer)


def _check_recurrent(layer: nn.RNNBase) -> None:
    name = type(layer).__name__
    if not isinstance(layer, RECURRENT):
        raise ValueError(f"layers contains torch.nn.{name}: use foretell.nn.{name}, which has the same arguments")
    if not layer.batch_first:
        raise ValueError(f"layers contains a {name} that is not batch-first: build it with batch_first=True")


def _sizes(layer: nn.Module) -> tuple[int, int] | None:
    """Return a layer's input and output features per step, None if it keeps their number."""
    if isinstance(layer, RECURRENT):
        return layer.input_size, (layer.proj_size or layer.hidden_size) * (2 if layer.bidirectional else 1)
    if isinstance(layer, WaveNet):
        last = layer.layers[-1].mixed if layer.output is None else layer.output
        return layer.input_size, int(last.out_channels)  # type: ignore[arg-type, union-attr]
    if isinstance(layer, CausalConv1d | Downsample):
        return layer.weight.shape[1], layer.weight.shape[0]
    return (layer.in_features, layer.out_features) if isinstance(layer, nn.Linear) else None


def _continue(
    layer: CausalConv1d | WaveNet, x: Tensor, past: tuple[Tensor, Tensor] | None, lengths: Tensor | None
) -> tuple[Tensor, tuple[Tensor, Tensor]]:
    """Continue a causal convolution after the inputs `past`; return its outputs and the inputs still in reach later.

    The past is `(B, P, C)`, zero past the counts `(B,)`. Of a sequence longer than the receptive field, the part within
    the field is kept. A shorter one is kept from its first step: before that each layer sees zeros, so it must not be
    shifted.
    """
    batch, steps = x.shape[:2]
    reach = layer.receptive_field - 1 if isinstance(layer, WaveNet) else (layer.weight.shape[2] - 1) * layer.dilation
    if past is None:
        count = torch.zeros(batch, dtype=torch.int64, device=x.device)
        joined, outputs = x, layer(x)
    else:
        inputs, count = past
        at = count[:, None] + torch.arange(steps, device=x.device)
        room = torch.cat([inputs, torch.zeros_like(x)], 1)
        joined = room.scatter(1, at[:, :, None].expand_as(x), x)
        outputs = layer(joined)
        outputs = outputs.gather(1, at[:, :, None].expand(-1, -1, outputs.shape[2]))
    total = count + (steps if lengths is None else lengths.to(x.device))
    kept = total.clamp(max=reach)
    at = (total - kept)[:, None] + torch.arange(min(reach, joined.shape[1]), device=x.device)
    at = at.clamp(max=joined.shape[1] - 1)[:, :, None].expand(-1, -1, x.shape[2])
    return outputs, (zero_padding(joined.gather(1, at), kept), kept)


def _select(part: Any, rows: Tensor, dim: int) -> Any:
    if isinstance(part, tuple):
        return tuple(_select(p, rows, dim) for p in part)
    return None if part is None else part.index_select(dim, rows)

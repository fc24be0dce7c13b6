"""The map from a vector to the initial state of recurrent layers."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from foretell.nn.layers.convolution import check_sizes
from foretell.nn.layers.recurrent import LSTM
from foretell.nn.layers.stack import RECURRENT, Stack, State


class Bridge(nn.Module):
    """A linear map from a vector `(B, vector_size)` to the initial state of all recurrent layers of a stack.

    h = tanh(W v + b) (Bahdanau, Cho & Bengio, 2015) and, for an LSTM, also c = W v + b. Weights are initialised Glorot
    uniform, biases zero. Raises ValueError if the stack has no recurrent layer.
    """

    def __init__(self, vector_size: int, stack: Stack) -> None:
        super().__init__()
        check_sizes(vector_size=vector_size)
        self.shapes = [_state_shape(layer) for layer in stack]
        total = sum(layers * sum(widths) for layers, widths in self.shapes)
        if not total:
            raise ValueError("layers must contain an RNN, LSTM or GRU, whose initial state comes from the vector")
        self.linear = nn.Linear(vector_size, total)
        nn.init.xavier_uniform_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(self, vector: Tensor) -> State:
        """Compute the initial state of the stack from vectors `(B, vector_size)`."""
        parts = iter(self.linear(vector).split([n * w for n, widths in self.shapes for w in widths], -1))
        state: list[Any] = []
        for layers, widths in self.shapes:
            tensors = [next(parts).unflatten(-1, (layers, width)).transpose(0, 1).contiguous() for width in widths]
            if tensors:
                tensors[0] = torch.tanh(tensors[0])
            state.append(None if not tensors else tensors[0] if len(tensors) == 1 else tuple(tensors))
        return tuple(state)


def _state_shape(layer: nn.Module) -> tuple[int, tuple[int, ...]]:
    """Return the number of layers times directions of a recurrent layer, and the features of its state's tensors."""
    if not isinstance(layer, RECURRENT):
        return 0, ()
    hidden, output = layer.hidden_size, layer.proj_size or layer.hidden_size
    return layer.num_layers * (1 + layer.bidirectional), (output, hidden) if isinstance(layer, LSTM) else (output,)

"""The two layouts of the same weights: in columns, as in Keras and haste, and in rows, as in torch and foretell.

In columns: x @ kernel, kernel `(I, gates * H)`, the gates side by side. In rows: W x, W `(gates * H, I)`, the gates
below each other. The order of the gates differs too: `order[k]` is the position on one side of the gate that is k-th on
the other. Every order here swaps at most two gates, so that the same order converts in both directions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from foretell.nn.layers.recurrent import GRU, LSTM, RNN

Layer = RNN | LSTM | GRU
Order = Sequence[int]


def to_rows(columns: Tensor, order: Order) -> Tensor:
    """Convert `(I, gates * H)` to `(gates * H, I)`, or a vector to a vector, with the gates in the other order."""
    return _exchanged(columns, order).movedim(-1, 0)


def to_columns(rows: Tensor, order: Order) -> Tensor:
    """Convert `(gates * H, I)` to `(I, gates * H)`, or a vector to a vector, with the gates in the other order."""
    return _exchanged(rows.detach().movedim(0, -1), order).contiguous()


def _exchanged(columns: Tensor, order: Order) -> Tensor:
    gates = columns.chunk(len(order), -1)
    return torch.cat([gates[k] for k in order], -1)


def suffixes(layer: Layer, index: int) -> list[str]:
    """Return the suffixes of the parameter names in the layer of that index: one per direction, forward first."""
    if not isinstance(layer, RNN | LSTM | GRU):
        raise ValueError(f"expected a foretell RNN, LSTM or GRU, got {type(layer).__name__}")
    if not 0 <= index < layer.num_layers:
        raise ValueError(f"layer should be from 0 to {layer.num_layers - 1} for this layer stack, got {index}")
    return [f"_l{index}", f"_l{index}_reverse"] if layer.bidirectional else [f"_l{index}"]


def own_weights(layer: Layer, suffix: str) -> dict[str, Tensor]:
    """Return the parameters of one layer and direction, by their names without the suffix."""
    return {
        name.removesuffix(suffix): parameter for name, parameter in layer.named_parameters() if name.endswith(suffix)
    }


def refuse(owner: str, options: Mapping[str, object]) -> None:
    """Raise ValueError for the first option that is in use."""
    for name, used in options.items():
        if used:
            raise ValueError(f"{owner} has nothing that corresponds to {name}")


def check_shapes(owner: str, arrays: Mapping[str, Tensor], shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Raise ValueError, naming the array, for the first shape that differs."""
    for name, shape in shapes.items():
        if tuple(arrays[name].shape) != shape:
            raise ValueError(f"{owner}: {name} should have the shape {shape}, got {tuple(arrays[name].shape)}")


def assign(layer: Layer, values: Mapping[str, Tensor]) -> None:
    """Write parameters in place, in the layer's dtype and on its device."""
    with torch.no_grad():
        for name, value in values.items():
            layer.get_parameter(name).copy_(value)

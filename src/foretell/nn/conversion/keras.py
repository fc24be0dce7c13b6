"""Conversion of weights to and from Keras's SimpleRNN, LSTM and GRU, alone or in a Bidirectional wrapper.

| Keras layer | foretell layer | gates in Keras | bias in Keras |
|---|---|---|---|
| `SimpleRNN(H, activation="tanh" or "relu")` | `RNN(I, H, nonlinearity=...)` | | `(H,)` |
| `LSTM(H)` | `LSTM(I, H)` | i, f, c, o | `(4H,)` |
| `GRU(H, reset_after=True)`, Keras's default | `GRU(I, H)` | z, r, h | `(2, 3H)`: of the input, of the state |
| `GRU(H, reset_after=False)` | `GRU(I, H, reset_after=False)` | z, r, h | `(3H,)` |

The equations are the same (Keras's c is g, its h is n). torch has two biases where all rows but the third have one:
only their sum matters there, also in a GRU that resets before the product, since both are added outside the product.
Therefore `from_keras` writes the bias to `bias_ih` and zeros to `bias_hh`, and `to_keras` returns the sum.

Keras puts the batch first: `batch_first=True`. At masked steps Keras repeats the last output or, with
`zero_output_for_mask=True`, gives zeros, as foretell does past `lengths`; the final states are the same either way.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

from foretell.nn.conversion.layout import (
    Layer,
    Order,
    assign,
    check_shapes,
    own_weights,
    refuse,
    suffixes,
    to_columns,
    to_rows,
)
from foretell.nn.layers.recurrent import GRU, LSTM, RNN

L = TypeVar("L", RNN, LSTM, GRU)

_ORDERS: dict[int, Order] = {1: (0,), 3: (1, 0, 2), 4: (0, 1, 2, 3)}


def from_keras(source: Any, into: L, *, layer: int = 0) -> L:
    """Copy the weights of a Keras layer into one layer of `into`, in place, and return `into`.

    `source`: a built Keras layer, or the result of its `get_weights()`: kernel `(I, gates * H)`, recurrent kernel
    `(H, gates * H)` and, unless `use_bias=False`, the bias; for a Bidirectional, those of the forward layer followed by
    those of the backward layer. `into`: a foretell layer of the same kind and sizes, with `bias=False` where Keras has
    no bias, and `bidirectional=True` for a Bidirectional. `layer`: the index of the stacked layer to fill; k stacked
    Keras layers take k calls. Values are converted to the dtype of `into`.

    A Keras layer's configuration is checked. Arrays alone do not reveal a layer's activations, nor the kind of GRU if
    it has no bias. Raises ValueError, before anything is written, for a wrong number of arrays, a wrong shape (naming
    the array), a `layer` that does not exist, and options that have no counterpart: peephole, layer norm, zoneout or a
    projection in `into`; activations other than tanh (or the RNN's own) and sigmoid, `go_backwards`, or a `merge_mode`
    other than "concat" in Keras.
    """
    ends = suffixes(into, layer)
    _refuse_options(into)
    if hasattr(source, "get_weights"):
        _check_configuration(source, into)
        source = source.get_weights()
    names = ["kernel", "recurrent_kernel", *(["bias"] if into.bias else [])]
    if len(source) != len(names) * len(ends):
        raise ValueError(
            f"expected {len(names) * len(ends)} arrays ({', '.join(names)}{' of each direction' * (len(ends) - 1)}), "
            f"got {len(source)}: pass the result of get_weights() of one built Keras layer, and an into whose bias and "
            "bidirectional match that layer"
        )
    # Converted via float64, because a numpy array may have a dtype that torch cannot convert (bfloat16).
    arrays = [torch.from_numpy(np.array(array, dtype=np.float64)) for array in source]
    values: dict[str, Tensor] = {}
    for number, end in enumerate(ends):
        given = dict(zip(names, arrays[number * len(names) : (number + 1) * len(names)], strict=True))
        owner = f"Keras {'backward ' * number}layer"
        check_shapes(owner, given, _shapes(into, into.get_parameter("weight_ih" + end).shape[1]))
        values |= {name + end: value for name, value in _to_torch(into, given).items()}
    assign(into, values)
    return into


def to_keras(source: Layer, *, layer: int = 0) -> list[np.ndarray[Any, Any]]:
    """Convert one layer of `source` to the arrays that `set_weights()` of the corresponding Keras layer takes.

    `layer`: the index of the stacked layer. Returns kernel `(I, gates * H)`, recurrent kernel `(H, gates * H)` and,
    unless `bias=False`, the bias; for a bidirectional layer, those of the forward direction followed by those of the
    backward direction. The arrays are copies, in the dtype of the layer, or float32 for bfloat16, which numpy lacks.

    Raises ValueError for a `layer` that does not exist, and for peephole, layer norm, zoneout or a projection, which
    Keras's layers do not have.
    """
    ends = suffixes(source, layer)
    _refuse_options(source)
    arrays = [array for end in ends for array in _to_columns(source, own_weights(source, end))]
    return [(a.float() if a.dtype == torch.bfloat16 else a).cpu().numpy() for a in arrays]


def _order(layer: Layer) -> Order:
    return _ORDERS[layer.equations.gates]


def _two_biases(layer: Layer) -> bool:
    return isinstance(layer, GRU) and bool(getattr(layer.equations, "reset_after", True))


def _refuse_options(layer: Layer) -> None:
    options = {f"{name}=True": getattr(layer.equations, name, False) for name in ("peephole", "layer_norm")}
    refuse("Keras", options | {"zoneout": any(layer.zoneout), "proj_size": layer.proj_size})


def _shapes(layer: Layer, inputs: int) -> dict[str, tuple[int, ...]]:
    columns = layer.equations.gates * layer.hidden_size
    shapes: dict[str, tuple[int, ...]] = {
        "kernel": (inputs, columns),
        "recurrent_kernel": (layer.hidden_size, columns),
    }
    if layer.bias:
        shapes["bias"] = (2, columns) if _two_biases(layer) else (columns,)
    return shapes


def _to_torch(layer: Layer, given: Mapping[str, Tensor]) -> dict[str, Tensor]:
    order = _order(layer)
    values = {
        "weight_ih": to_rows(given["kernel"], order),
        "weight_hh": to_rows(given["recurrent_kernel"], order),
    }
    if layer.bias:
        bias = given["bias"]
        of_input, of_state = bias if _two_biases(layer) else (bias, torch.zeros_like(bias))
        values |= {"bias_ih": to_rows(of_input, order), "bias_hh": to_rows(of_state, order)}
    return values


def _to_columns(layer: Layer, own: Mapping[str, Tensor]) -> list[Tensor]:
    order = _order(layer)
    arrays = [to_columns(own["weight_ih"], order), to_columns(own["weight_hh"], order)]
    if layer.bias:
        biases = torch.stack([to_columns(own["bias_ih"], order), to_columns(own["bias_hh"], order)])
        arrays.append(biases if _two_biases(layer) else biases.sum(0))
    return arrays


def _check_configuration(keras_layer: Any, into: Layer) -> None:
    directions = [keras_layer]
    if type(keras_layer).__name__ == "Bidirectional":
        _check_setting("Bidirectional", "merge_mode", keras_layer.merge_mode, "concat")
        directions = [keras_layer.forward_layer, keras_layer.backward_layer]
    if len(directions) != (2 if into.bidirectional else 1):
        raise ValueError(f"into should have bidirectional={len(directions) == 2}, like the Keras layer")
    expected = {RNN: "SimpleRNN", LSTM: "LSTM", GRU: "GRU"}[type(into)]
    for number, direction in enumerate(directions):
        kind, settings = type(direction).__name__, direction.get_config()
        if kind != expected:
            raise ValueError(f"into, a {type(into).__name__}, takes the weights of a Keras {expected}, got {kind}")
        _check_setting(kind, "activation", settings["activation"], getattr(into.equations, "nonlinearity", "tanh"))
        _check_setting(kind, "go_backwards", settings["go_backwards"], number == 1)
        _check_setting(kind, "use_bias", settings["use_bias"], into.bias)
        if kind != "SimpleRNN":
            _check_setting(kind, "recurrent_activation", settings["recurrent_activation"], "sigmoid")
        if kind == "GRU":
            _check_setting(kind, "reset_after", settings["reset_after"], _two_biases(into))


def _check_setting(kind: str, name: str, value: object, expected: object) -> None:
    if value != expected:
        raise ValueError(f"the Keras {kind} has {name}={value!r}, but into needs {name}={expected!r}")

"""Conversion of weights to and from lmnt-com/haste's torch layers: LayerNormLSTM, LayerNormGRU, LSTM and GRU.

Checked against haste's Python reference and its CUDA kernels (frameworks/pytorch and lib in its repository):

| haste | shape | foretell |
|---|---|---|
| `kernel` | `(I, gates * H)` | `weight_ih`, transposed |
| `recurrent_kernel` | `(H, gates * H)` | `weight_hh`, transposed |
| `bias` of an LSTM | `(4H,)` | `bias_ih + bias_hh`: from haste all of it goes into `bias_ih` |
| `bias`, `recurrent_bias` of a GRU | `(3H,)` each | `bias_ih`, `bias_hh` |
| `gamma` of the two with layer norm | `(2, gates * H)` | its rows are `ln_ih_weight`, `ln_hh_weight` |
| `gamma_h`, `beta_h` of LayerNormLSTM | `(H,)` each | `ln_c_weight`, `ln_c_bias` |
| `zoneout=p` | | GRU: `zoneout=p`. LSTM: `zoneout=(p, 0.0)`, for h only |

The order of haste's gates is i, g, f, o and z, r, h. Otherwise the function is the same: layer norm over all gates
together with the biases added after it, eps = 1e-5 and the biased variance; the raw c as state, LN(c') under the tanh
that gives h'; the GRU's reset gate after the product, h' = z * h + (1 - z) * n; zoneout on the computed h', with its
expectation in evaluation. haste has no peepholes, projection, second direction, reset before the product, or layers
without biases. Its `dropout` is DropConnect on the recurrent kernel in training, which foretell does not have.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import torch
from torch import Tensor, nn

from foretell.nn.conversion.layout import (
    Order,
    assign,
    check_shapes,
    own_weights,
    refuse,
    suffixes,
    to_columns,
    to_rows,
)
from foretell.nn.layers.recurrent import GRU, LSTM

L = TypeVar("L", LSTM, GRU)

_ORDERS: dict[int, Order] = {3: (1, 0, 2), 4: (0, 2, 1, 3)}


def from_haste(source: nn.Module | Mapping[str, Tensor], into: L, *, layer: int = 0) -> L:
    """Copy the weights of a haste layer into one layer of `into`, in place, and return `into`.

    `source`: a haste LayerNormLSTM, LayerNormGRU, LSTM or GRU, or its `state_dict()`. `into`: a foretell layer of the
    same kind and sizes, with `layer_norm=True` for the first two. `layer`: the index of the stacked layer to fill.
    Values are converted to the dtype of `into`.

    A module's zoneout, which acts in evaluation too, is checked; a state dict does not include it. Raises ValueError,
    before anything is written, for missing or unknown names, a wrong shape (naming the tensor), a `layer` that does
    not exist, a different zoneout, and options of `into` that haste lacks (see the module's docstring).
    """
    (end,) = _one_direction(into, layer)
    if isinstance(source, nn.Module):
        _check_zoneout(source, into)
        source = source.state_dict()
    shapes = _shapes(into, into.get_parameter("weight_ih" + end).shape[1])
    if set(source) != set(shapes):
        raise ValueError(
            f"for this {type(into).__name__} with layer_norm={_normed(into)} a haste layer should have "
            f"{', '.join(shapes)}; got {', '.join(source)}"
        )
    check_shapes("haste layer", source, shapes)
    order = _order(into)
    values = {name: to_rows(source[theirs], order) for name, theirs in _linear_names(into).items()}
    if isinstance(into, LSTM):
        values["bias_hh"] = torch.zeros_like(values["bias_ih"])
    if _normed(into):
        values |= {name: to_rows(source["gamma"][k], order) for k, name in enumerate(("ln_ih_weight", "ln_hh_weight"))}
        if isinstance(into, LSTM):
            values |= {"ln_c_weight": source["gamma_h"], "ln_c_bias": source["beta_h"]}
    assign(into, {name + end: value for name, value in values.items()})
    return into


def to_haste(source: LSTM | GRU, *, layer: int = 0) -> dict[str, Tensor]:
    """Convert one layer of `source` to the state dict of the corresponding haste layer; its tensors are copies.

    `layer`: the index of the stacked layer. With `layer_norm=True` the result is for a LayerNormLSTM or LayerNormGRU,
    otherwise for haste's LSTM or GRU; give that layer the zoneout of h as its `zoneout`.

    Raises ValueError for a `layer` that does not exist, and for what haste lacks: an RNN, `peephole`, `proj_size`,
    `bidirectional`, `reset_after=False`, `bias=False`, zoneout of c.
    """
    (end,) = _one_direction(source, layer)
    own, order = own_weights(source, end), _order(source)
    values = {theirs: to_columns(own[name], order) for name, theirs in _linear_names(source).items()}
    if isinstance(source, LSTM):
        values["bias"] = values["bias"] + to_columns(own["bias_hh"], order)
    if _normed(source):
        values["gamma"] = torch.stack([to_columns(own[name], order) for name in ("ln_ih_weight", "ln_hh_weight")])
        if isinstance(source, LSTM):
            values |= {"gamma_h": own["ln_c_weight"].detach().clone(), "beta_h": own["ln_c_bias"].detach().clone()}
    return values


def _order(layer: LSTM | GRU) -> Order:
    return _ORDERS[layer.equations.gates]


def _normed(layer: LSTM | GRU) -> bool:
    return bool(getattr(layer.equations, "layer_norm", False))


def _linear_names(layer: LSTM | GRU) -> dict[str, str]:
    names = {"weight_ih": "kernel", "weight_hh": "recurrent_kernel", "bias_ih": "bias"}
    return names | ({"bias_hh": "recurrent_bias"} if isinstance(layer, GRU) else {})


def _shapes(layer: LSTM | GRU, inputs: int) -> dict[str, tuple[int, ...]]:
    hidden, columns = layer.hidden_size, layer.equations.gates * layer.hidden_size
    shapes = {"kernel": (inputs, columns), "recurrent_kernel": (hidden, columns), "bias": (columns,)}
    if isinstance(layer, GRU):
        shapes |= {"recurrent_bias": (columns,)}
    if _normed(layer):
        shapes |= {"gamma": (2, columns)}
        if isinstance(layer, LSTM):
            shapes |= {"gamma_h": (hidden,), "beta_h": (hidden,)}
    return shapes


def _one_direction(layer: LSTM | GRU, index: int) -> list[str]:
    ends = suffixes(layer, index)
    if not isinstance(layer, LSTM | GRU):
        raise ValueError("haste has an LSTM and a GRU, with and without layer norm, but no plain RNN")
    options = {
        "peephole=True": getattr(layer.equations, "peephole", False),
        "reset_after=False": not getattr(layer.equations, "reset_after", True),
        "bidirectional=True": layer.bidirectional,
        "bias=False": not layer.bias,
        "proj_size": layer.proj_size,
        "zoneout of the cell state": any(layer.zoneout[1:]),
    }
    refuse("haste", options)
    return ends


def _check_zoneout(haste_layer: nn.Module, into: LSTM | GRU) -> None:
    rate = getattr(haste_layer, "zoneout", 0.0)
    if rate != into.zoneout[0]:
        needed = f"({rate}, 0.0)" if isinstance(into, LSTM) else str(rate)
        raise ValueError(f"the haste layer has zoneout={rate}: into should have zoneout={needed}")

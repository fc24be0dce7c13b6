"""ONNX's operators RNN, LSTM and GRU, for cells that they can compute exactly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from foretell.kernels.equations import CellEquations, GRUEquations, LSTMEquations, RNNEquations
from foretell.kernels.reference import State, Weights


@dataclass(frozen=True)
class Operator:
    """An operator, its order of the gates, as places in torch's order, and the attributes of the cell."""

    name: str
    gates: Sequence[int]
    attributes: Mapping[str, Any] = field(default_factory=dict)


def operator_for(equations: CellEquations, x: Tensor, weights: Weights) -> Operator | None:
    """Return the operator that computes this cell, None if there is none.

    The operators have neither layer norm nor projections, and runtimes have them for float32 alone.
    """
    if x.dtype != torch.float32 or "weight_hr" in weights or getattr(equations, "layer_norm", False):
        return None
    if isinstance(equations, RNNEquations):
        return Operator("RNN", (0,), {"activations": [equations.nonlinearity.capitalize()]})
    if isinstance(equations, LSTMEquations):
        return Operator("LSTM", (0, 3, 1, 2))  # i, o, f, c
    if isinstance(equations, GRUEquations):
        return Operator("GRU", (1, 0, 2), {"linear_before_reset": int(equations.reset_after)})  # z, r, h
    return None


def scan(
    operator: Operator,
    x: Tensor,
    initial: State,
    w: Weights,
    *,
    reverse: bool,
    lengths: Tensor | None,
) -> tuple[Tensor, State]:
    """Compute the outputs `(T, B, H)` of `x` `(T, B, I)` and the final state, as one operator."""

    def reordered(weight: Tensor) -> Tensor:
        return torch.cat([weight[gate * hidden : (gate + 1) * hidden] for gate in operator.gates])[None]

    hidden = w["weight_hh"].shape[1]
    peephole = w.get("weight_peephole")
    inputs: list[Tensor | None] = [
        x,
        reordered(w["weight_ih"]),
        reordered(w["weight_hh"]),
        torch.cat([reordered(w["bias_ih"]), reordered(w["bias_hh"])], 1) if "bias_ih" in w else None,
        None if lengths is None else lengths.to(torch.int32),
        *(s[None] for s in initial),
    ]
    if peephole is not None:
        inputs.append(torch.cat([peephole[0], peephole[2], peephole[1]])[None])  # i, o, f
    state = (1, *initial[0].shape)
    attributes = {"hidden_size": hidden, "direction": "reverse" if reverse else "forward", **operator.attributes}
    outputs, *final = torch.onnx.ops.symbolic_multi_out(
        operator.name,
        inputs,
        attributes,
        dtypes=[x.dtype] * (1 + len(initial)),
        shapes=[(x.shape[0], *state), *[state] * len(initial)],
    )
    ended = tuple(f[0] for f in final)
    if lengths is not None:  # an empty sequence keeps its initial state
        empty = (lengths == 0)[:, None]
        ended = tuple(torch.where(empty, start, end) for start, end in zip(initial, ended, strict=True))
    return outputs[:, 0], ended

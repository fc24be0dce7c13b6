"""The scan under `torch.vmap`: of many slices at once. Slices that share their weights are one batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from foretell.kernels.inputs import COUNT, DIFFERENTIABLE, GATES, NAMES, TENSORS, WEIGHTS, Inputs

_BY_STEP = ("x", "keep_h", "keep_c", "output", "grad_output")
_INCOMING = ("output", "gates", "cells", "grad_output", "grad_h", "grad_c")
_UNMODIFIED = {"weight_ih", "weight_hh", "bias_ih", "bias_hh"}
Dims = tuple[int | None, ...]
Call = Callable[..., Any]


def one_by_one(call: Call, size: int, dims: Dims, arguments: Sequence[Any]) -> tuple[tuple[Tensor, ...], Dims]:
    """The results of all slices, stacked in front."""

    def taken(index: int) -> list[Any]:
        return [a.select(d, index) if isinstance(d, int) else a for a, d in zip(arguments, dims, strict=True)]

    stacked = tuple(map(torch.stack, zip(*(call(*taken(index)) for index in range(size)), strict=True)))
    return stacked, (0,) * len(stacked)


def forward(call: Call, size: int, dims: Dims, arguments: Sequence[Any]) -> tuple[tuple[Tensor, ...], Dims]:
    """Of `foretell::scan`: its arguments, and by which of their dimensions they are sliced."""
    if not _share_weights(dims, arguments):
        return one_by_one(call, size, dims, arguments)
    output, final_h, final_c, gates, cells = call(*_folded(NAMES, size, dims, arguments), *arguments[TENSORS:])
    results = (
        _unfolded(output, size, 1),
        _unfolded(final_h, size, 0),
        _unfolded(final_c, size, 0) if final_c.dim() > 1 else final_c.expand(size, 0),
        _unfolded(gates, size, 0),
        _unfolded(cells, size, 0),
    )
    return results, (0,) * len(results)


def backward(call: Call, size: int, dims: Dims, arguments: Sequence[Any]) -> tuple[tuple[Tensor, ...], Dims]:
    """The same of `foretell::scan_backward`."""
    kept = dims[COUNT + _INCOMING.index("gates")]
    if not _share_weights(dims, arguments) or kept is None:
        return one_by_one(call, size, dims, arguments)
    needed = arguments[-1]
    of_weights = any(needed[1 : 1 + len(WEIGHTS)])
    i = Inputs.of_flat(arguments[:COUNT])
    if of_weights and not _unmodified(i):  # what the folded scan kept is of no use to a slice: it is scanned again
        again = list(arguments)
        for name in ("gates", "cells"):
            at = COUNT + _INCOMING.index(name)
            again[at] = arguments[at].narrow(0 if dims[at] else 1, 0, 0)
        return one_by_one(call, size, dims, again)
    given = _folded(NAMES, size, dims, arguments)
    incoming = _folded(_INCOMING, size, dims[COUNT:], arguments[COUNT:])
    settings = arguments[TENSORS:COUNT]
    if not of_weights:
        found = list(call(*given, *settings, *incoming, needed))
    else:
        found = _with_weights(call, size, Inputs.of_flat([*given, *settings]), incoming, needed)
    for at, name in enumerate(NAMES[:DIFFERENTIABLE]):
        if not needed[at]:
            found[at] = given[0].new_empty(size, 0)
        elif name not in WEIGHTS:
            found[at] = _unfolded(found[at], size, 1 if name == "x" else 0)
    return tuple(found), (0,) * len(found)


def _share_weights(dims: Dims, arguments: Sequence[Any]) -> bool:
    ragged = any(arguments[NAMES.index(name)] is not None for name in ("lengths", "batch_sizes"))
    return not ragged and all(d is None for d in dims[1 : 1 + len(WEIGHTS)])


def _unmodified(i: Inputs) -> bool:
    """Whether the gates are a sum of two products, and the state is what was given out."""
    masked = any(t is not None for t in (i.recurrent_mask, i.keep_h, i.keep_c)) or i.rate_h or i.rate_c
    return not i.cell.startswith("gru") and set(i.weights) <= _UNMODIFIED and not masked


def _folded(names: Sequence[str], size: int, dims: Dims, arguments: Sequence[Any]) -> list[Any]:
    """The tensors with the slices side by side in the batch; weights as they are."""
    folded = []
    for name, t, dim in zip(names, arguments[: min(TENSORS, len(names))], dims, strict=False):
        if t is None or name in WEIGHTS:
            folded.append(t)
            continue
        sliced = t.expand(size, *t.shape) if dim is None else t.movedim(dim, 0)
        folded.append(sliced.movedim(0, 1).flatten(1, 2) if name in _BY_STEP else sliced.flatten(0, 1))
    return folded


def _unfolded(t: Tensor, size: int, at: int) -> Tensor:
    return t.reshape(*t.shape[:at], size, t.shape[at] // size, *t.shape[at + 1 :]).movedim(at, 0)


def _with_weights(call: Call, size: int, i: Inputs, incoming: list[Any], needed: Sequence[bool]) -> list[Any]:
    """The gradients, those of weights for each slice: the scan is asked for the gates' alone, the rest are products.

    An input that was projected before the scan, by an identity in it, has the gates' gradients.
    """
    weight_ih = i.weights["weight_ih"]
    gates = GATES[i.cell] * i.hidden
    identity = {**i.weights, "weight_ih": torch.eye(gates, dtype=weight_ih.dtype)}
    projected = i._replace(x=F.linear(i.x, weight_ih.to(i.x.dtype)), weights=identity)
    asked = [name == "x" or (n and name not in WEIGHTS) for name, n in zip(NAMES, needed, strict=False)]
    found = list(call(*projected.flat, *incoming, asked))
    grad_gates = found[0]
    output = incoming[0]
    first = i.initial_h[None]
    before = torch.cat([output[1:], first] if i.reverse else [first, output[:-1]])

    def by_slice(t: Tensor) -> Tensor:
        return _unfolded(t, size, 1).flatten(1, 2)

    each = by_slice(grad_gates)
    results = {"weight_ih": i.x, "weight_hh": before}
    for at, name in enumerate(NAMES[:DIFFERENTIABLE]):
        if not needed[at]:
            continue
        if name == "x":
            found[at] = grad_gates @ weight_ih.to(i.x.dtype)
        elif name in results:
            found[at] = (each.transpose(1, 2) @ by_slice(results[name])).to(weight_ih.dtype)
        elif name in WEIGHTS:
            found[at] = each.sum(1).to(weight_ih.dtype)
    return found

"""The scan under `torch.vmap`: of many slices at once.

Slices that share their weights are one batch. Slices with weights of their own are scanned side by side.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from foretell.kernels import operators, side_by_side, transforms
from foretell.kernels.arguments import Form
from foretell.kernels.inputs import COUNT, DIFFERENTIABLE, NAMES, TENSORS, WEIGHTS, Inputs
from foretell.kernels.second_derivatives import second_derivatives
from foretell.kernels.side_by_side import INCOMING

_BY_STEP = ("x", "keep_h", "keep_c", "output", "grad_output")
_OF_VECTORS = {"weight_peephole", "ln_weight", "ln_hh_weight"}
"""Parameters by which one can tell a cell whose compiled scan sums gradients of vectors over the whole batch."""
Dims = Sequence[int | None]
Call = Callable[..., Any]


def forward(call: Call, size: int, dims: Dims, arguments: Sequence[Any]) -> tuple[tuple[Tensor, ...], Dims]:
    """Map `foretell::scan` over slices: its arguments, and by which of their dimensions they are sliced.

    What a scan of slices as one batch keeps for backward is of use only to such a batch: it has further dimensions.
    """
    if not _one_batch(dims, arguments):
        results = _side_by_side(size, *_stacked(dims, arguments))
        return results, (0,) * len(results)
    return _as_one_batch(call, size, dims, arguments)


def of_operator(call: Call, size: int, dims: Dims, arguments: Sequence[Any]) -> tuple[tuple[Tensor, ...], Dims]:
    """Map the operator itself, where the function that is mapped by `forward` cannot be called."""
    mapped = _as_one_batch if _one_batch(dims, arguments) else _one_by_one
    return mapped(call, size, dims, arguments)


def _as_one_batch(call: Call, size: int, dims: Dims, arguments: Sequence[Any]) -> tuple[tuple[Tensor, ...], Dims]:
    output, final_h, final_c, gates, cells = call(*_folded(NAMES, size, dims, arguments), *arguments[TENSORS:])
    results = (
        _unfolded(output, size, 1),
        _unfolded(final_h, size, 0),
        _unfolded(final_c, size, 0) if final_c.dim() > 1 else final_c.expand(size, 0),
        _kept_apart(gates, size),
        _kept_apart(cells, size),
    )
    return results, (0,) * len(results)


def backward(call: Call, size: int, dims: Dims, arguments: Sequence[Any]) -> tuple[tuple[Tensor | None, ...], Dims]:
    """Map `foretell::scan_backward` over slices."""
    needed, gates = arguments[-1], COUNT + INCOMING.index("gates")
    as_one = _one_batch(dims, arguments) and dims[gates] is not None and arguments[gates].dim() >= 4
    if not as_one or any(needed[1 : 1 + len(WEIGHTS)]):
        return tuple(_side_by_side_backward(size, *_stacked(dims, arguments))), (0,) * DIFFERENTIABLE
    given, incoming = _fold_all(size, dims, arguments)
    found = list(call(*given, *arguments[TENSORS:COUNT], *incoming, needed))
    return tuple(_unfold_gradients(found, size, needed)), (0,) * DIFFERENTIABLE


def _one_batch(dims: Dims, arguments: Sequence[Any]) -> bool:
    """Return whether the slices can be one batch: packed ones differ in where their sequences lie."""
    return arguments[NAMES.index("batch_sizes")] is None and all(d is None for d in dims[1 : 1 + len(WEIGHTS)])


def _stacked(dims: Dims, arguments: Sequence[Any]) -> tuple[Any, ...]:
    """Return which arguments are stacked, and the arguments with their slices in front."""
    moved = [a.movedim(d, 0) if isinstance(d, int) else a for a, d in zip(arguments, dims, strict=True)]
    return tuple(isinstance(d, int) for d in dims), *moved


def _folded(names: Sequence[str], size: int, dims: Dims, arguments: Sequence[Any]) -> list[Any]:
    """Return the tensors with the slices next to each other in the batch; weights as they are."""
    folded = []
    for name, t, dim in zip(names, arguments[: min(TENSORS, len(names))], dims, strict=False):
        if t is None or name in WEIGHTS:
            folded.append(t)
            continue
        sliced = t.expand(size, *t.shape) if dim is None else t.movedim(dim, 0)
        folded.append(sliced.movedim(0, 1).flatten(1, 2) if name in _BY_STEP else sliced.flatten(0, 1))
    return folded


def _fold_all(size: int, dims: Dims, arguments: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """Return the inputs and the incoming gradients as those of one batch."""
    incoming = _folded(INCOMING, size, dims[COUNT:], arguments[COUNT:])
    for name in ("gates", "cells"):
        at = INCOMING.index(name)
        incoming[at] = _kept_together(arguments[COUNT + at].movedim(dims[COUNT + at], 0))
    return _folded(NAMES, size, dims, arguments), incoming


def _kept_apart(t: Tensor, size: int) -> Tensor:
    """Return what a scan of one batch kept, `(rows, values)` or of slices on their part, in `size` parts."""
    return t.reshape(size, *[1] * (t.dim() - 1), t.shape[-2] // size, t.shape[-1])


def _kept_together(t: Tensor) -> Tensor:
    """Undo `_kept_apart`."""
    return t.reshape(*[1] * (t.dim() - 4), len(t) * t.shape[-2], t.shape[-1])


def _unfolded(t: Tensor, size: int, at: int) -> Tensor:
    return t.reshape(*t.shape[:at], size, t.shape[at] // size, *t.shape[at + 1 :]).movedim(at, 0)


def _unfold_gradients(found: Sequence[Any], size: int, needed: Sequence[bool]) -> list[Tensor | None]:
    """Return the gradients that are needed, stacked."""
    unfolded: list[Tensor | None] = []
    for name, gradient, wanted in zip(NAMES, found, needed, strict=False):
        if wanted and name not in WEIGHTS:
            unfolded.append(_unfolded(gradient, size, 1 if name == "x" else 0))
        else:
            unfolded.append(gradient if wanted else None)
    return unfolded


def _one_by_one(call: Call, size: int, dims: Dims, arguments: Sequence[Any]) -> tuple[tuple[Tensor, ...], Dims]:
    """Map a function over slices by calling it for each."""

    def taken(index: int) -> list[Any]:
        return [a.select(d, index) if isinstance(d, int) else a for a, d in zip(arguments, dims, strict=True)]

    stacked = tuple(map(torch.stack, zip(*(call(*taken(index)) for index in range(size)), strict=True)))
    return stacked, (0,) * len(stacked)


class _SideBySide(torch.autograd.Function):
    """`foretell::scan` of many slices: how many, which of its arguments are stacked in front, and the arguments."""

    @staticmethod
    def forward(form: Form, *tensors: Tensor) -> tuple[Tensor, ...]:
        size, stacked, *arguments = form.all(tensors)
        return side_by_side.forward(size, stacked, arguments[:COUNT], arguments[COUNT])

    @staticmethod
    def vmap(info: Any, in_dims: Dims, *arguments: Any) -> Any:
        return _one_by_one(_SideBySide.apply, info.batch_size, in_dims, arguments)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
        ctx.form, *tensors = inputs
        outputs, _, _, gates, cells = output
        ctx.set_materialize_grads(False)
        ctx.mark_non_differentiable(gates, cells)
        ctx.save_for_backward(*tensors, outputs, gates, cells)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> tuple[Any, ...]:
        form = ctx.form
        *tensors, outputs, gates, cells = ctx.saved_tensors
        size, stacked, *arguments = form.all(tensors)
        grad_output, grad_h, grad_c = grads[:3]
        if arguments[NAMES.index("initial_c")] is None:
            grad_c = None  # of the empty tensor that stands for c
        incoming = (outputs, gates, cells, grad_output, grad_h, grad_c)
        wanted = form.spread(ctx.needs_input_grad[1:], False)[2:]
        needed = [t is not None and bool(w) for t, w in zip(arguments, wanted, strict=False)][:DIFFERENTIABLE]
        all_stacked = (*stacked[:COUNT], *(t is not None for t in incoming), False)
        found = _side_by_side_backward(size, all_stacked, *arguments[:COUNT], *incoming, needed)
        summed = [g if g is None or s else g.sum(0) for g, s in zip(found, stacked, strict=False)]
        others = [None] * (len(arguments) - DIFFERENTIABLE)
        return None, *form.of_tensors([None, None, *summed, *others])


class _SideBySideBackward(torch.autograd.Function):
    """`foretell::scan_backward` in the same way; the gradients that are needed, by the last of the arguments."""

    @staticmethod
    def forward(form: Form, *tensors: Tensor) -> tuple[Tensor | None, ...]:
        size, stacked, *arguments, needed = form.all(tensors)
        found = _gradients_of_slices(size, stacked, arguments, needed)
        return tuple(g for g, n in zip(found, needed, strict=True) if n)

    @staticmethod
    def vmap(info: Any, in_dims: Dims, *arguments: Any) -> Any:
        return _one_by_one(_SideBySideBackward.apply, info.batch_size, in_dims, arguments)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:  # noqa: ARG004
        ctx.form, *tensors = inputs
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(*tensors)

    @staticmethod
    def backward(ctx: Any, *seconds: Any) -> tuple[Any, ...]:
        size, stacked, *arguments, needed = ctx.form.all(ctx.saved_tensors)
        given = iter(seconds)
        weights = [next(given) if n else None for n in needed]
        each = []
        for k in range(size):
            of_k = [a[k] if s else a for a, s in zip(arguments, stacked, strict=False)]
            of_seconds = tuple(w if w is None else w[k] for w in weights)
            inputs = Inputs.of_flat(of_k[:COUNT])
            each.append(second_derivatives(inputs, of_k[COUNT + 3 : COUNT + 6], of_seconds))
        sliced = (*stacked[:DIFFERENTIABLE], *stacked[COUNT + 3 : COUNT + 6])
        found = [
            None if of_all[0] is None else torch.stack(of_all) if s else torch.stack(of_all).sum(0)
            for of_all, s in zip(zip(*each, strict=True), sliced, strict=True)
        ]
        before = [None] * (COUNT + 3 - DIFFERENTIABLE)
        return None, *ctx.form.of_tensors([None, None, *found[:DIFFERENTIABLE], *before, *found[DIFFERENTIABLE:], None])


def _gradients_of_slices(
    size: int, stacked: Sequence[bool], arguments: Sequence[Any], needed: Sequence[bool]
) -> Sequence[Tensor | None]:
    flat, incoming = arguments[:COUNT], arguments[COUNT:]
    dims = tuple(0 if s else None for s in stacked)
    as_one = _one_batch(dims, flat) and incoming[INCOMING.index("gates")].dim() >= 4
    if as_one and not any(flat[NAMES.index(name)] is not None for name in _OF_VECTORS):
        given, gradients = _fold_all(size, dims, arguments)
        i = Inputs.of_flat([*given, *flat[TENSORS:]])
        kept = INCOMING.index("gates")
        if gradients[kept].dim() != 2:  # of slices of slices that were one batch: scanned again
            gradients[kept] = gradients[kept].new_empty(0)
        found = operators.backward(i, *gradients, needed, slices=size)  # type: ignore[call-arg, misc]
        return _unfold_gradients(found, size, needed)
    return side_by_side.backward(size, stacked, flat, incoming, needed)


def _side_by_side(*arguments: Any) -> tuple[Tensor, ...]:
    return transforms.call(_SideBySide, arguments)


def _side_by_side_backward(*arguments: Any) -> list[Tensor | None]:
    if not torch._C._are_functorch_transforms_active() and not torch.is_grad_enabled():
        size, stacked, *others, needed = arguments
        return list(_gradients_of_slices(size, stacked, others, needed))
    found = iter(transforms.call(_SideBySideBackward, arguments))
    return [next(found) if n else None for n in arguments[-1]]

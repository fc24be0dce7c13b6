"""Gradients of the compiled scan: first derivatives by its compiled backward pass, further ones by its Python twin."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad

from foretell.kernels import operators, slices
from foretell.kernels.eager import plain
from foretell.kernels.inputs import COUNT, DIFFERENTIABLE, NAMES, TENSORS, Inputs
from foretell.kernels.twin import twin


class _Scan(torch.autograd.Function):
    @staticmethod
    def forward(*arguments: Any) -> Any:
        return torch.ops.foretell.scan(*arguments)

    @staticmethod
    def vmap(info: Any, in_dims: slices.Dims, *arguments: Any) -> Any:
        return slices.forward(_Scan.apply, info.batch_size, in_dims, arguments)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
        outputs, _, _, gates, cells = output
        ctx.set_materialize_grads(False)
        ctx.mark_non_differentiable(gates, cells)
        ctx.save_for_backward(*inputs[:TENSORS], outputs, gates, cells)
        ctx.settings = inputs[TENSORS:COUNT]

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> tuple[Any, ...]:
        return _gradients(ctx, grads, _ScanBackward.apply)


def _gradients(ctx: Any, grads: tuple[Any, ...], scan_backward: Any) -> tuple[Any, ...]:
    *given, outputs, gates, cells = ctx.saved_tensors
    grad_output, grad_h, grad_c = grads[:3]
    if given[NAMES.index("initial_c")] is None:
        grad_c = None  # of the empty tensor that stands for c
    incoming = (outputs, gates, cells, grad_output, grad_h, grad_c)
    needed = [t is not None and need for t, need in zip(given, ctx.needs_input_grad, strict=False)][:DIFFERENTIABLE]
    found = scan_backward(*given, *ctx.settings, *incoming, needed)
    gradients = [g if need else None for g, need in zip(found, needed, strict=True)]
    return (*gradients, *[None] * (COUNT + 1 - DIFFERENTIABLE))


class _ScanBackward(torch.autograd.Function):
    @staticmethod
    def forward(*arguments: Any) -> tuple[Tensor, ...]:
        return tuple(torch.ops.foretell.scan_backward(*arguments))

    @staticmethod
    def vmap(info: Any, in_dims: slices.Dims, *arguments: Any) -> Any:
        return slices.backward(_ScanBackward.apply, info.batch_size, in_dims, arguments)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:  # noqa: ARG004
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(*inputs[:TENSORS], *inputs[-4:-1])
        ctx.settings = inputs[TENSORS:COUNT]

    @staticmethod
    def backward(ctx: Any, *seconds: Any) -> tuple[Any, ...]:
        given, incoming = ctx.saved_tensors[:TENSORS], ctx.saved_tensors[TENSORS:]
        found = _second_derivatives(Inputs.of_flat([*given, *ctx.settings]), incoming, seconds)
        return (*found[:DIFFERENTIABLE], *[None] * (COUNT + 3 - DIFFERENTIABLE), *found[DIFFERENTIABLE:], None)


def _second_derivatives(i: Inputs, incoming: Any, seconds: tuple[Tensor | None, ...]) -> list[Tensor | None]:
    """Differentiate the first derivatives, weighted by `seconds`, by differentiable inputs and then incoming gradients.

    The results are differentiable any number of times, since the twin is plain torch.
    """
    tensors = (*i.differentiable, *incoming)
    there = [index for index, t in enumerate(tensors) if t is not None]
    inputs = [index for index in there if index < DIFFERENTIABLE]
    if inputs == there:  # no gradient came in, so none goes out
        return [None] * len(tensors)

    def first(*given: Tensor) -> Any:
        by_index: dict[int, Any] = dict(zip(there, given, strict=True))
        gradients = [by_index.get(DIFFERENTIABLE + index) for index in range(len(incoming))]

        def outputs(*differentiable: Tensor) -> Any:
            by_index: dict[int, Any] = dict(zip(inputs, differentiable, strict=True))
            leading: list[Any] = [by_index.get(index) for index in range(DIFFERENTIABLE)]
            results = twin(Inputs.of_flat([*leading, *i.flat[DIFFERENTIABLE:]]))
            return tuple(r for r, g in zip(results, gradients, strict=False) if g is not None)

        pull: Any = torch.func.vjp(outputs, *(by_index[index] for index in inputs))[1]
        return pull(tuple(g for g in gradients if g is not None))

    firsts, pull = torch.func.vjp(first, *(tensors[index] for index in there))[:2]
    weights = [seconds[index] for index in inputs]
    found = pull(tuple(_or_zeros(w, like) for w, like in zip(weights, firsts, strict=True)))
    by_index = dict(zip(there, found, strict=True))
    return [by_index.get(index) for index in range(len(tensors))]


def _or_zeros(tensor: Tensor | None, like: Tensor) -> Tensor:
    return tensor if tensor is not None and tensor.shape == like.shape else torch.zeros_like(like)


# A compiled graph neither differentiates twice nor maps over slices, and contains the operator itself.
torch.library.register_autograd(
    "foretell::scan",
    lambda ctx, *grads: _gradients(ctx, grads, torch.ops.foretell.scan_backward),
    setup_context=_Scan.setup_context,
)


# Without gradients the operator is called as it is.
torch.library.register_vmap(
    "foretell::scan",
    lambda info, dims, *arguments: slices.forward(torch.ops.foretell.scan, info.batch_size, dims, arguments),
)


class _EagerScan(torch.autograd.Function):
    """The same without what function transforms need, which is half the cost of a short scan."""

    @staticmethod
    def forward(ctx: Any, *arguments: Any) -> tuple[Tensor, ...]:
        results = operators.forward(Inputs.of_flat(arguments), True)
        _Scan.setup_context(ctx, arguments, results)
        return results

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> tuple[Any, ...]:
        if torch.is_grad_enabled():  # the gradients will be differentiated again
            return _gradients(ctx, grads, _ScanBackward.apply)[:COUNT]
        return _gradients(ctx, grads, lambda *a: operators.backward(Inputs.of_flat(a[:COUNT]), *a[COUNT:]))[:COUNT]


_WIDE = 128
"""Least number of hidden features at which the twin takes a single step."""


def _is_wide_step(i: Inputs) -> bool:
    """Return whether the scan is a single step of many features, for which packing the weights takes longer than it."""
    single = i.batch_sizes is None and i.lengths is None and i.x.shape[0] == 1
    return single and i.hidden >= _WIDE and i.weights["weight_hh"].dtype == i.x.dtype != torch.bfloat16


def apply(i: Inputs) -> tuple[Tensor, Tensor, Tensor]:
    """Compute the outputs in the layout of `x`, and the final h and c (c is empty except for an LSTM).

    The results are differentiable any number of times.
    """
    keep = torch.is_grad_enabled() and any(t is not None and t.requires_grad for t in i.differentiable)
    call: Any = torch.ops.foretell.scan
    if torch.compiler.is_compiling():
        results = call(*i.flat, keep)
    elif forward_ad._current_level >= 0 or (keep and _is_wide_step(i)):  # only the twin has forward-mode derivatives
        output, *final = twin(i)
        return output, final[0], final[1] if len(final) > 1 else output.new_empty(0)
    elif plain(i.x, i.weights["weight_ih"], i.weights["weight_hh"], i.initial_h):
        call = _EagerScan.apply
        results = call(*i.flat) if keep else operators.forward(i, False, once=True)
    else:
        call = _Scan.apply if keep else call
        results = call(*i.flat, keep)
    return results[0], results[1], results[2]

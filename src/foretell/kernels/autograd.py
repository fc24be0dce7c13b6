"""Gradients of the compiled scan: first derivatives by its compiled backward pass, further ones by its Python twin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad

from foretell.kernels import operators, slices, transforms
from foretell.kernels.arguments import Form
from foretell.kernels.eager import plain
from foretell.kernels.inputs import COUNT, DIFFERENTIABLE, NAMES, TENSORS, Inputs
from foretell.kernels.second_derivatives import second_derivatives
from foretell.kernels.twin import twin


class _Scan(torch.autograd.Function):
    """The operator with what function transforms need; see `arguments`."""

    @staticmethod
    def forward(form: Form, *tensors: Tensor) -> Any:
        arguments = form.all(tensors)
        if plain(*tensors):
            return operators.forward(Inputs.of_flat(arguments[:COUNT]), arguments[COUNT])
        return torch.ops.foretell.scan(*arguments)

    @staticmethod
    def vmap(info: Any, in_dims: slices.Dims, form: Form, *tensors: Tensor) -> Any:
        return slices.forward(_scan, info.batch_size, form.spread(in_dims[1:]), form.all(tensors))

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
        arguments = form.all(tensors)
        wanted = form.spread(ctx.needs_input_grad[1:], False)
        found = _gradients(arguments[:COUNT], (outputs, gates, cells), grads, wanted, _scan_backward)
        return None, *form.of_tensors([*found, *[None] * (len(arguments) - len(found))])


def _scan(*arguments: Any) -> tuple[Tensor, ...]:
    return transforms.call(_Scan, arguments)


def _gradients(
    flat: Sequence[Any], results: tuple[Tensor, ...], grads: tuple[Any, ...], wanted: Sequence[bool], backward: Any
) -> list[Tensor | None]:
    """Return the gradient of each differentiable input that is there and wanted."""
    grad_output, grad_h, grad_c = grads[:3]
    if flat[NAMES.index("initial_c")] is None:
        grad_c = None  # of the empty tensor that stands for c
    needed = [t is not None and bool(w) for t, w in zip(flat, wanted, strict=False)][:DIFFERENTIABLE]
    found = backward(*flat, *results, grad_output, grad_h, grad_c, needed)
    return [g if need else None for g, need in zip(found, needed, strict=True)]


class _ScanBackward(torch.autograd.Function):
    """Return the gradients that are needed, by the last of the arguments."""

    @staticmethod
    def forward(form: Form, *tensors: Tensor) -> tuple[Tensor, ...]:
        *arguments, needed = form.all(tensors)
        return _needed(torch.ops.foretell.scan_backward(*arguments, needed), needed)

    @staticmethod
    def vmap(info: Any, in_dims: slices.Dims, form: Form, *tensors: Tensor) -> Any:
        *arguments, needed = form.all(tensors)
        dims = form.spread(in_dims[1:])
        found, of_found = slices.backward(_scan_backward, info.batch_size, dims, [*arguments, needed])
        return _needed(found, needed), _needed(of_found, needed)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:  # noqa: ARG004
        ctx.form, *tensors = inputs
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(*tensors)

    @staticmethod
    def backward(ctx: Any, *seconds: Any) -> tuple[Any, ...]:
        arguments = ctx.form.all(ctx.saved_tensors)
        flat, incoming, needed = arguments[:COUNT], arguments[COUNT + 3 : COUNT + 6], arguments[-1]
        given = iter(seconds)
        weights = tuple(next(given) if n else None for n in needed)
        found = second_derivatives(Inputs.of_flat(flat), incoming, weights)
        before = [None] * (COUNT + 3 - DIFFERENTIABLE)
        return None, *ctx.form.of_tensors([*found[:DIFFERENTIABLE], *before, *found[DIFFERENTIABLE:], None])


def _needed(found: Sequence[Any], needed: Sequence[bool]) -> tuple[Any, ...]:
    return tuple(f for f, n in zip(found, needed, strict=True) if n)


def _scan_backward(*arguments: Any) -> list[Tensor | None]:
    found = iter(transforms.call(_ScanBackward, arguments))
    return [next(found) if n else None for n in arguments[-1]]


def differentiable_gradients(i: Inputs, *incoming: Any) -> list[Tensor | None]:
    """Compute what `operators.backward` does, differentiably; what was not needed or given is None."""
    return _scan_backward(*i.flat, *incoming)


def _save(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
    outputs, _, _, gates, cells = output
    ctx.set_materialize_grads(False)
    ctx.mark_non_differentiable(gates, cells)
    ctx.save_for_backward(*inputs[:TENSORS], outputs, gates, cells)
    ctx.settings = inputs[TENSORS:COUNT]


def _saved_gradients(ctx: Any, grads: tuple[Any, ...], backward: Any) -> list[Tensor | None]:
    """Return the gradients of all arguments of the operator but `keep`."""
    *given, outputs, gates, cells = ctx.saved_tensors
    flat = [*given, *ctx.settings]
    found = _gradients(flat, (outputs, gates, cells), grads, ctx.needs_input_grad, backward)
    return [*found, *[None] * (COUNT - DIFFERENTIABLE)]


# A compiled graph neither differentiates twice nor maps over slices, and contains the operator itself.
torch.library.register_autograd(
    "foretell::scan",
    lambda ctx, *grads: (*_saved_gradients(ctx, grads, torch.ops.foretell.scan_backward), None),
    setup_context=_save,
)


# A graph that holds the operator may be mapped as well.
torch.library.register_vmap(
    "foretell::scan",
    lambda info, dims, *arguments: slices.of_operator(torch.ops.foretell.scan, info.batch_size, dims, arguments),
)


class _EagerScan(torch.autograd.Function):
    """The same without what function transforms need, which is half the cost of a short scan."""

    @staticmethod
    def forward(ctx: Any, *arguments: Any) -> tuple[Tensor, ...]:
        results = operators.forward(Inputs.of_flat(arguments), True)
        _save(ctx, arguments, results)
        return results

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> tuple[Any, ...]:
        if torch.is_grad_enabled():  # the gradients will be differentiated again
            return tuple(_saved_gradients(ctx, grads, _scan_backward))
        backward = lambda *a: operators.backward(Inputs.of_flat(a[:COUNT]), *a[COUNT:])  # noqa: E731
        return tuple(_saved_gradients(ctx, grads, backward))


def apply(i: Inputs) -> tuple[Tensor, Tensor, Tensor]:
    """Compute the outputs in the layout of `x`, and the final h and c (c is empty except for an LSTM).

    The results are differentiable any number of times.
    """
    keep = torch.is_grad_enabled() and any(t is not None and t.requires_grad for t in i.differentiable)
    call: Any = torch.ops.foretell.scan
    if torch.compiler.is_compiling():
        results = call(*i.flat, keep)
    elif forward_ad._current_level >= 0:  # only the twin has forward-mode derivatives
        output, *final = twin(i)
        return output, final[0], final[1] if len(final) > 1 else output.new_empty(0)
    elif plain(i.x, i.weights["weight_ih"], i.weights["weight_hh"], i.initial_h):
        call = _EagerScan.apply
        results = call(*i.flat) if keep else operators.forward(i, False, once=True)
    else:
        transformed = torch._C._are_functorch_transforms_active()
        call = _scan if keep or transformed else call
        results = call(*i.flat, keep)
    return results[0], results[1], results[2]

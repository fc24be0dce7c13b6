"""Calls of an `autograd.Function` under `torch.func`'s transforms, at a fraction of the cost of `Function.apply`.

At each call and each level of `grad` torch makes a new class and takes all arguments apart several times, which takes
longer than a scan of a few sequences. Here the arguments are a form, see `foretell.kernels.arguments`, and tensors, and
the results are tensors of which none is an argument. Other transforms than `grad` and `vmap` are left to torch.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch._C import _functorch as functorch
from torch._functorch.autograd_function import VmapInfo
from torch._functorch.pyfunctorch import retrieve_current_functorch_interpreter
from torch._functorch.utils import enable_single_level_autograd_function

from foretell.kernels.arguments import Form, apart


def call(function: Any, arguments: Any) -> tuple[Tensor, ...]:
    """Call an `autograd.Function` that takes a form and tensors with all the arguments of the form."""
    results: tuple[Tensor, ...] = _apply(function, *apart(arguments))
    return results


def _apply(function: Any, form: Form, *tensors: Tensor) -> Any:
    if not torch._C._are_functorch_transforms_active():
        node = torch.is_grad_enabled() and any(t.requires_grad for t in tensors)
        return function.apply(form, *tensors) if node else function.forward(form, *tensors)
    tensors = tuple(map(functorch.unwrap_if_dead, tensors))
    interpreter: Any = retrieve_current_functorch_interpreter()
    kind = interpreter.key()
    if kind == functorch.TransformType.Grad:
        with enable_single_level_autograd_function():
            return _Level.apply(_Call(function, interpreter, form), *tensors)  # type: ignore[attr-defined]
    if kind == functorch.TransformType.Vmap:
        return _mapped(function, interpreter, form, tensors)
    return function.apply(form, *tensors)


class _Call(NamedTuple):
    function: Any
    interpreter: Any
    form: Form


class _Level(torch.autograd.function._SingleLevelFunction):
    """One level of `grad`: a node of its graph, under which the function is called at the level below."""

    @staticmethod
    def forward(call: _Call, *tensors: Tensor) -> tuple[Tensor, ...]:
        level = call.interpreter.level()
        below = [functorch._unwrap_for_grad(t, level) for t in tensors]
        with torch.enable_grad(), torch.autograd.forward_ad._set_fwd_grad_enabled(True), call.interpreter.lower():
            results = _apply(call.function, call.form, *below)
        return tuple(functorch._wrap_for_grad(t, level) for t in results)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
        call, *tensors = inputs
        ctx.function = call.function
        call.function.setup_context(ctx, (call.form, *tensors), output)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        return ctx.function.backward(ctx, *grads)


def _mapped(function: Any, interpreter: Any, form: Form, tensors: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """One level of `vmap`: the function's rule for it, at the level below."""
    level = interpreter.level()
    slices, dims = zip(*(functorch._unwrap_batched(t, level) for t in tensors), strict=True)
    if all(dim is None for dim in dims):
        with interpreter.lower():
            results: tuple[Tensor, ...] = _apply(function, form, *tensors)
            return results
    info = VmapInfo(interpreter.batch_size(), interpreter.randomness())
    with interpreter.lower():
        found, of_found = function.vmap(info, (None, *dims), form, *slices)
    return tuple(
        t if dim is None else functorch._add_batch_dim(t, dim, level) for t, dim in zip(found, of_found, strict=True)
    )

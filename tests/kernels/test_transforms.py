"""Calls of autograd functions under function transforms: with the results that torch's own way of calling them has."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.func import grad, jacrev, vjp, vmap

from foretell.kernels import transforms
from foretell.kernels.arguments import Form, apart


def _without(shape: torch.Size, dim: int) -> list[int]:
    return [size for index, size in enumerate(shape) if index != dim]


class Product(torch.autograd.Function):
    """`scale * sum(a * b)` and `a + 1`, which is not differentiable; `scale` is no tensor."""

    @staticmethod
    def forward(form: Form, *tensors: Tensor) -> tuple[Tensor, ...]:
        a, b, scale = form.all(tensors)
        return scale * (a * b).sum(-1), a + 1

    @staticmethod
    def vmap(info: Any, in_dims: Any, form: Form, *tensors: Tensor) -> Any:  # noqa: ARG004
        dims = max(t.dim() - isinstance(d, int) for t, d in zip(tensors, in_dims[1:], strict=True))
        a, b = (
            t if d is None else t.movedim(d, 0).reshape(t.shape[d], *[1] * (dims - t.dim() + 1), *_without(t.shape, d))
            for t, d in zip(tensors, in_dims[1:], strict=True)
        )
        results = call(Product, (a, b, form.all(tensors)[2]))
        return results, (0, 0 if isinstance(in_dims[1], int) else None)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
        ctx.form, *tensors = inputs
        ctx.mark_non_differentiable(output[1])
        ctx.save_for_backward(*tensors)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> tuple[Any, ...]:
        a, b, scale = ctx.form.all(ctx.saved_tensors)
        weight = (scale * grads[0])[..., None]
        return None, *ctx.form.of_tensors([(weight * b).expand(a.shape), (weight * a).expand(b.shape), None])


def by_torch(function: Any, arguments: Any) -> Any:
    return function.apply(*apart(arguments))


call: Any = transforms.call
A, B = torch.linspace(-1, 2, 12).view(3, 4), torch.linspace(1, 3, 12).view(3, 4).flip(0)
CALLS = {
    "plain": lambda f: f(A, B),
    "vmap": lambda f: vmap(f)(A, B),
    "vmap of one argument": lambda f: vmap(f, (0, None))(A, B[0]),
    "vmap of another dimension": lambda f: vmap(f, (1, 1))(A.T, B.T),
    "vmap that reaches no argument": lambda f: vmap(lambda c: f(A[0], B[0]) * c)(A[0]),
    "vmap of vmap": lambda f: vmap(vmap(f, (0, None)), (None, 0))(A, B),
    "grad": lambda f: grad(f)(A[0], B[0]),
    "grad of grad": lambda f: grad(lambda b: grad(f)(A[0], b).square().sum())(B[0]),
    "vmap of grad": lambda f: vmap(grad(f, (0, 1)))(A, B),
    "grad of vmap": lambda f: grad(lambda a: vmap(f)(a, B).square().sum())(A),
    "vmap of jacrev of grad": lambda f: vmap(jacrev(grad(f, 1)))(A, B),
    "outside a gradient": lambda f: vjp(lambda a: vmap(f)(a, B), A)[1](torch.ones(3)),
}


@pytest.mark.parametrize("given", CALLS.values(), ids=CALLS)
def test_results_are_those_of_torch(given: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(a: Tensor, b: Tensor) -> Tensor:
        result: Tensor = call(Product, (a, b, 2.0))[0]
        return result

    found = given(run)
    monkeypatch.setitem(globals(), "call", by_torch)
    expected = given(run)
    for f, e in zip(
        found if isinstance(found, tuple) else (found,),
        expected if isinstance(expected, tuple) else (expected,),
        strict=True,
    ):
        assert torch.equal(f, e)
        assert f.abs().sum() > 0


def test_gradients_reach_through_a_transform() -> None:
    a = A.clone().requires_grad_()
    vmap(lambda x, y: transforms.call(Product, (x, y, 2.0))[0])(a, B).sum().backward()
    assert torch.equal(a.grad, 2 * B)


def test_what_is_not_differentiable_has_no_gradient() -> None:
    a = A[0].clone().requires_grad_()
    product, other = transforms.call(Product, (a, B[0], 1.0))
    assert (product.requires_grad, other.requires_grad) == (True, False)
    with torch.no_grad():
        assert not transforms.call(Product, (a, B[0], 1.0))[0].requires_grad

"""Second derivatives of the compiled scan, by its Python twin."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from foretell.kernels.inputs import DIFFERENTIABLE, Inputs
from foretell.kernels.twin import twin


def second_derivatives(i: Inputs, incoming: Any, seconds: tuple[Tensor | None, ...]) -> list[Tensor | None]:
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

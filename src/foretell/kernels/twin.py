"""The Python twin of the compiled scan: it takes the same `Inputs` and runs `foretell.kernels.reference`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode

from foretell.kernels import reference
from foretell.kernels.inputs import Inputs
from foretell.kernels.reference import State


def twin(i: Inputs) -> tuple[Tensor, ...]:
    """Compute the outputs in the layout of `x`, and the final h (and c for an LSTM), differentiable twice."""
    initial: State = (i.initial_h,) if i.initial_c is None else (i.initial_h, i.initial_c)
    if i.lengths is None:
        sizes = [i.x.shape[1]] * i.x.shape[0] if i.batch_sizes is None else i.batch_sizes.tolist()
        outputs, final = _scan(i, initial, sizes, lambda t: t.reshape(-1, t.shape[-1]), lambda t: t)
        return outputs.view(*i.x.shape[:-1], outputs.shape[-1]), *final
    steps, batch = i.x.shape[:2]
    order = torch.argsort(i.lengths, descending=True, stable=True)
    running = torch.arange(steps)[:, None] < i.lengths[order]
    packed = (torch.arange(steps)[:, None] * batch + order)[running]
    sizes = running.sum(1)[running.any(1)].tolist()
    if not sizes:
        return i.x.new_zeros(steps, batch, i.initial_h.shape[1]), *initial
    outputs, final = _scan(
        i, initial, sizes, lambda t: t.reshape(-1, t.shape[-1])[packed], lambda t: t[order[: sizes[0]]]
    )
    padded = outputs.new_zeros(steps * batch, outputs.shape[1]).index_put((packed,), outputs)
    ended = tuple(s.index_put((order[: sizes[0]],), f) for s, f in zip(initial, final, strict=True))
    return padded.view(steps, batch, -1), *ended


def _scan(
    i: Inputs,
    initial: State,
    sizes: list[int],
    rows: Callable[[Tensor], Tensor],
    sequences: Callable[[Tensor], Tensor],
) -> tuple[Tensor, State]:
    given = ((i.keep_h, i.rate_h), (i.keep_c, i.rate_c))
    keep: list[Any] = [rate if share is None else rows(share) for share, rate in given]
    with _HalfProducts() if i.half else nullcontext():
        return reference.scan(
            i.equations,
            rows(i.x),
            sizes,
            tuple(sequences(s) for s in initial),
            {name: weight.to(i.x.dtype) for name, weight in i.weights.items()},
            reverse=i.reverse,
            recurrent_mask=None if i.recurrent_mask is None else sequences(i.recurrent_mask),
            zoneout=keep[: len(initial)] if any(isinstance(k, Tensor) or k for k in keep) else None,
        )


class _HalfProducts(TorchFunctionMode):
    """Rounds to bfloat16 what matrix products are computed from: their factors, and the gradients of their results."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is not F.linear:
            return func(*args, **(kwargs or {}))
        x, weight, *bias = args
        # `t - t.detach()` is zero, with the gradient of t.
        x, weight = (_rounded(t).detach() + (t - t.detach()) for t in (x, weight))
        product = func(x, weight)
        product = product.detach() + (_rounded(product) - _rounded(product).detach())
        return product if bias in ([], [None]) else product + bias[0]


def _rounded(t: Tensor) -> Tensor:
    return t.bfloat16().to(t.dtype)

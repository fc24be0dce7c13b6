"""The Python twin of the compiled scan: it takes the same `Inputs` and runs `foretell.kernels.reference`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

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
    return reference.scan(
        i.equations,
        rows(i.x),
        sizes,
        tuple(sequences(s) for s in initial),
        i.weights,
        reverse=i.reverse,
        recurrent_mask=None if i.recurrent_mask is None else sequences(i.recurrent_mask),
        zoneout=keep[: len(initial)] if any(isinstance(k, Tensor) or k for k in keep) else None,
    )

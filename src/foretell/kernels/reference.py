"""The scan over time in plain torch, for any device and dtype, differentiable twice: the reference for faster kernels.

Sequences are laid out as in `torch.nn.utils.rnn.PackedSequence`: the rows of all time steps one after another, longest
sequence first, `batch_sizes[t]` rows at step t. In a batch without padding, all batch sizes are equal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import torch
from torch import Tensor

State = tuple[Tensor, ...]
"""The state that a cell carries from step to step, the output first: `(h,)`, or `(h, c)` for an LSTM."""
Weights = Mapping[str, Tensor]
"""A cell's parameters by torch's names without the layer's suffix, such as `weight_ih`."""


class Equations(Protocol):
    """A recurrent cell: the contribution of the input, and one time step."""

    def input_share(self, x: Tensor, weights: Weights) -> Tensor:
        """Compute what the input adds to the gates, `(..., I) -> (..., gates * H)`, for all time steps in `x`."""
        ...

    def step(self, share: Tensor, state: State, weights: Weights, mask: Tensor | None = None) -> State:
        """Compute the next state from the input's share `(B, gates * H)` and the state; `mask` multiplies h."""
        ...


def scan(
    equations: Equations,
    x: Tensor,
    batch_sizes: Sequence[int],
    initial: State,
    weights: Weights,
    *,
    reverse: bool = False,
    recurrent_mask: Tensor | None = None,
    zoneout: Sequence[Tensor | float] | None = None,
) -> tuple[Tensor, State]:
    """Run a cell over the packed rows `x` `(N, I)`, forwards or from each sequence's last step to its first.

    `initial` holds tensors `(B, ...)`, B = `batch_sizes[0]`. `recurrent_mask` `(B, H_out)` multiplies h(t-1) where it
    enters the gates at every step (Gal & Ghahramani, 2016). `zoneout` gives, for each tensor of the state, the share of
    the old value that each unit keeps: a number, or `(N, features)` for separate shares per row (Krueger et al., 2017).

    Returns the outputs `(N, H_out)` in the order of `x`, and the state after each sequence's last step (its first, in
    reverse) `(B, ...)`.
    """
    sizes = list(batch_sizes)
    shares = torch.split(equations.input_share(x, weights), sizes)
    kept = (
        None
        if zoneout is None
        else [torch.split(k, sizes) if isinstance(k, Tensor) else [k] * len(sizes) for k in zoneout]
    )
    steps = range(len(sizes))
    outputs: list[Tensor] = []
    ended: list[State] = []
    state = tuple(s[: sizes[-1]] for s in initial) if reverse else initial
    for t in reversed(steps) if reverse else steps:
        rows, running = sizes[t], state[0].shape[0]
        if rows < running:
            ended.append(tuple(s[rows:] for s in state))
            state = tuple(s[:rows] for s in state)
        elif rows > running:
            state = tuple(torch.cat([s, start[running:rows]]) for s, start in zip(state, initial, strict=True))
        new = equations.step(shares[t], state, weights, None if recurrent_mask is None else recurrent_mask[:rows])
        if kept:
            new = tuple(_blend(n, old, keep[t]) for n, old, keep in zip(new, state, kept, strict=True))
        state = new
        outputs.append(state[0])
    if reverse:
        outputs.reverse()
    if ended:
        state = tuple(torch.cat(parts) for parts in zip(state, *reversed(ended), strict=True))
    return torch.cat(outputs), state


def _blend(new: Tensor, old: Tensor, keep: Tensor | float) -> Tensor:
    # Under autocast the cell may return a different dtype from that of the given state, which lerp refuses.
    old = old.to(new.dtype)
    return torch.lerp(new, old, keep.to(new.dtype) if isinstance(keep, Tensor) else keep)

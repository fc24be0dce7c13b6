"""The scan of a cell in exported programs, which run where foretell is not installed.

ONNX has operators for most cells (`foretell.nn.layers.onnx_operators`); every other scan is a loop over the steps in
plain torch, which torch's exporters write as one `Scan`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from foretell.kernels.equations import CellEquations
from foretell.kernels.reference import State, Weights
from foretell.nn.layers import onnx_operators

_self_contained = False


def exported() -> bool:
    """Return whether an exporter of torch is at work whose program is to run without foretell."""
    return torch.compiler.is_exporting() and (_self_contained or torch.onnx.is_in_onnx_export())


@contextmanager
def self_contained() -> Iterator[None]:
    """Let `torch.export.export` make programs within this block that run without foretell."""
    global _self_contained
    before, _self_contained = _self_contained, True
    try:
        yield
    finally:
        _self_contained = before


def scan(
    equations: CellEquations,
    x: Tensor,
    initial: State,
    weights: Weights,
    *,
    reverse: bool,
    lengths: Tensor | None,
    zoneout: Sequence[Any] | None,
) -> tuple[Tensor, State]:
    """Compute the outputs `(T, B, H_out)` of `x` `(T, B, I)` and the final state, in a form that can be exported.

    `zoneout` gives the share of the old value for each tensor of the state, as a number.
    """
    operator = onnx_operators.operator_for(equations, x, weights) if torch.onnx.is_in_onnx_export() else None
    if operator is not None and not zoneout:
        return onnx_operators.scan(operator, x, initial, weights, reverse=reverse, lengths=lengths)
    return _loop(equations, x, initial, weights, reverse=reverse, lengths=lengths, zoneout=zoneout)


def _loop(
    equations: CellEquations,
    x: Tensor,
    initial: State,
    weights: Weights,
    *,
    reverse: bool,
    lengths: Tensor | None,
    zoneout: Sequence[Any] | None,
) -> tuple[Tensor, State]:
    def step(state: State, given: tuple[Tensor, ...]) -> tuple[State, Tensor]:
        share, *rest = given
        new = equations.step(share, state, weights)
        if zoneout:
            new = tuple(torch.lerp(n, s, keep) for n, s, keep in zip(new, state, zoneout, strict=True))
        if not rest:
            return new, new[0].clone()
        running = rest[0]
        new = tuple(torch.where(running, n, s) for n, s in zip(new, state, strict=True))
        return new, torch.where(running, new[0], torch.zeros_like(new[0]))

    steps = [equations.input_share(x, weights)]
    if lengths is not None:
        steps.append((torch.arange(x.shape[0], device=x.device)[:, None] < lengths.to(x.device))[..., None])
    final, outputs = loop(step, tuple(s.contiguous() for s in initial), tuple(steps), reverse=reverse)
    return outputs, tuple(final)


def loop(
    step: Callable[[Any, Any], tuple[Any, Tensor]], initial: State, steps: Any, *, reverse: bool = False
) -> tuple[State, Tensor]:
    """Call `step(state, given)`, which returns the next state and an output, for each of the `steps` (T, ...).

    The state is a tuple of tensors, the steps are a tensor or a tuple of them. Returns the final state and the outputs
    (T, ...). An exporter of torch writes it as one operator, for any T.
    """
    if torch.compiler.is_exporting():
        from torch._higher_order_ops.scan import scan

        state, outputs = scan(step, initial, steps, reverse=reverse)
        return tuple(state), outputs
    each = list(zip(*steps, strict=True)) if isinstance(steps, tuple) else list(steps)
    found, state = [], initial
    for given in reversed(each) if reverse else each:
        state, output = step(state, given)
        found.append(output)
    return state, torch.stack(found[::-1] if reverse else found)

"""Many scans of one form in one call, side by side on the cores: each with inputs of its own, some maybe shared.

Of the flat inputs of all scans (`Inputs.flat`) those that differ are stacked in front, `(S, ...)`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from foretell.kernels import interruption, operators
from foretell.kernels.inputs import COUNT, DIFFERENTIABLE, MATRICES, NAMES, TENSORS, WEIGHTS, Inputs, check
from foretell.kernels.structures import Scan

RESULTS = ("output", "final_h", "final_c", "gates", "cells")
INCOMING = ("output", "gates", "cells", "grad_output", "grad_h", "grad_c")


class _Stack:
    """Named tensors, stacked or shared, whose slices lie as the compiled scan reads them."""

    def __init__(self, names: Sequence[str], stacked: Sequence[bool], tensors: Sequence[Tensor | None]) -> None:
        self.all = dict(zip(names, tensors, strict=True))
        self.stacked = [n for n, s in zip(names, stacked, strict=True) if s and self.all[n] is not None]
        for name in self.stacked:
            tensor: Any = self.all[name]
            self.all[name] = tensor.resolve_neg().contiguous()

    def of(self, index: int) -> list[Any]:
        """Return one scan's tensors."""
        return [t[index] if name in self.stacked and t is not None else t for name, t in self.all.items()]

    def apart(self, name: str) -> int:
        """Return the bytes from one scan's tensor to the next's."""
        tensor: Any = self.all[name]
        return int(tensor.stride(0) * tensor.element_size()) if name in self.stacked else 0


def _inputs(size: int, stacked: Sequence[bool], flat: Sequence[Any]) -> tuple[_Stack, Inputs]:
    """Return the tensors and the inputs of the first scan. Raises ValueError if they do not fit each other."""
    x, half = (
        flat[0],
        all(flat[NAMES.index(n)] is None or flat[NAMES.index(n)].dtype == torch.bfloat16 for n in MATRICES),
    )
    tensors = list(flat[:TENSORS])
    for at, name in enumerate(NAMES[:TENSORS]):
        if name in WEIGHTS and tensors[at] is not None and not (half and name in MATRICES):
            tensors[at] = tensors[at].to(x.dtype)
    stack = _Stack(NAMES[:TENSORS], stacked[:TENSORS], tensors)
    scans = range(size if {"lengths", "batch_sizes"} & set(stack.stacked) else 1)
    all_inputs = [Inputs.of_flat([*stack.of(k), *flat[TENSORS:COUNT]]) for k in scans]
    for i in all_inputs:
        check(i)
    return stack, all_inputs[0]


def _structures(stack: _Stack, i: Inputs) -> tuple[Any, Any, list[Any]]:
    """Return the first scan's structure, the distances of all addresses to the next one's, and what must stay alive."""
    first, alive = operators.structure(i)
    apart = Scan()
    for name in stack.stacked:
        part = apart.weights if name in WEIGHTS else apart.shape if name in ("lengths", "batch_sizes") else apart.state
        setattr(part, name, stack.apart(name))
    return first, apart, [*alive, stack]


def _run(name: str, precision: str, size: int, first: Any, apart: Any) -> None:
    first.following, first.ask = size - 1, interruption.address()
    words = [torch.frombuffer(bytearray(bytes(scan)), dtype=torch.int64) for scan in (first, apart)]
    table = words[0] + torch.arange(size)[:, None] * words[1]
    library = operators.library()
    library.check(library.functions[f"{name}_{precision}"](table.data_ptr()), first)


def forward(size: int, stacked: Sequence[bool], flat: Sequence[Any], keep: bool) -> tuple[Tensor, ...]:
    """Compute what `operators.forward` does, for each of `size` scans: all results are stacked."""
    stack, i = _inputs(size, stacked, flat)
    shapes = operators.results(i, keep)
    results = tuple(
        t.new_zeros(size, *t.shape) if i.lengths is not None else t.new_empty(size, *t.shape) for t in shapes
    )
    first, apart, alive = _structures(stack, i)
    for name, result in zip(RESULTS if keep else RESULTS[:3], results, strict=False):
        setattr(first.state, name, result.data_ptr())
        setattr(apart.state, name, result.stride(0) * result.element_size())
    _run("forward", i.precision, size, first, apart)
    del alive
    return results


def backward(
    size: int, stacked: Sequence[bool], flat: Sequence[Any], incoming: Sequence[Any], needed: Sequence[bool]
) -> list[Tensor | None]:
    """Compute what `operators.backward` does, for each of `size` scans: all gradients are stacked.

    `stacked` is also of `incoming`. If `forward` kept nothing, it runs again.
    """
    stack, i = _inputs(size, stacked[:COUNT], flat)
    given = _Stack(INCOMING, stacked[COUNT : COUNT + len(INCOMING)], incoming)
    kept: Any = given.of(0)[INCOMING.index("gates")]
    if kept.dim() != 2 or not kept.numel():
        again = dict(zip(RESULTS, forward(size, stacked, flat, True), strict=True))
        given.all |= {name: again[name] for name in ("output", "gates", "cells")}
        given.stacked = list({*given.stacked, "output", "gates", "cells"})
    operators.check_kept(i, dict(zip(INCOMING, given.of(0), strict=True)))
    first, apart, alive = _structures(stack, i)
    for name, to in zip(INCOMING, ("output", "gates", "cells", "output", "final_h", "final_c"), strict=True):
        tensor = given.all[name]
        if tensor is None:
            continue
        if name not in given.stacked:
            given.all[name] = tensor = tensor.resolve_neg().contiguous()
        part, steps = (first.gradients, apart.gradients) if name.startswith("grad_") else (first.state, apart.state)
        setattr(part, to, tensor.data_ptr())
        setattr(steps, to, given.apart(name))
        if name == "grad_output":
            part.output_step, part.output_row = tensor.stride(int(name in given.stacked)), tensor.stride(-2)
    found: list[Tensor | None] = []
    for name, t, wanted in zip(NAMES, i.differentiable, needed, strict=False):
        if t is None or not wanted:
            found.append(None)
            continue
        exact = t.dtype if first.shape.half and name in MATRICES else i.x.dtype
        gradient = (
            t.new_zeros(size, *t.shape, dtype=exact)
            if i.lengths is not None
            else t.new_empty(size, *t.shape, dtype=exact)
        )
        part, steps = first.gradients, apart.gradients
        if name in WEIGHTS:
            part, steps = part.weights, steps.weights
        setattr(part, name, gradient.data_ptr())
        setattr(steps, name, gradient.stride(0) * gradient.element_size())
        found.append(gradient)
    _run("backward", i.precision, size, first, apart)
    del alive
    kinds = [None if t is None else t.dtype for t in flat[:DIFFERENTIABLE]]
    return [None if g is None else g.to(kind) for g, kind in zip(found, kinds, strict=True)]

"""The compiled scan as PyTorch operators, `foretell::scan` and `foretell::scan_backward`.

They are registered with `torch.library`, so that `torch.compile` and `torch.export` treat each of them as one unit.
They take `Inputs` and run `native/scan/scan.cpp`. For gradients see `foretell.kernels.autograd`.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Mapping, Sequence
from typing import Any, get_type_hints

import torch
from torch import Tensor

from foretell.kernels import native, schema
from foretell.kernels.inputs import COUNT, GATES, MATRICES, NAMES, WEIGHTS, Inputs, check
from foretell.kernels.packed import kept_layer
from foretell.kernels.structures import Scan

_TYPES = {Tensor: "Tensor", Tensor | None: "Tensor?", str: "str", bool: "bool", float: "float"}
_REQUIRED = dict.fromkeys(("weight_ih", "weight_hh"), Tensor)
_HINTS = dict.fromkeys(NAMES, Tensor | None) | get_type_hints(Inputs) | _REQUIRED
_INPUTS = ", ".join(f"{_TYPES[_HINTS[name]]} {name}" for name in NAMES)
_INCOMING = "Tensor output, Tensor gates, Tensor cells, Tensor? grad_output, Tensor? grad_h, Tensor? grad_c"
NUMBERS = {cell: schema.CELL[cell] for cell in schema.CELL.members}
_FIRST, _END = Inputs._fields.index("initial_h"), Inputs._fields.index("lengths")
_STATE = Inputs._fields[_FIRST:_END]
_COMPILED = native.library()


def takes(cell: str, x: Tensor, dtype: torch.dtype) -> bool:
    """Return whether the compiled scan is available and supports this cell, device and dtype of weights."""
    dtypes = (*native.DTYPES, torch.bfloat16)
    return _COMPILED is not None and cell in GATES and x.device.type == "cpu" and dtype in dtypes


def library() -> native.Library:
    """Return the compiled library. Raises RuntimeError if there is none."""
    if _COMPILED is None:
        raise RuntimeError("foretell::scan needs the compiled kernels, which are not installed or are turned off")
    return _COMPILED


def _close(tensor: Tensor) -> Tensor:
    """Return the tensor in contiguous memory, without a pending negation."""
    return tensor.resolve_neg().contiguous()


def structure(i: Inputs) -> tuple[ctypes.Structure, list[Any]]:
    """Fill the structure with the inputs; also return the objects that must stay alive while it is used."""
    x = i.x.resolve_neg()
    x = x if x.stride(-1) == 1 or x.shape[-1] == 1 else x.contiguous()
    scan = Scan()
    scan.threads = torch.get_num_threads()
    shape, weights, state = scan.shape, scan.weights, scan.state
    shape.cell, shape.layer_norm, shape.reverse = NUMBERS[i.cell], i.layer_norm, i.reverse
    shape.steps = x.shape[0] if i.batch_sizes is None else len(i.batch_sizes)
    shape.batch, shape.inputs, shape.hidden, shape.outputs = i.initial_h.shape[0], x.shape[-1], i.hidden, i.outputs
    state.x, state.x_step, state.x_row = x.data_ptr(), x.stride(0), x.stride(-2)
    state.rate_h, state.rate_c = i.rate_h, i.rate_c
    alive = [x]
    shape.half = _stored_as_half(i)
    _point(weights, {n: w if shape.half and n in MATRICES else w.to(x.dtype) for n, w in i.weights.items()}, alive)
    _point(state, dict(zip(_STATE, i[_FIRST:_END], strict=True)), alive)  # type: ignore[arg-type]
    if i.lengths is not None or i.batch_sizes is not None:
        _point(shape, {"lengths": i.lengths, "batch_sizes": i.batch_sizes}, alive)
    return scan, alive


def _stored_as_half(i: Inputs) -> bool:
    """Return whether the compiled scan reads the weight matrices, and leaves their gradients, as bfloat16."""
    return all(w.dtype == torch.bfloat16 for name, w in i.weights.items() if name in MATRICES)


def _point(to: ctypes.Structure, tensors: Mapping[str, Tensor | None], alive: list[Tensor]) -> None:
    """Write the addresses of the tensors that are not None to the fields of the same names."""
    for name, tensor in tensors.items():
        if tensor is not None:
            close = _close(tensor)
            alive.append(close)
            setattr(to, name, close.data_ptr())


def results(i: Inputs, keep: bool) -> tuple[Tensor, ...]:
    """Allocate the outputs, the final states, and what the backward pass needs of every time step."""
    gates, cells = library().sizes(NUMBERS[i.cell], i.layer_norm, i.hidden, i.x.dtype)
    rows, h = i.x.shape[:-1], i.initial_h
    shape = (*rows, h.shape[1])
    output = i.x.new_empty(shape) if i.lengths is None else i.x.new_zeros(shape)
    final_c = h.new_empty(0 if i.initial_c is None else i.initial_c.shape)
    steps = math.prod(rows) if keep else 0
    return output, h.new_empty(h.shape), final_c, h.new_empty((steps, gates)), h.new_empty((steps, cells))


def _gradients(i: Inputs, needed: Sequence[bool], slices: int = 1) -> list[Tensor | None]:
    """Allocate the gradient of each differentiable input that is present and needed."""
    room: list[Tensor | None] = []
    for name, t, wanted in zip(NAMES, i.differentiable, needed, strict=False):
        several = (slices,) if slices > 1 and name in WEIGHTS else ()
        room.append(t.new_empty((*several, *t.shape)) if t is not None and wanted else None)
    if room[0] is not None and i.lengths is not None:
        room[0].zero_()
    return room


def forward(i: Inputs, keep: bool, *, once: bool = False) -> tuple[Tensor, ...]:
    """Compute the outputs, the final h and c (c is empty except for an LSTM), gates and cell states.

    Gates and cell states are for the backward pass, and empty unless `keep`. With `once` the weights are packed only
    once within a `foretell.kernels.packed.packed_weights` block. Raises ValueError for inputs that do not fit each
    other, and MemoryError if memory runs out.
    """
    check(i)
    found = results(i, keep)
    output, final_h, final_c, gates, cells = found
    scan, alive = structure(i)
    state = scan.state
    state.output, state.final_h, state.final_c = output.data_ptr(), final_h.data_ptr(), final_c.data_ptr()
    if keep:
        state.gates, state.cells = gates.data_ptr(), cells.data_ptr()
    kept = kept_layer(library(), i, scan) if once and not keep else None
    if kept is None:
        library().call("forward", i.precision, scan)
    else:
        kept.forward(scan)
    del alive
    return found


def backward(
    i: Inputs,
    output: Tensor,
    gates: Tensor,
    cells: Tensor,
    grad_output: Tensor | None,
    grad_h: Tensor | None,
    grad_c: Tensor | None,
    needed: Sequence[bool],
    slices: int = 1,
) -> list[Tensor | None]:
    """Compute the gradients of the differentiable inputs that are present and `needed`, from the results of `forward`.

    If `forward` kept nothing, it runs again. With `slices`, the batch consists of so many equal parts, one after
    another, and the gradients of weights are those of each part, stacked: for cells without norms and peepholes.
    Raises ValueError for inputs that do not fit each other.
    """
    check(i)
    if not gates.numel():  # no gradient was expected
        output, _, _, gates, cells = forward(i, True)
    kept, incoming = {"output": output, "gates": gates, "cells": cells}, {"final_h": grad_h, "final_c": grad_c}
    check_kept(i, {**kept, "grad_output": grad_output, "grad_h": grad_h, "grad_c": grad_c})
    scan, alive = structure(i)
    found = scan.gradients
    _point(scan.state, kept, alive)
    _point(found, incoming, alive)
    if grad_output is not None:
        grad_output = grad_output.resolve_neg()
        grad_output = grad_output if grad_output.stride(-1) == 1 else grad_output.contiguous()
        found.output = grad_output.data_ptr()
        found.output_step, found.output_row = grad_output.stride(0), grad_output.stride(-2)
    gradients = _gradients(i, needed, slices)
    scan.shape.slices = slices
    weights, rounded = found.weights, []
    for name, gradient in zip(NAMES, gradients, strict=False):
        if gradient is not None:
            exact = gradient if scan.shape.half and name in MATRICES else gradient.to(i.x.dtype)
            if exact is not gradient:
                rounded.append((gradient, exact))
            setattr(weights if name in WEIGHTS else found, name, exact.data_ptr())
    library().call("backward", i.precision, scan)
    del alive
    for gradient, exact in rounded:
        gradient.copy_(exact)
    return gradients


def check_kept(i: Inputs, given: Mapping[str, Tensor | None]) -> None:
    """Raise ValueError for tensors that `forward` cannot have returned, and for gradients that do not match those."""
    gates, cells = library().sizes(NUMBERS[i.cell], i.layer_norm, i.hidden, i.x.dtype)
    steps, outputs = math.prod(i.x.shape[:-1]), (*i.x.shape[:-1], i.outputs)
    expected = {
        "output": outputs,
        "gates": (steps, gates),
        "cells": (steps, cells),
        "grad_output": outputs,
        "grad_h": tuple(i.initial_h.shape),
        "grad_c": None if i.initial_c is None else tuple(i.initial_c.shape),
    }
    for name, tensor in given.items():
        shape = expected[name]
        if tensor is not None and (tensor.shape != shape or tensor.dtype != i.x.dtype or tensor.device != i.x.device):
            raise ValueError(
                f"{name} must be {i.x.dtype} of the shape {shape}, got {tensor.dtype} of {tuple(tensor.shape)}"
            )


def _backward(*arguments: Any) -> list[Tensor]:
    """Run `backward` as an operator, which cannot return None: an absent gradient becomes an empty tensor."""
    i = Inputs.of_flat(arguments[:COUNT])
    return [i.x.new_empty(0) if g is None else g for g in backward(i, *arguments[COUNT:])]


def _forward_fake(*arguments: Any) -> Any:
    return results(Inputs.of_flat(arguments[:COUNT]), arguments[COUNT])


def _backward_fake(*arguments: Any) -> list[Tensor]:
    i = Inputs.of_flat(arguments[:COUNT])
    return [i.x.new_empty(0) if g is None else g for g in _gradients(i, arguments[-1])]


def _register() -> Any:
    open_library: Any = torch.library.Library
    operators = open_library("foretell", "DEF")
    operators.define(f"scan({_INPUTS}, bool keep) -> (Tensor, Tensor, Tensor, Tensor, Tensor)")
    operators.define(f"scan_backward({_INPUTS}, {_INCOMING}, bool[] needed) -> Tensor[]")
    operators.impl("scan", lambda *a: forward(Inputs.of_flat(a[:COUNT]), a[COUNT]), "CPU")
    operators.impl("scan_backward", _backward, "CPU")
    torch.library.register_fake("foretell::scan", _forward_fake, lib=operators, allow_override=False)
    torch.library.register_fake("foretell::scan_backward", _backward_fake, lib=operators, allow_override=False)
    return operators


_REGISTERED = _register()

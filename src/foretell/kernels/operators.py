"""The compiled scan as PyTorch operators, `foretell::scan` and `foretell::scan_backward`.

Registered with `torch.library`, so that `torch.compile` and `torch.export` see each of them whole. They take `Inputs`;
what they compute is `native/scan.h`. Gradients: see `foretell.kernels.autograd`.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from foretell.kernels import native
from foretell.kernels.inputs import COUNT, DIFFERENTIABLE, GATES, TENSORS, Inputs, check

_INPUTS = (
    "Tensor x, Tensor weight_ih, Tensor weight_hh, Tensor? bias_ih, Tensor? bias_hh, Tensor? weight_peephole, "
    "Tensor? ln_ih_weight, Tensor? ln_hh_weight, Tensor? ln_weight, Tensor? ln_bias, Tensor? ln_c_weight, "
    "Tensor? ln_c_bias, Tensor initial_h, Tensor? initial_c, Tensor? recurrent_mask, Tensor? keep_h, Tensor? keep_c, "
    "Tensor? lengths, Tensor? batch_sizes, str cell, bool reverse, float rate_h, float rate_c"
)
_INCOMING = "Tensor output, Tensor gates, Tensor cells, Tensor? grad_output, Tensor? grad_h, Tensor? grad_c"
_IN_STRUCTURE = {"weight_peephole": "peephole", "ln_hh_weight": "ln_weight"}
_COMPILED = native.library()


def takes(cell: str | None, x: Tensor, dtype: torch.dtype) -> bool:
    """Whether the compiled scan is there and knows this cell, device and dtype of weights."""
    return _COMPILED is not None and cell in GATES and x.device.type == "cpu" and dtype in native.DTYPES


def _library() -> native.Library:
    if _COMPILED is None:
        raise RuntimeError("foretell::scan needs the compiled kernels, which are not installed or turned off")
    return _COMPILED


def _structure(i: Inputs) -> tuple[native.Scan, list[Any]]:
    """The structure with everything that is given, and what has to stay alive while it is used."""
    x = i.x if i.x.stride(-1) == 1 or i.x.shape[-1] == 1 else i.x.contiguous()
    given = [None if t is None else t.contiguous() for t in i.tensors[1:]]
    scan = native.Scan(
        cell=list(GATES).index(i.cell),
        layer_norm=i.layer_norm,
        reverse=i.reverse,
        threads=torch.get_num_threads(),
        steps=x.shape[0] if i.batch_sizes is None else len(i.batch_sizes),
        batch=i.initial_h.shape[0],
        inputs=x.shape[-1],
        hidden=i.weight_hh.shape[1],
        x=x.data_ptr(),
        x_step=x.stride(0),
        x_row=x.stride(-2),
        rate_h=i.rate_h,
        rate_c=i.rate_c,
    )
    for name, tensor in zip(Inputs._fields[1:TENSORS], given, strict=True):
        if tensor is not None:
            setattr(scan, _IN_STRUCTURE.get(name, name), tensor.data_ptr())
    return scan, [x, given]


def _results(i: Inputs, keep: bool) -> tuple[Tensor, ...]:
    """Room for the outputs, the final states, and what backward needs of every time step."""
    gates, cells = _library().kept(list(GATES).index(i.cell), i.layer_norm, int(i.weight_hh.shape[1]), i.x.dtype)
    rows, h = i.x.shape[:-1], i.initial_h
    shape = (*rows, h.shape[1])
    output = i.x.new_empty(shape) if i.lengths is None else i.x.new_zeros(shape)
    final_c = h.new_empty(0 if i.initial_c is None else h.shape)
    steps = math.prod(rows) if keep else 0
    return output, h.new_empty(h.shape), final_c, h.new_empty((steps, gates)), h.new_empty((steps, cells))


def _gradients(i: Inputs, grad_x: bool) -> list[Tensor]:
    """Room for the gradient of each differentiable input, none for those that are absent."""
    room = [i.x.new_empty(0 if t is None else t.shape) for t in i.differentiable]
    if not grad_x:
        room[0] = i.x.new_empty(0)
    elif i.lengths is not None:
        room[0] = i.x.new_zeros(i.x.shape)
    return room


def _forward(*arguments: Any) -> tuple[Tensor, ...]:
    i, keep = Inputs(*arguments[:COUNT]), arguments[COUNT]
    check(i)
    results = _results(i, keep)
    output, final_h, final_c, gates, cells = results
    scan, alive = _structure(i)
    scan.output, scan.final_h, scan.final_c = output.data_ptr(), final_h.data_ptr(), final_c.data_ptr()
    if keep:
        scan.gates, scan.cells = gates.data_ptr(), cells.data_ptr()
    _library().call("forward", i.x.dtype, scan)
    del alive
    return results


def _backward(*arguments: Any) -> list[Tensor]:
    i = Inputs(*arguments[:COUNT])
    output, gates, cells, grad_output, grad_h, grad_c, grad_x = arguments[COUNT:]
    check(i)
    gradients = _gradients(i, grad_x)
    scan, alive = _structure(i)
    scan.output, scan.gates, scan.cells = output.data_ptr(), gates.data_ptr(), cells.data_ptr()
    if grad_output is not None:
        grad_output = grad_output if grad_output.stride(-1) == 1 else grad_output.contiguous()
        scan.grad_output = grad_output.data_ptr()
        scan.grad_output_step, scan.grad_output_row = grad_output.stride(0), grad_output.stride(-2)
    final = [None if g is None else g.contiguous() for g in (grad_h, grad_c)]
    scan.grad_final_h, scan.grad_final_c = (None if g is None else g.data_ptr() for g in final)
    for name, gradient in zip(Inputs._fields[:DIFFERENTIABLE], gradients, strict=True):
        if gradient.numel():
            setattr(scan, f"grad_{_IN_STRUCTURE.get(name, name)}", gradient.data_ptr())
    _library().call("backward", i.x.dtype, scan)
    del alive, final
    return gradients


def _register() -> Any:
    open_library: Any = torch.library.Library
    library = open_library("foretell", "DEF")
    library.define(f"scan({_INPUTS}, bool keep) -> (Tensor, Tensor, Tensor, Tensor, Tensor)")
    library.define(f"scan_backward({_INPUTS}, {_INCOMING}, bool grad_x) -> Tensor[]")
    library.impl("scan", _forward, "CPU")
    library.impl("scan_backward", _backward, "CPU")
    torch.library.register_fake(
        "foretell::scan", lambda *a: _results(Inputs(*a[:COUNT]), a[COUNT]), lib=library, allow_override=False
    )
    torch.library.register_fake(
        "foretell::scan_backward", lambda *a: _gradients(Inputs(*a[:COUNT]), a[-1]), lib=library, allow_override=False
    )
    return library


_REGISTERED = _register()

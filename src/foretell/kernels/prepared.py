"""Scans that are prepared once for many calls: checks, sizes and addresses of weights are kept.

To check a small scan's arguments and fill its structure anew at every call would take longer than the scan.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad

from foretell.kernels import autograd, interruption, operators
from foretell.kernels.inputs import MATRICES, WEIGHTS, Inputs, check
from foretell.kernels.structures import Scan

Addresses = tuple[int | None, int | None]


class _Function:
    """A compiled function and the structures that wait for the next call of it, as several threads may make one."""

    def __init__(self, name: str, i: Inputs) -> None:
        self._template = bytes(operators.structure(i)[0])
        self._library = operators.library()
        self._call = self._library.functions[f"{name}_{i.precision}"]
        self._idle: list[tuple[ctypes.Structure, Any, Any]] = []

    def structure(self) -> tuple[ctypes.Structure, Any, Any]:
        """Return a structure, its state, and what the function takes."""
        try:
            return self._idle.pop()
        except IndexError:
            scan = Scan.from_buffer_copy(self._template)
            return scan, scan.state, ctypes.byref(scan)

    def __call__(self, structure: tuple[ctypes.Structure, Any, Any]) -> None:
        scan = structure[0]
        scan.threads, scan.ask = torch.get_num_threads(), interruption.address()
        failure = self._call(structure[2])
        self._idle.append(structure)
        if failure:
            self._library.check(failure, scan)


class PreparedScan:
    """A scan of padded batches of one form, whose weights stay where they are in memory.

    It does not hold the weights: whoever runs it must know that they are still there. In half precision the scan itself
    takes and gives float32; `differentiable` converts inputs, states and weights that are bfloat16.
    """

    def __init__(self, i: Inputs) -> None:
        """Take the form of the inputs. Raises ValueError for inputs that do not fit each other."""
        check(i)
        self._forward, self._backward = _Function("forward", i), _Function("backward", i)
        self.cell, self.reverse, self.rates, self.half = i.cell, i.reverse, (i.rate_h, i.rate_c), i.half
        self.names = tuple(i.weights)
        """The weights, in the order in which `differentiable` takes them."""
        self._converted = tuple(name for name, w in i.weights.items() if w.dtype != i.x.dtype and name not in MATRICES)
        self._output = (*i.x.shape[:-1], i.outputs)
        self._final = [(1, *i.initial_h.shape)] + ([] if i.initial_c is None else [(1, *i.initial_c.shape)])
        self._kept = operators.library().sizes(operators.NUMBERS[i.cell], i.layer_norm, i.hidden, i.x.dtype)
        self._rows = math.prod(i.x.shape[:-1])

    def run(
        self,
        x: int,
        strides: tuple[int, int],
        initial: Addresses,
        output: int,
        final: Addresses,
        kept: Addresses = (None, None),
        lengths: int | None = None,
        weights: Sequence[Tensor] = (),
    ) -> None:
        """Scan the input at the address `x` with these strides of time steps and sequences.

        The others are addresses too; a state of None is zero. `kept` is room for the backward pass, `lengths` those of
        a ragged batch, from 0 to T; its outputs past a length stay as they are. `weights` are all, where some of them
        are to be converted. Raises MemoryError if memory runs out.
        """
        structure = self._forward.structure()
        state = structure[1]
        state.x, (state.x_step, state.x_row) = x, strides
        state.initial_h, state.initial_c = initial
        state.output, (state.final_h, state.final_c) = output, final
        state.gates, state.cells = kept
        structure[0].shape.lengths = lengths
        alive = self._single(weights) if self._converted else ()
        for name in self._converted:
            setattr(structure[0].weights, name, alive[self.names.index(name)].data_ptr())
        self._forward(structure)

    def converted(self, t: Any) -> Any:
        """Return an input, a state or a gradient, if there is one, in the type in which the scan takes it."""
        return t.float() if self.half and t is not None else t

    def _single(self, weights: Sequence[Tensor]) -> Sequence[Tensor]:
        """Return the weights as the compiled scan takes them: all but bfloat16 matrices in the type of x."""
        if not self._converted:
            return weights
        return [w.float() if n in self._converted else w for n, w in zip(self.names, weights, strict=True)]

    def differentiable(
        self,
        x: Tensor,
        initial_h: Tensor | None,
        initial_c: Tensor | None,
        weights: Sequence[Tensor],
        lengths: Tensor | None = None,
        dtypes: Sequence[torch.dtype] | None = None,
    ) -> tuple[Tensor, ...]:
        """Compute outputs `(T, B, R)` and the final state `(1, B, .)`, differentiable any number of times.

        `x` is `(T, B, I)` with features side by side, the initial state `(1, B, .)` or None for zeros.
        `lengths` `(B,)` are those of a ragged batch. `dtypes` are those of the results, by default that of the scan.
        """
        given = (self, lengths, dtypes, x, initial_h, initial_c, *weights)
        results: tuple[Tensor, ...] = _Scan.apply(*given)  # type: ignore[no-untyped-call]
        return results


class _Scan(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, scan: PreparedScan, lengths: Tensor | None, dtypes: Any, *tensors: Any) -> tuple[Tensor, ...]:
        weights = tensors[3:]
        x, h, c = map(scan.converted, tensors[:3])
        output = x.new_empty(scan._output) if lengths is None else x.new_zeros(scan._output)
        final = [x.new_empty(shape) for shape in scan._final]
        gates, cells = (x.new_empty(scan._rows, size) if size else None for size in scan._kept)
        scan.run(
            x.data_ptr(),
            (x.stride(0), x.stride(1)),
            (_address(h), _address(c)),
            output.data_ptr(),
            (final[0].data_ptr(), final[-1].data_ptr()),
            (_address(gates), _address(cells)),
            _address(lengths),
            weights,
        )
        ctx.scan = scan
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(lengths, *tensors[:3], output, gates, cells, *weights)
        if dtypes is None:
            return output, *final
        return tuple(t.to(dtype) for t, dtype in zip((output, *final), dtypes, strict=True))

    @staticmethod
    def backward(ctx: Any, *incoming: Tensor | None) -> tuple[Tensor | None, ...]:
        scan = ctx.scan
        lengths, x, h, c, output, gates, cells, *weights = ctx.saved_tensors
        needed = ctx.needs_input_grad[3:]
        differentiated_again = torch.is_grad_enabled()
        call = _exactly_again if differentiated_again else _gradients
        given = (*map(scan.converted, (x, h, c)), lengths)
        grads = tuple(map(scan.converted, incoming))
        found = call(scan, given, weights, (output, gates, cells), grads, needed)
        if scan.half:
            types = (t if t is None else t.dtype for t in (x, h, c, *weights))
            found = [g if g is None else g.to(dtype) for g, dtype in zip(found, types, strict=True)]
        return None, None, None, *found


def _address(t: Tensor | None) -> int | None:
    return None if t is None else t.data_ptr()


def _gradients(
    scan: PreparedScan, given: Any, weights: Any, results: Any, incoming: Any, needed: Any
) -> list[Tensor | None]:
    x, h, c, lengths = given
    weights = scan._single(weights)
    found = [t.new_empty(t.shape) if n else None for t, n in zip((x, h, c, *weights), needed, strict=True)]
    if lengths is not None and found[0] is not None:
        found[0].zero_()
    structure = scan._backward.structure()
    state, gradients = structure[1], structure[0].gradients
    state.x, (state.x_step, state.x_row) = x.data_ptr(), x.stride()[:2]
    state.initial_h, state.initial_c = _address(h), _address(c)
    state.output, state.gates, state.cells = map(_address, results)
    structure[0].shape.lengths = _address(lengths)
    grad_output, *grad_final = incoming
    if grad_output is not None:
        grad_output = grad_output.resolve_neg()
        if grad_output.stride(-1) != 1:
            grad_output = grad_output.contiguous()
        gradients.output_step, gradients.output_row = grad_output.stride()[:2]
    gradients.output = _address(grad_output)
    grad_final = [None if g is None else g.resolve_neg().contiguous() for g in grad_final]
    gradients.final_h, gradients.final_c = _address(grad_final[0]), _address(grad_final[-1])
    addresses = list(map(_address, found))
    gradients.x, gradients.initial_h, gradients.initial_c = addresses[:3]
    of_weights, wanted = structure[0].weights, gradients.weights
    for name, weight, gradient in zip(scan.names, weights, addresses[3:], strict=True):
        setattr(of_weights, name, weight.data_ptr())
        setattr(wanted, name, gradient)
    scan._backward(structure)
    return found


def _exactly_again(*arguments: Any) -> list[Tensor | None]:
    """Run `_again` without autocast, under which the twin's products would be rounded once more."""
    with torch.autocast("cpu", enabled=False):
        return _again(*arguments)


def _again(
    scan: PreparedScan, given: Any, weights: Any, results: Any, incoming: Any, needed: Any
) -> list[Tensor | None]:
    """Compute gradients that are differentiable."""
    x, h, c, lengths = given
    zeros = [x.new_zeros(shape) if s is None else s for s, shape in zip((h, c), scan._final, strict=False)]
    initial = [s[0] for s in zeros]
    rate_h, rate_c = scan.rates
    i = Inputs(
        scan.cell,
        x,
        dict(zip(scan.names, weights, strict=True)),
        initial[0],
        initial[1] if len(initial) > 1 else None,
        lengths=lengths,
        reverse=scan.reverse,
        rate_h=rate_h,
        rate_c=rate_c,
        half=scan.half,
    )
    output, gates, cells = results
    grad_output, *grad_final = (None if g is None else g for g in incoming)
    grad_h, grad_c = (None if g is None else g[0] for g in (*grad_final, None)[:2])
    cells = x.new_empty(scan._rows, 0) if cells is None else cells
    wanted = dict(zip(("x", "initial_h", "initial_c", *scan.names), needed, strict=True))
    leading = ("x", *WEIGHTS, "initial_h", "initial_c")
    found = autograd.differentiable_gradients(
        i, output, gates, cells, grad_output, grad_h, grad_c, [wanted.get(name, False) for name in leading]
    )
    by_name = dict(zip(leading, found, strict=True))
    states = {name: None if (g := by_name[name]) is None else g[None] for name in ("initial_h", "initial_c")}
    by_name |= states
    return [by_name[name] if n else None for name, n in wanted.items()]


def watched() -> bool:
    """Return whether something watches or transforms what runs now, so that it needs operators."""
    return bool(
        torch._C._len_torch_dispatch_stack()
        or torch._C._are_functorch_transforms_active()
        or torch._C._get_tracing_state()
        or forward_ad._current_level >= 0
    )


def lies_plain(tensor: Tensor) -> bool:
    """Return whether a tensor's values lie in contiguous memory of the CPU as they are."""
    return tensor.is_cpu and tensor.is_contiguous() and not tensor.is_neg()

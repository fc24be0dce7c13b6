"""The layers of a WaveNet over whole sequences in compiled code, with their gradients (`native/wavenet/stack.h`).

Sequences have contiguous channels, `(B, T, C)`: a time step is a row. First derivatives are compiled too; further ones
come from the twin in `foretell.kernels.wavenet_reference`.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from ctypes import c_int64, c_void_p
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd import forward_ad

from foretell.kernels import native, wavenet_reference
from foretell.kernels.eager import plain
from foretell.kernels.structures import WaveNetStack
from foretell.kernels.wavenet_reference import LayerWeights

# With fewer, packing the weights and copying the past would cost more than the products.
_FEWEST_STEPS = 8
# Fewer multiplications are not worth waking other threads.
_FEW_MULTIPLICATIONS = 4e5


class Local(NamedTuple):
    """Conditioning that differs from step to step."""

    values: Tensor
    """(B, T, L)"""
    projections: list[Tensor]
    """(2R, L) for each layer: rows of the filter before those of the gate."""


def takes(
    x: Tensor, weights: Sequence[LayerWeights], extras: Sequence[Tensor | None], local: Local | None = None
) -> bool:
    """Return whether the compiled code is available and supports `x` `(B, T, R)`, these weights and conditioning."""
    if x.device.type != "cpu" or x.dtype not in native.DTYPES or x.shape[1] < _FEWEST_STEPS:
        return False
    if torch.compiler.is_compiling() or forward_ad._current_level >= 0 or torch.is_autocast_enabled("cpu"):
        return False
    tensors = [x, *(t for layer in weights for t in layer), *(e for e in extras if e is not None), *_flat(local)]
    alike = all(t.dtype == x.dtype and t.device == x.device for t in tensors)
    return alike and plain(*tensors) and native.library() is not None


def _flat(local: Local | None) -> list[Tensor]:
    return [] if local is None else [local.values, *local.projections]


def run(
    x: Tensor,
    pasts: Sequence[Tensor],
    dilations: Sequence[int],
    weights: Sequence[LayerWeights],
    extras: Sequence[Tensor | None],
    local: Local | None = None,
) -> tuple[Tensor, list[Tensor]]:
    """Compute the skip sum `(B, T, S)` of all layers, and each layer's inputs `(B, n + T, R)`, detached.

    `x` `(B, T, R)` is the first layer's input. `pasts` are the preceding inputs, `(B, n, R)` with n = (kernel - 1)
    dilation, through which no gradient flows. `extras`, `(B, T, 2R)` or `(B, 1, 2R)` each, and what the projections of
    `local` give are added to filter and gate.
    """
    flat = [t for layer in weights for t in layer]
    tensors = [x, *flat, *(e for e in extras if e is not None), *_flat(local)]
    keep = torch.is_grad_enabled() and any(t.requires_grad for t in tensors)
    plan = _Plan(tuple(dilations), len(weights), list(pasts), keep)
    skips: Tensor = _Stack.apply(plan, x, *flat, *extras, *_flat(local))  # type: ignore[no-untyped-call]
    # Hooks on saved tensors, such as checkpointing, need this to be the only reference to them.
    inputs, plan.inputs = plan.inputs, []
    return skips, inputs


@dataclass(eq=False)
class _Plan:
    """The arguments of a call besides tensors with gradients, and its results besides the skip sum."""

    dilations: tuple[int, ...]
    layers: int
    pasts: list[Tensor]
    keep: bool
    """True if there will be a backward pass."""
    inputs: list[Tensor] = field(default_factory=list)

    def split(self, flat: Sequence[Any]) -> tuple[list[LayerWeights], list[Tensor | None], Local | None]:
        """Split the arguments after `x` into weights, extras and local conditioning."""
        size = len(LayerWeights._fields)
        weights = [LayerWeights(*flat[k * size : (k + 1) * size]) for k in range(self.layers)]
        extras, local = list(flat[self.layers * size :][: self.layers]), flat[self.layers * (size + 1) :]
        return weights, extras, Local(local[0], list(local[1:])) if local else None


class _Stack(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, plan: _Plan, x: Tensor, *flat: Any) -> Tensor:
        weights, extras, local = plan.split(flat)
        call = _Call(x, plan, weights, extras, local)
        kernel = weights[0].gated.shape[2]
        batch, steps, channels = x.shape
        for past, dilation in zip(plan.pasts, plan.dilations, strict=True):
            inputs = x.new_empty(batch, (kernel - 1) * dilation + steps, channels)
            inputs[:, : past.shape[1]] = past
            plan.inputs.append(inputs)
        plan.inputs[0][:, plan.pasts[0].shape[1] :] = x
        room = None if plan.keep else call.gates_like(x)
        gates = [call.gates_like(x) if room is None else room for _ in weights]
        skips = x.new_empty(batch, steps, call.skip)
        call.run("forward", x=plan.inputs, gates=gates, skips=skips)
        ctx.plan = plan
        ctx.save_for_backward(x, *flat, *plan.inputs, *gates)
        return skips

    @staticmethod
    def backward(ctx: Any, grad_skips: Tensor) -> Any:
        plan: _Plan = ctx.plan
        kept = 2 * plan.layers
        x, *flat = ctx.saved_tensors[:-kept]
        inputs, gates = ctx.saved_tensors[-kept : -plan.layers], ctx.saved_tensors[-plan.layers :]
        if _batched(grad_skips):
            raise NotImplementedError(
                "a WaveNet's compiled layers do not compute many gradients at once (is_grads_batched, vectorize=True): "
                "use torch.func, or set FORETELL_KERNELS=reference"
            )
        if torch.is_grad_enabled():  # the gradients will be differentiated again
            return None, *_by_the_twin(plan, x, flat, grad_skips, ctx.needs_input_grad[1:])
        weights, extras, local = plan.split(flat)
        call = _Call(x, plan, weights, extras, local)
        first = 2 + len(LayerWeights._fields) * plan.layers  # of the extras among the arguments
        needed = ctx.needs_input_grad[first : first + plan.layers]
        wanted = [t is not None and need for t, need in zip(extras, needed, strict=True)]
        g = call.gradients(wanted, local is not None and ctx.needs_input_grad[first + plan.layers])
        call.run("backward", x=inputs, gates=gates, grad_skips=grad_skips.contiguous(), **g)
        found: list[Tensor | None] = [g["grad_x"]]
        for k in range(plan.layers):
            rows = [] if k == plan.layers - 1 else [k]
            mixed = [*(g["grad_residual"][r] for r in rows), g["grad_skip"][k]]
            bias = [*(g["grad_residual_bias"][r] for r in rows), g["grad_skip_bias"][k]]
            gated = g["grad_gated"][k].permute(1, 2, 0)
            found += [gated, g["grad_gated_bias"][k], torch.cat(mixed)[:, :, None], torch.cat(bias)]
        found += [call.of_extra(grad, extra) for grad, extra in zip(g["grad_extra"], extras, strict=True)]
        if local is not None:
            found += [g["grad_local"], *g["grad_local_weights"]]
        return None, *found


def _batched(t: Tensor) -> bool:
    """Return whether this is a batched tensor of `torch.vmap`, which has no memory of its own."""
    try:
        t.data_ptr()
    except RuntimeError:
        return True
    return False


def _by_the_twin(plan: _Plan, x: Tensor, flat: list[Any], grad: Tensor, needed: Sequence[bool]) -> list[Tensor | None]:
    # Aliases stop differentiation at the arguments, one of which may be a function of another.
    tensors = [None if t is None else t.view_as(t) for t in (x, *flat)]
    weights, extras, local = plan.split(tensors[1:])
    pasts = [past.transpose(1, 2) for past in plan.pasts]
    if local is not None:
        told = [local.values @ projection.t() for projection in local.projections]
        extras = [own if e is None else own + e for own, e in zip(told, extras, strict=True)]
    tall = [None if e is None else e.transpose(1, 2) for e in extras]
    assert tensors[0] is not None
    skips = wavenet_reference.stack(tensors[0].transpose(1, 2), pasts, plan.dilations, weights, tall)
    asked = [i for i, need in enumerate(needed) if need and tensors[i] is not None]
    wanted: list[Any] = [tensors[i] for i in asked]
    gradients = torch.autograd.grad(skips.transpose(1, 2), wanted, grad, create_graph=True, allow_unused=True)
    by_index = dict(zip(asked, gradients, strict=True))
    return [by_index.get(i) for i in range(len(tensors))]


def _check_shapes(weights: Sequence[LayerWeights], residual: int, skip: int, kernel: int) -> None:
    for k, own in enumerate(weights):
        rows = skip + (residual if k < len(weights) - 1 else 0)
        due = ((2 * residual, residual, kernel), (2 * residual,), (rows, residual, 1), (rows,))
        for name, tensor, shape in zip(LayerWeights._fields, own, due, strict=True):
            if tuple(tensor.shape) != shape:
                raise ValueError(f"{name} of layer {k} must have the shape {shape}, got {tuple(tensor.shape)}")


def _check_local(local: Local, rows: tuple[int, int], gates: int) -> None:
    size = local.values.shape[2]
    if tuple(local.values.shape[:2]) != rows:
        raise ValueError(f"local must have the shape {(*rows, size)}, got {tuple(local.values.shape)}")
    for k, projection in enumerate(local.projections):
        if tuple(projection.shape) != (gates, size):
            raise ValueError(f"projection {k} must have the shape {(gates, size)}, got {tuple(projection.shape)}")


class _Call:
    """One call of the compiled code: its sizes, and everything that is passed to it by address."""

    def __init__(
        self,
        x: Tensor,
        plan: _Plan,
        weights: Sequence[LayerWeights],
        extras: Sequence[Tensor | None],
        local: Local | None,
    ) -> None:
        library = native.library()
        assert library is not None
        self._library = library
        self._like = x
        self._plan = plan
        self._held: list[Any] = []
        self.batch, self.steps, self.residual = x.shape
        self.kernel = weights[0].gated.shape[2]
        self.skip = weights[-1].mixed.shape[0]
        _check_shapes(weights, self.residual, self.skip, self.kernel)
        self._given = {name: self._addresses([getattr(w, name) for w in weights]) for name in LayerWeights._fields}
        extra_steps = {e.shape[1] for e in extras if e is not None} or {1}
        assert len(extra_steps) == 1
        self._given |= {"extra": self._addresses(extras), "extra_steps": extra_steps.pop()}
        self._local_size = 0
        if local is not None:
            self._local_size = local.values.shape[2]
            _check_local(local, (self.batch, self.steps), 2 * self.residual)
            self._held.append(local.values.detach().contiguous())
            self._given |= {"local": self._held[-1].data_ptr(), "local_weights": self._addresses(local.projections)}

    @property
    def _units(self) -> tuple[int, int]:
        """The number of vectors of units, and the number of lanes per vector."""
        lanes = native.VECTOR_BYTES[self._library.instruction_set] // self._like.element_size()
        return -(-self.residual // lanes), lanes

    def gates_like(self, x: Tensor) -> Tensor:
        """Allocate `(B, T, units, 2, lanes)` for a layer's gates or their gradients."""
        units, lanes = self._units
        return x.new_empty(self.batch, self.steps, units, 2, lanes)

    def gradients(self, wanted: Sequence[bool], local_wanted: bool) -> dict[str, Any]:
        """Allocate the gradients, by the structure's names; `wanted` of each extra, and whether of the local values."""
        new, r, s = self._like.new_empty, self.residual, self.skip
        layers, local = range(self._plan.layers), self._local_size
        return {
            "grad_x": new(self.batch, self.steps, r),
            "grad_gated": [new(self.kernel, 2 * r, r) for _ in layers],
            "grad_gated_bias": [new(2 * r) for _ in layers],
            "grad_residual": [new(r, r) for _ in layers],
            "grad_residual_bias": [new(r) for _ in layers],
            "grad_skip": [new(s, r) for _ in layers],
            "grad_skip_bias": [new(s) for _ in layers],
            "grad_extra": [self.gates_like(self._like) if want else None for want in wanted],
            "grad_local": new(self.batch, self.steps, local) if local_wanted else None,
            "grad_local_weights": [new(2 * r, local) for _ in layers] if local else [],
        }

    def of_extra(self, gates: Tensor | None, extra: Tensor | None) -> Tensor | None:
        """Compute the gradient of the conditioning, `(B, T, 2R)` or `(B, 1, 2R)`, from that of the gates in blocks."""
        if gates is None or extra is None:
            return None
        if extra.shape[1] == 1:
            gates = gates.sum(1, keepdim=True)
        rows = gates.transpose(2, 3).reshape(*gates.shape[:2], 2, -1)[..., : self.residual]
        return rows.reshape(*rows.shape[:2], -1)

    def run(self, name: str, **tensors: Any) -> None:
        """Call `forward` or `backward`. Raises MemoryError if there was not enough memory."""
        plan = self._plan
        dilations = (c_int64 * plan.layers)(*plan.dilations)
        work = self.batch * self.steps * self.residual * self.residual * self.kernel * plan.layers
        structure = WaveNetStack(
            layers=plan.layers,
            residual=self.residual,
            skip=self.skip,
            kernel=self.kernel,
            batch=self.batch,
            steps=self.steps,
            threads=1 if work < _FEW_MULTIPLICATIONS else torch.get_num_threads(),
            dilations=ctypes.addressof(dilations),
            **self._given,
            local_size=self._local_size,
            **{key: self._address(value) for key, value in tensors.items()},
        )
        function = self._library.wavenet[f"{name}_{native.DTYPES[self._like.dtype]}"]
        if function(ctypes.byref(structure)):
            raise MemoryError(f"foretell: not enough memory for {plan.layers} layers of {self.steps} time steps")

    def _address(self, given: Tensor | Sequence[Tensor | None] | None) -> int | None:
        if given is None:
            return None
        return given.data_ptr() if isinstance(given, Tensor) else self._addresses(given)

    def _addresses(self, tensors: Sequence[Tensor | None]) -> int:
        held = [None if t is None else t.detach().contiguous() for t in tensors]
        array = (c_void_p * len(held))(*(None if t is None else t.data_ptr() for t in held))
        self._held += [held, array]
        return ctypes.addressof(array)

"""Generating with a WaveNet, many time steps in one native call.

The compiled code (`native/wavenet`) keeps the weights, packed, and what each layer remembers; it samples as it goes.
The interpreter's lock is released during a call.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Sequence
from ctypes import c_int64, c_void_p
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from foretell.errors import OutputsError
from foretell.kernels import native, schema
from foretell.kernels.structures import WaveNetCall, WaveNetNetwork

HEADS = schema.HEAD_KIND
"""The heads that the compiled code samples from."""
_WEIGHTS = ("gated", "gated_bias", "mixed", "mixed_bias")
"""Those that each layer has."""


_MOST_PADDING = 32
_MOST_FLOATS = 2**58
"""Sizes beyond it would overflow on their way to memory."""


@dataclass(frozen=True, eq=False)
class Weights:
    """A network's weights as `foretell.nn.WaveNet` has them, one entry of the lists a layer.

    `input` (R, inputs), `gated` (2R, R, kernel), `mixed` (R + S, R) or, of the last layer, (S, R), `hidden` (S, S),
    `output` (outputs, S), each with its bias; `constants` (B, layers, 2R) is what the global conditioning adds.
    """

    dilations: Sequence[int]
    input: Tensor
    input_bias: Tensor
    gated: Sequence[Tensor]
    gated_bias: Sequence[Tensor]
    mixed: Sequence[Tensor]
    mixed_bias: Sequence[Tensor]
    hidden: Tensor
    hidden_bias: Tensor
    output: Tensor
    output_bias: Tensor
    constants: Tensor | None


@dataclass(frozen=True)
class HeadKind:
    """What the compiled code has to know of a head."""

    name: str
    bits: int = 0
    least_log_scale: float = 0.0
    greatest_log_scale: float = 0.0
    log_widths: Tensor | None = None
    """(outputs,) of levels, whose density has the temperature."""


@dataclass(frozen=True)
class Chance:
    """How to draw: a temperature above 0, `top_k` 0 and `top_p` 1 for no such limits."""

    temperature: float
    top_k: int
    top_p: float


class CompiledWaveNet:
    """A generator in compiled code, of `batch` streams, that keeps matrices as `kept`, of `schema.WEIGHT_KIND`.

    Raises MemoryError where the memory does not suffice.
    """

    def __init__(self, weights: Weights, batch: int, head: HeadKind, *, kept: str) -> None:
        library = native.library()
        assert library is not None
        self._library = library
        self.batch, self.kept = batch, kept
        self._quantised = head.name == "categorical"
        self._residual, inputs = weights.input.shape
        self._levels = int(inputs)
        self._layers = len(weights.gated)
        self._lock = threading.Lock()
        self._kernel, self._dilations = kernel, dilations = weights.gated[0].shape[2], tuple(weights.dilations)
        remembered = sum((kernel - 1) * dilation + 1 for dilation in dilations)
        if batch * remembered * (self._residual + _MOST_PADDING) >= _MOST_FLOATS:
            raise MemoryError(f"foretell: not enough memory to generate {batch} streams")
        held: list[Any] = []

        def address(t: Tensor | None) -> int | None:
            if t is None:
                return None
            held.append(t.detach().to(dtype=torch.float32, device="cpu").contiguous())
            return int(held[-1].data_ptr())

        def addresses(tensors: Sequence[Tensor]) -> int:
            held.append((c_void_p * len(tensors))(*(address(t) for t in tensors)))
            return ctypes.addressof(held[-1])

        held.append((c_int64 * self._layers)(*weights.dilations))
        network = WaveNetNetwork(
            inputs=inputs,
            residual=self._residual,
            skip=weights.hidden.shape[0],
            outputs=weights.output.shape[0],
            layers=self._layers,
            kernel=kernel,
            batch=batch,
            threads=torch.get_num_threads(),
            dilations=ctypes.addressof(held[-1]),
            input=address(weights.input),
            input_bias=address(weights.input_bias),
            **{name: addresses(getattr(weights, name)) for name in _WEIGHTS},
            **{name: address(getattr(weights, name)) for name in ("hidden", "hidden_bias", "output", "output_bias")},
            constants=address(weights.constants),
            weights=schema.WEIGHT_KIND[kept],
            head=HEADS[head.name],
            bits=head.bits,
            least_log_scale=head.least_log_scale,
            greatest_log_scale=head.greatest_log_scale,
            log_widths=address(head.log_widths),
        )
        self._handle: int | None = library.wavenet["create"](ctypes.byref(network))
        if self._handle is None:
            raise MemoryError(f"foretell: not enough memory to generate {batch} streams")

    def set_past(self, rings: Sequence[Tensor], steps: int) -> None:
        """Go on after `steps` time steps; `rings` (B, R, (kernel - 1) dilation) a layer, as in a `WaveNetState`."""
        with self._lock:
            for layer, ring in enumerate(rings):
                kept = ring.detach().to(dtype=torch.float32, device="cpu").contiguous()
                self._library.wavenet["set_past"](self._handle, layer, kept.data_ptr(), steps)

    def forget(self) -> None:
        """Go on as a new generator begins: with zeros before the first time step."""
        kept = [(self._kernel - 1) * dilation for dilation in self._dilations]
        # Step 0 would leave the rings as they are; the time at which all of them are full does not.
        self.set_past([torch.zeros(self.batch, self._residual, size) for size in kept], max(kept))

    def run(
        self,
        before: Tensor,
        uniforms: Tensor,
        chance: Chance,
        local: Tensor | None,
        temperatures: Tensor | None = None,
    ) -> Tensor:
        """The next values (B, T), after the values `before` (B,), by chance `uniforms` (T, B, 2) in [0, 1).

        Values are levels, int64, or float32, by the head. `local` (T, B, layers, 2R) is what local conditioning adds;
        `temperatures` (T,) are in place of that of `chance`.
        """
        steps = uniforms.shape[0]
        kind = torch.int64 if self._quantised else torch.float32
        values = torch.empty(self.batch, steps, dtype=kind, device="cpu")
        before = before.to(values.dtype).contiguous()
        uniforms = uniforms.contiguous()
        local = None if local is None else local.detach().contiguous()
        if uniforms.dtype != torch.float32 or (local is not None and local.dtype != torch.float32):
            raise TypeError("uniforms and local must be float32")
        if tuple(uniforms.shape) != (steps, self.batch, 2) or before.shape != (self.batch,):
            raise ValueError(f"uniforms {tuple(uniforms.shape)} and before {tuple(before.shape)} do not fit")
        if self._quantised and not (int(before.min()) >= 0 and int(before.max()) < self._levels):
            raise ValueError(f"levels must be from 0 to {self._levels - 1}, got {before.tolist()}")
        if temperatures is not None:
            temperatures = temperatures.to(torch.float32).contiguous()
            if tuple(temperatures.shape) != (steps,):
                raise ValueError(f"temperatures has the shape {tuple(temperatures.shape)}")
        if local is not None and tuple(local.shape) != (steps, self.batch, self._layers, 2 * self._residual):
            raise ValueError(f"local has the shape {tuple(local.shape)}")
        name = "levels" if self._quantised else "scalars"
        call = WaveNetCall(
            steps=steps,
            threads=torch.get_num_threads(),
            uniforms=uniforms.data_ptr(),
            local=None if local is None else local.data_ptr(),
            temperature=chance.temperature,
            temperatures=None if temperatures is None else temperatures.data_ptr(),
            top_k=chance.top_k,
            top_p=chance.top_p,
            **{f"{name}_before": before.data_ptr(), name: values.data_ptr()},
        )
        with self._lock:  # two Python threads must not be in one generator
            failure = self._library.wavenet["run"](self._handle, ctypes.byref(call))
        if failure == 2:
            raise OutputsError
        if failure:
            raise MemoryError(f"foretell: not enough memory to generate {steps} steps of {self.batch} streams")
        return values

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise TypeError("a generator cannot be copied or pickled: make another one from the network")

    def __del__(self) -> None:
        handle = getattr(self, "_handle", None)
        if handle is not None:
            self._library.wavenet["destroy"](handle)

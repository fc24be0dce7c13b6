"""Decoding in compiled code: many tokens, or one step of a beam search, in one native call.

The compiled code (`native/decoder`) runs the whole network: embedding, recurrent layers, attention, head and the choice
of tokens. The interpreter's lock is released during a call. The Python equivalent is `foretell.nn.decoding` with a
network's own `step`.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from foretell.errors import OutputsError
from foretell.kernels import native
from foretell.kernels.eager import plain
from foretell.kernels.inputs import Inputs, check
from foretell.kernels.operators import structure
from foretell.kernels.structures import DecoderCall, DecoderExpansion, DecoderNetwork, Scan


@dataclass(frozen=True, eq=False)
class Attended:
    """Attention with scores query . key, followed by tanh(weight [context; query] + bias).

    `memory` (B, S, D), `keys` (B, S, F), `mask` (B, S) bool, `weight` (F, D + F), `bias` (F,).
    """

    memory: Tensor
    keys: Tensor
    mask: Tensor | None
    weight: Tensor
    bias: Tensor | None


@dataclass(frozen=True, eq=False)
class Parts:
    """A network that predicts a token from the previous one, and its state for B sequences.

    `embedding` (V, E); `layers` in their order, as inputs of the scan, with the state (B, .); `projection` (P, F), if
    there is one, and `head` (O, P), linear maps with their biases; `constants` (B, C), which are concatenated to the
    embedded token at every step.
    """

    embedding: Tensor
    layers: Sequence[Inputs]
    head: Tensor
    head_bias: Tensor | None
    projection: Tensor | None = None
    projection_bias: Tensor | None = None
    constants: Tensor | None = None
    attended: Attended | None = None

    def tensors(self) -> list[Tensor]:
        """Return all tensors."""
        a = self.attended
        given = [self.embedding, self.head, self.head_bias, self.projection, self.projection_bias, self.constants]
        given += [] if a is None else [a.memory, a.keys, a.mask, a.weight, a.bias]
        given += [t for layer in self.layers for t in layer.differentiable]
        return [t for t in given if t is not None]


@dataclass(frozen=True)
class Choice:
    """Options for the choice of tokens: temperature 0 for the most likely; `top_k` 0 and `top_p` 1 for no limit."""

    temperature: float
    top_k: int
    top_p: float


def takes(parts: Parts) -> bool:
    """Return whether the compiled code supports this network: plain float32 tensors on the CPU."""
    tensors = parts.tensors()
    mask = None if parts.attended is None else parts.attended.mask
    alike = all(t.device.type == "cpu" and t.dtype == (torch.bool if t is mask else torch.float32) for t in tensors)
    return alike and bool(parts.layers) and plain(*tensors) and native.library() is not None


class CompiledDecoder:
    """A decoder in compiled code.

    `rows` is the maximum number of rows. The weights must not change while it is in use. Raises ValueError for parts
    that do not fit each other, and MemoryError if there is not enough memory.
    """

    def __init__(self, parts: Parts, rows: int) -> None:
        library = native.library()
        assert library is not None
        self._library = library
        self._lock = threading.Lock()
        self._handle: int | None = None
        self.sequences = parts.layers[0].initial_h.shape[0]
        self.outputs = parts.head.shape[0]
        self._most = max(rows, self.sequences)
        self._rows = self.sequences
        self._fed = parts.embedding.shape[0]
        _check(parts, self.sequences)
        # The compiled code reads these in place.
        self._alive: list[Any] = []
        network = DecoderNetwork(
            sequences=self.sequences,
            rows=self._most,
            threads=torch.get_num_threads(),
            vocabulary=self._fed,
            embedded=parts.embedding.shape[1],
            constant=0 if parts.constants is None else parts.constants.shape[1],
            features=parts.layers[-1].initial_h.shape[1],
            outputs=self.outputs,
            layers=len(parts.layers),
            embedding=self._address(parts.embedding),
            constants=self._address(parts.constants),
            recurrent=ctypes.addressof(self._scans(parts.layers)),
            projected=parts.head.shape[1],
            projection=self._address(parts.projection),
            projection_bias=self._address(parts.projection_bias),
            head=self._address(parts.head),
            head_bias=self._address(parts.head_bias),
        )
        if parts.attended is not None:
            a = parts.attended
            network.memory_steps, network.memory_size = a.memory.shape[1:]
            network.memory, network.keys = self._address(a.memory), self._address(a.keys)
            network.mask = self._address(a.mask)
            network.combine, network.combine_bias = self._address(a.weight), self._address(a.bias)
        self._handle = library.decoder["create"](ctypes.byref(network))
        if self._handle is None:
            raise MemoryError(f"foretell: not enough memory to decode {self._most} rows")

    def _address(self, t: Tensor | None) -> int | None:
        if t is None:
            return None
        self._alive.append(t.detach().resolve_neg().contiguous())
        return int(self._alive[-1].data_ptr())

    def _scans(self, layers: Sequence[Inputs]) -> Any:
        scans = (Scan * len(layers))()
        for number, layer in enumerate(layers):
            check(layer)
            scans[number], alive = structure(layer)
            self._alive.append(alive)
        self._alive.append(scans)
        return scans

    def run(
        self,
        tokens: Tensor,
        first: int,
        steps: int,
        end: int | None,
        choice: Choice,
        uniforms: Tensor | None,
        ids: Tensor,
        lengths: Tensor,
    ) -> int:
        """Take `steps` steps, numbered from `first`, of the unfinished sequences; return how many remain unfinished.

        `tokens` (B,) holds the tokens to feed, one per unfinished sequence, and is overwritten by the next ones. Chosen
        tokens are written to `ids` (B, N), except for `end`, whose step is written to `lengths` (B,); all are int64.
        `uniforms` (steps, B), float32 in [0, 1), is needed if the temperature is not 0. Raises OutputsError (a
        ValueError) for outputs that are NaN or infinite.
        """
        for t in (tokens, ids, lengths):
            if t.dtype != torch.int64 or not t.is_contiguous() or t.shape[0] != self.sequences:
                raise ValueError("tokens, ids and lengths must be contiguous int64 tensors with one row per sequence")
        if first < 0 or steps < 0 or first + steps > ids.shape[1]:
            raise ValueError(f"ids has room for {ids.shape[1]} steps, not for {first + steps}")
        self._check_tokens(tokens)
        if choice.temperature and uniforms is None:
            raise ValueError("uniforms are needed for sampling")
        if uniforms is not None:
            uniforms = uniforms.contiguous()
            if uniforms.dtype != torch.float32 or uniforms.shape != (steps, self.sequences):
                raise ValueError(f"uniforms must be float32 of the shape {(steps, self.sequences)}")
        call = DecoderCall(
            first=first,
            steps=steps,
            end=-1 if end is None else end,
            temperature=choice.temperature,
            top_k=choice.top_k,
            top_p=choice.top_p,
            uniforms=None if uniforms is None else uniforms.data_ptr(),
            tokens=tokens.data_ptr(),
            ids=ids.data_ptr(),
            lengths=lengths.data_ptr(),
            row=ids.shape[1],
        )
        self._call("run", call)
        self._rows = int(call.going)
        return self._rows

    def expand(self, tokens: Tensor, origins: Tensor, top: int) -> tuple[Tensor, Tensor, Tensor]:
        """Take one step with `tokens` (N,) on rows that continue the rows `origins` (N,) of the previous step.

        Returns the `top` greatest outputs (N, top) in descending order, their tokens, and the logsumexp of all outputs
        (N, 1).
        """
        rows = len(tokens)
        tokens, origins = tokens.contiguous(), origins.contiguous()
        if tokens.dtype != torch.int64 or origins.dtype != torch.int64 or origins.shape != tokens.shape:
            raise ValueError("tokens and origins must be int64 tensors of the same shape (N,)")
        if not 0 < rows <= self._most or not 0 < top <= self.outputs:
            raise ValueError(
                f"there can be 1 to {self._most} rows and top can be 1 to {self.outputs}, got {rows} and {top}"
            )
        self._check_tokens(tokens)
        if not 0 <= int(origins.min()) <= int(origins.max()) < self._rows:
            raise ValueError(f"origins must be rows of the previous step, which had {self._rows}")
        likely = torch.empty(rows, top, device="cpu", dtype=torch.float32)
        likely_tokens = torch.empty(rows, top, device="cpu", dtype=torch.int64)
        log_sum = torch.empty(rows, 1, device="cpu", dtype=torch.float32)
        call = DecoderExpansion(
            rows=rows,
            top=top,
            tokens=tokens.data_ptr(),
            origins=origins.data_ptr(),
            likely=likely.data_ptr(),
            likely_tokens=likely_tokens.data_ptr(),
            log_sum=log_sum.data_ptr(),
        )
        self._call("expand", call)
        self._rows = rows
        return likely, likely_tokens, log_sum

    def _check_tokens(self, tokens: Tensor) -> None:
        if len(tokens) and not 0 <= int(tokens.min()) <= int(tokens.max()) < self._fed:
            raise IndexError(f"tokens must be from 0 to {self._fed - 1}")

    def _call(self, name: str, call: ctypes.Structure) -> None:
        with self._lock:  # two Python threads must not use one decoder at the same time
            failure = self._library.decoder[name](self._handle, ctypes.byref(call))
        if failure == 2:
            raise OutputsError
        if failure:
            raise MemoryError(f"foretell: not enough memory to decode {self._most} rows")

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise TypeError("a decoder in compiled code cannot be copied or pickled")

    def __del__(self) -> None:
        if getattr(self, "_handle", None) is not None:
            self._library.decoder["destroy"](self._handle)


def _check(parts: Parts, sequences: int) -> None:
    """Raise ValueError for parts that do not fit: the compiled code trusts the sizes that it is given."""
    width = parts.embedding.shape[1] + (0 if parts.constants is None else parts.constants.shape[1])
    if parts.head.shape[0] > parts.embedding.shape[0]:
        raise ValueError(f"the head has {parts.head.shape[0]} tokens, the embedding {parts.embedding.shape[0]}")
    for layer in parts.layers:
        if layer.x.shape != (1, sequences, width):
            raise ValueError(f"a layer takes {tuple(layer.x.shape)}, but its input is {(1, sequences, width)}")
        width = layer.initial_h.shape[1]
    expected: dict[str, tuple[Tensor | None, tuple[int, ...]]] = {}
    size = width
    if parts.projection is not None:
        size = parts.projection.shape[0]
        expected["projection"] = parts.projection, (size, width)
        expected["projection_bias"] = parts.projection_bias, (size,)
    outputs = parts.head.shape[0]
    expected |= {"head": (parts.head, (outputs, size)), "head_bias": (parts.head_bias, (outputs,))}
    if parts.constants is not None:
        expected["constants"] = (parts.constants, (sequences, parts.constants.shape[1]))
    if parts.attended is not None:
        a = parts.attended
        steps, size = a.memory.shape[1:]
        expected |= {
            "memory": (a.memory, (sequences, steps, size)),
            "keys": (a.keys, (sequences, steps, width)),
            "mask": (a.mask, (sequences, steps)),
            "weight": (a.weight, (width, size + width)),
            "bias": (a.bias, (width,)),
        }
    for name, (tensor, shape) in expected.items():
        if tensor is not None and tuple(tensor.shape) != tuple(shape):
            raise ValueError(f"{name} must have the shape {tuple(shape)}, got {tuple(tensor.shape)}")

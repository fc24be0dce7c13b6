"""The state of a WaveNet between two calls: for each layer, the past inputs that its taps still need.

A state is a tuple: for each layer a ring buffer `(B, R, (kernel_size - 1) dilation)` in which time step t has the slot
t mod length, and at the end the number of time steps so far, a whole number in a tensor.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor

WaveNetState: TypeAlias = tuple[Tensor, ...]


class Window(NamedTuple):
    """The inputs of a layer's convolution, `(B, R, n + T)`, n of them from the past, and the distance between taps."""

    values: Tensor
    dilation: int


def zeros(batch: int, channels: int, kernel_size: int, dilations: Sequence[int], like: Tensor) -> WaveNetState:
    """Return the state of `batch` sequences before their first step, with the dtype and device of `like`."""
    rings = [like.new_zeros(batch, channels, (kernel_size - 1) * dilation) for dilation in dilations]
    return (*rings, torch.zeros((), dtype=torch.int64, device="cpu"))


def from_zeros(x: Tensor, kernel_size: int, dilation: int) -> Window:
    """Return the window of `x` `(B, R, T)` with only zeros before it."""
    return Window(F.pad(x, ((kernel_size - 1) * dilation, 0)), dilation)


def enter(x: Tensor, state: WaveNetState, layer: int, kernel_size: int, dilation: int) -> tuple[Window, Tensor]:
    """Return the window of `x` `(B, R, T)` after the state, and the layer's ring buffer with `x` in it.

    A single time step only reads its taps from the ring buffer, so its cost does not depend on the dilation.
    """
    ring, done = state[layer], int(state[-1])
    _check_ring(layer, ring, (*x.shape[:2], (kernel_size - 1) * dilation))
    length, steps = ring.shape[2], x.shape[2]
    if length == 0:
        return Window(x, dilation), ring
    if steps == 1:
        taps = [(done + tap * dilation) % length for tap in range(kernel_size - 1)]
        values = torch.cat([ring[:, :, taps], x], 2)
        ring = ring.clone() if torch.is_grad_enabled() else ring
        ring[:, :, done % length] = x[:, :, 0].detach()
        return Window(values, 1), ring
    values = torch.cat([_in_order(ring, done), x], 2)
    return Window(values, dilation), _into_slots(values, length, done + steps)


def unrolled(
    state: WaveNetState, batch: int, channels: int, kernel_size: int, dilations: Sequence[int]
) -> list[Tensor]:
    """Return each layer's past `(B, R, length)` in order of time. Raises ValueError for another network or batch."""
    for layer, (ring, dilation) in enumerate(zip(state[:-1], dilations, strict=True)):
        _check_ring(layer, ring, (batch, channels, (kernel_size - 1) * dilation))
    return [_in_order(ring, int(state[-1])) for ring in state[:-1]]


def after(inputs: Sequence[Tensor], state: WaveNetState, steps: int) -> WaveNetState:
    """Return the state `steps` time steps later; each layer's `inputs` `(B, R, length + steps)` start with its past."""
    done = int(state[-1]) + steps
    rings = [_into_slots(values, ring.shape[2], done) for values, ring in zip(inputs, state[:-1], strict=True)]
    return (*rings, state[-1] + steps)


def _check_ring(layer: int, ring: Tensor, shape: tuple[int, ...]) -> None:
    if ring.shape[0] != shape[0]:
        raise ValueError(f"the state has {ring.shape[0]} sequences, but the input has {shape[0]}")
    if tuple(ring.shape) != shape:
        raise ValueError(f"the state comes from another network: layer {layer} has {tuple(ring.shape)}, not {shape}")


def _in_order(ring: Tensor, done: int) -> Tensor:
    return ring.roll(-(done % ring.shape[2]), 2) if ring.shape[2] else ring


def _into_slots(values: Tensor, length: int, done: int) -> Tensor:
    latest = values[:, :, values.shape[2] - length :].detach()
    return latest.roll(done % length, 2) if length else latest.clone()

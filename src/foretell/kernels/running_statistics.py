"""Statistics of many series that are updated step by step, in torch without control flow that depends on values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor


def pushed(register: Tensor, value: Tensor) -> Tensor:
    """Append a value to each register (B, N), whose oldest one goes."""
    return torch.cat([register[:, 1:], value[:, None]], 1)


def faded(which: Tensor, mean: Tensor, value: Tensor, count: Tensor, least_gain: float = 0.0) -> Tensor:
    """Update means with their `count`-th value: plain while 1 / count exceeds `least_gain`, then older values fade."""
    gain = (1 / count.clamp(min=1)).clamp(min=least_gain)
    return torch.where(which, mean + gain * (value - mean), mean)


def phase_means(means: Tensor, counts: Tensor, seen: Tensor, value: Tensor, least_gain: float) -> tuple[Tensor, Tensor]:
    """Update the fading mean of this step's phase, the oldest entry of the register, which becomes the newest."""
    count = counts[:, 0] + seen
    mean = faded(seen, means[:, 0], value, count, least_gain)
    return pushed(means, mean), pushed(counts, count)


def at_phase(means: Tensor, counts: Tensor, ahead: Tensor, otherwise: Tensor) -> Tensor:
    """Return the means for the phases of the steps ahead, `otherwise` where there is none."""
    place = (ahead - 1) % means.shape[1]
    return torch.where(counts.gather(1, place) > 0, means.gather(1, place), otherwise)


def extended(line: Tensor, which: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Add a point to the least-squares lines of `which` series."""
    return torch.where(which[:, None], line + torch.stack([torch.ones_like(x), x, x * x, y, x * y], 1), line)


def slope(line: Tensor) -> Tensor:
    """Return the slopes; 0 with fewer than four points, or if the sums overflow."""
    n, x, xx, y, xy = line.unbind(1)
    spread, rise = n * xx - x * x, n * xy - x * y
    sound = (n >= 4) & (spread > 0) & (rise.abs() < math.inf)
    return torch.where(sound, torch.where(sound, rise, 0.0) / torch.where(sound, spread, 1.0), 0.0)


def first_least(errors: Tensor, equal: Tensor) -> Tensor:
    """Return the index of the smallest error along the last axis, the first of those that differ only by rounding."""
    first, *others = errors.unbind(-1)
    least, place = first, torch.zeros(first.shape, dtype=torch.int64, device=first.device)
    for k, error in enumerate(others, 1):
        smaller = error < least - equal
        least, place = torch.where(smaller, error, least), torch.where(smaller, k, place)
    return place


def state_of(which: Tensor, new: Any, old: Any) -> Any:
    """Return the new state of `which` series (B,) and the old one of the others."""
    if isinstance(new, Tensor):
        rows = which.reshape(-1, *[1] * (new.dim() - 1))
        if new.dtype == torch.bool:  # which runtimes of ONNX do not choose by an operator
            return (rows & new) | (~rows & old)
        return torch.where(rows, new, old)
    parts: Sequence[Any] = [state_of(which, n, o) for n, o in zip(new, old, strict=True)]
    return type(new)(*parts)

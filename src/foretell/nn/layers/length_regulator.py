"""From the steps of one sequence to those of a longer one, by given durations (FastSpeech, Ren et al., 2019)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class Regulated(NamedTuple):
    """T frames from N steps, T being the longest sum of durations."""

    frames: Tensor
    """(B, T, C): each step repeated as often as its duration; zeros past the end."""
    steps: Tensor
    """(B, T) int64: the step that each frame comes from; the last one past the end."""
    place: Tensor
    """(B, T) where a frame is within its step: (k + 0.5) / duration for its k-th frame."""
    mask: Tensor
    """(B, T) bool: False past the end."""


def regulate_length(x: Tensor, durations: Tensor) -> Regulated:
    """Repeat each step of `x` `(B, N, C)` as often as `durations` `(B, N)`, whole numbers from 0, say.

    Gradients flow into `x`. Raises ValueError for other shapes, floating-point or negative durations.
    """
    if x.dim() != 3 or durations.shape != x.shape[:2]:
        raise ValueError(f"durations must be {tuple(x.shape[:2])} for x {tuple(x.shape)}, got {tuple(durations.shape)}")
    if durations.is_floating_point() or (durations.numel() and int(durations.min()) < 0):
        raise ValueError("durations must be whole numbers, at least 0")
    ends = durations.cumsum(1)
    totals = ends[:, -1] if durations.shape[1] else ends.new_zeros(len(x))
    frames = torch.arange(int(totals.max()) if len(totals) else 0, device=x.device)
    mask = frames < totals[:, None]
    steps = torch.searchsorted(ends, frames.expand(len(x), -1).contiguous(), right=True)
    steps = steps.clamp(max=max(0, durations.shape[1] - 1))
    starts = (ends - durations).gather(1, steps)
    place = (frames - starts + 0.5) / durations.gather(1, steps).clamp(min=1)
    repeated = x.gather(1, steps[:, :, None].expand(-1, -1, x.shape[2]))
    return Regulated(repeated * mask[:, :, None], steps, torch.where(mask, place, 0.0), mask)

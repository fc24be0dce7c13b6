"""Masks of the valid steps in a padded batch, and zeroing of the padding."""

from __future__ import annotations

import torch
from torch import Tensor

from foretell.nn.layers.ragged import check_lengths


def valid_steps(lengths: Tensor, steps: int) -> Tensor:
    """Return the mask `(B, steps)` that is true before each of the `lengths` `(B,)`, on the device of `lengths`."""
    return torch.arange(steps, device=lengths.device) < lengths[:, None]


def zero_padding(x: Tensor, lengths: Tensor | None) -> Tensor:
    """Set `x` `(B, T, ...)` to zero past each length, whatever its values; its gradient there is exactly zero."""
    if lengths is None:
        return x
    mask = valid_steps(lengths.to(x.device), x.shape[1])
    return x.masked_fill(~mask.view(*mask.shape, *[1] * (x.dim() - 2)), 0)


def checked_lengths(name: str, lengths: Tensor | None, x: Tensor) -> Tensor | None:
    """Return the lengths of the batch `x` `(B, T, ...)`, int64 on the CPU. Raises ValueError with `name` if invalid."""
    if lengths is None:
        return None
    if x.dim() < 2:
        raise ValueError(f"{name} need a batch of sequences (B, T, ...), got the shape {tuple(x.shape)}")
    try:
        return check_lengths(lengths, x.shape[0], x.shape[1])
    except ValueError as error:
        raise ValueError(str(error).replace("lengths", name, 1)) from None

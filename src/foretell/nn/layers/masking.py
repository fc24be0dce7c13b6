"""Which steps of a padded batch count, as a mask, and the padding set to zero."""

from __future__ import annotations

import torch
from torch import Tensor

from foretell.nn.layers.ragged import check_lengths


def valid_steps(lengths: Tensor, steps: int) -> Tensor:
    """The mask `(B, steps)` that is true before each of the `lengths` `(B,)`, on the device of `lengths`."""
    return torch.arange(steps, device=lengths.device) < lengths[:, None]


def zero_padding(x: Tensor, lengths: Tensor | None) -> Tensor:
    """`x` `(B, T, ...)` with zeros past each length, whatever stood there; its gradient there is exactly zero."""
    if lengths is None:
        return x
    mask = valid_steps(lengths.to(x.device), x.shape[1])
    return x.masked_fill(~mask.view(*mask.shape, *[1] * (x.dim() - 2)), 0)


def checked_lengths(name: str, lengths: Tensor | None, x: Tensor) -> Tensor | None:
    """The lengths of the batch `x` `(B, T, ...)` on the CPU as int64; ValueError, naming `name`, if they are not."""
    if lengths is None:
        return None
    if x.dim() < 2:
        raise ValueError(f"{name} are for a batch of sequences (B, T, ...), got one of the shape {tuple(x.shape)}")
    try:
        return check_lengths(lengths, x.shape[0], x.shape[1])
    except ValueError as error:
        raise ValueError(str(error).replace("lengths", name, 1)) from None

"""Losses for a batch of sequences in which some outputs may be ignored."""

from __future__ import annotations

from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor

from foretell.nn.layers.masking import checked_lengths, valid_steps


def sequence_loss(
    outputs: Tensor,
    targets: Tensor,
    loss: Callable[[Tensor, Tensor], Tensor] = F.cross_entropy,
    *,
    lengths: Tensor | None = None,
    mask: Tensor | None = None,
    ignore: int | None = None,
) -> Tensor:
    """Compute the mean of `loss` over the outputs that count, with equal weight whichever sequence they belong to.

    - `outputs` `(B, T, ...)` and `targets` `(B, T, ...)`: for cross-entropy, scores `(B, T, V)` and class ids `(B, T)`.
    - `loss` takes the outputs and targets that count, `(N, ...)` each, and returns their mean or one value for each.
    - `lengths` `(B,)`: steps past these lengths do not count.
    - `mask`, boolean, `(B, T)` or with more of the dimensions that outputs and targets share: true for what counts.
    - `ignore`: outputs whose target is this number do not count.

    Outputs that do not count never reach `loss`: their gradient is exactly zero, even where they are NaN or infinite.
    Raises ValueError if no output counts, because there is no mean then, and for other shapes.
    """
    if outputs.dim() < 2 or targets.dim() < 2 or outputs.shape[:2] != targets.shape[:2]:
        raise ValueError(
            "outputs and targets must have the shapes (B, T, ...) with the same B and T, "
            f"got {tuple(outputs.shape)} and {tuple(targets.shape)}"
        )
    counts = _counts(outputs, targets, lengths, mask, ignore)
    if counts is None:
        outputs, targets = outputs.flatten(0, 1), targets.flatten(0, 1)
    else:
        # Select by index rather than by mask, because the gradient of a boolean selection is slow.
        at = counts.flatten().nonzero()[:, 0]
        if len(at) == 0:
            raise ValueError("no output counts: lengths, mask and ignore together leave nothing to average")
        last = counts.dim() - 1
        outputs, targets = outputs.flatten(0, last).index_select(0, at), targets.flatten(0, last).index_select(0, at)
    return loss(outputs, targets).mean()


def _counts(
    outputs: Tensor, targets: Tensor, lengths: Tensor | None, mask: Tensor | None, ignore: int | None
) -> Tensor | None:
    """Return a boolean mask of what counts, over leading dimensions of outputs and targets; None if everything does."""
    counts = None if ignore is None else targets != ignore
    if mask is not None:
        shape = mask.shape
        if mask.dim() < 2 or shape != outputs.shape[: len(shape)] or shape != targets.shape[: len(shape)]:
            raise ValueError(
                f"mask must have the leading dimensions of outputs {tuple(outputs.shape)} and targets "
                f"{tuple(targets.shape)}, at least (B, T), got {tuple(shape)}"
            )
        if mask.dtype != mask.bool().dtype:
            raise ValueError(f"mask must be boolean, true for what counts, got dtype {mask.dtype}")
        counts = mask if counts is None else _wide(counts, mask) & _wide(mask, counts)
    lengths = checked_lengths("lengths", lengths, outputs)
    if lengths is not None:
        valid = valid_steps(lengths.to(outputs.device), outputs.shape[1])
        counts = valid if counts is None else _wide(valid, counts) & counts
    if counts is not None and counts.shape != outputs.shape[: counts.dim()]:
        raise ValueError(
            f"ignore needs targets that are class ids of the leading dimensions of outputs {tuple(outputs.shape)}, "
            f"got targets {tuple(targets.shape)}"
        )
    return counts


def _wide(mask: Tensor, other: Tensor) -> Tensor:
    """Add trailing dimensions of size 1 to the mask until it has as many dimensions as `other`."""
    return mask.view(*mask.shape, *[1] * max(other.dim() - mask.dim(), 0))

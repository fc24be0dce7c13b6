"""Batches of sequences with different lengths, given as one padded tensor and a vector of lengths."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from foretell.kernels.inputs import check_range


def lengths_on_cpu(lengths: Tensor, batch: int) -> Tensor:
    """Return the lengths, int64 on the CPU, after checking that they are `(batch,)` whole numbers.

    Raises ValueError, naming `lengths`, if not. Values are not checked, so that this can be part of a compiled graph.
    """
    if not isinstance(lengths, Tensor):
        raise ValueError(f"lengths must be a 1-D integer tensor, got {type(lengths).__name__}")
    if lengths.dtype == torch.bool or lengths.is_floating_point() or lengths.is_complex():
        raise ValueError(f"lengths must be a 1-D integer tensor, got dtype {lengths.dtype}")
    if lengths.shape != (batch,):
        raise ValueError(f"lengths must have the shape ({batch},), one for each sequence, got {tuple(lengths.shape)}")
    return lengths.detach().to("cpu", torch.int64)


def check_lengths(lengths: Tensor, batch: int, steps: int) -> Tensor:
    """Return the lengths, int64 on the CPU, after checking that they are `(batch,)` whole numbers from 0 to `steps`.

    Raises ValueError, naming `lengths`, if not.
    """
    lengths = lengths_on_cpu(lengths, batch)
    check_range(lengths, steps)
    return lengths


class Ragged:
    """The packing of sequences that have at least one step, and the conversion back to the padded batch.

    `x` is `(T, B, I)`, or `(B, T, I)` with `batch_first`; `lengths` comes from `check_lengths`. torch cannot pack empty
    sequences, so they are left out: their outputs are zero, and their final state is the initial one.
    """

    def __init__(self, x: Tensor, lengths: Tensor, batch_first: bool) -> None:
        self.batch_first = batch_first
        self.shape = x.shape
        filled = lengths.nonzero()[:, 0]
        self.filled = None if len(filled) == len(lengths) else filled.to(x.device)
        self.lengths = lengths[filled]

    @property
    def empty(self) -> bool:
        """True if all sequences are empty."""
        return len(self.lengths) == 0

    def pack(self, x: Tensor) -> PackedSequence:
        """Pack the padded batch, without the empty sequences."""
        if self.filled is not None:
            x = x.index_select(0 if self.batch_first else 1, self.filled)
        return pack_padded_sequence(x, self.lengths, self.batch_first, enforce_sorted=False)

    def select(self, state: Tensor) -> Tensor:
        """Select the rows of an initial state `(layers, B, H)` that belong to the packed sequences."""
        return state if self.filled is None else state.index_select(1, self.filled)

    def unpack(self, outputs: PackedSequence) -> Tensor:
        """Unpack the outputs to a padded batch `(T, B, H)` or `(B, T, H)`, zero past each length."""
        steps = self.shape[1 if self.batch_first else 0]
        padded, _ = pad_packed_sequence(outputs, self.batch_first, total_length=steps)
        if self.filled is None:
            return padded
        return padded.new_zeros((*self.shape[:2], padded.shape[2])).index_copy(
            0 if self.batch_first else 1, self.filled, padded
        )

    def restore(self, final: Tensor, initial: Tensor) -> Tensor:
        """Return the final states `(layers, B, H)` of all sequences; for an empty sequence, the initial one."""
        return final if self.filled is None else initial.index_copy(1, self.filled, final)

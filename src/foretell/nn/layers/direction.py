"""A scan of one cell over a batch in one direction, by the compiled scan if it supports the case or the reference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from foretell.kernels import autograd, reference
from foretell.kernels.equations import CellEquations
from foretell.kernels.inputs import Inputs
from foretell.kernels.reference import State, Weights
from foretell.nn.layers import portable


@dataclass(frozen=True)
class Direction:
    """Options for the scan of a cell over a batch.

    The batch is `(T, B, I)`, ragged if `lengths` `(B,)` are given, or the rows `(N, I)` of a PackedSequence with its
    `batch_sizes`. `recurrent_mask` `(B, H_out)` multiplies h(t-1) where it enters the gates. `zoneout` gives, for each
    tensor of the state, the share of the old value: a number, or a tensor in the layout of the batch. `compiled`
    selects the compiled scan, which must support the case, and `half` its products in half precision; `exported`
    selects the one for exported programs, which takes padded batches and numbers for zoneout.
    """

    compiled: bool
    reverse: bool = False
    lengths: Tensor | None = None
    batch_sizes: Tensor | None = None
    recurrent_mask: Tensor | None = None
    zoneout: Sequence[Tensor | float] | None = None
    half: bool = False
    exported: bool = False

    def scan(self, equations: CellEquations, x: Tensor, initial: State, weights: Weights) -> tuple[Tensor, State]:
        """Compute the outputs in the layout of `x`, and the final state of each sequence."""
        if self.exported:
            return portable.scan(
                equations, x, initial, weights, reverse=self.reverse, lengths=self.lengths, zoneout=self.zoneout
            )
        if self.compiled:
            return self._compiled(equations, x, initial, weights)
        return self._reference(equations, x, initial, weights)

    def _compiled(self, equations: CellEquations, x: Tensor, initial: State, w: Weights) -> tuple[Tensor, State]:
        outputs, h, c = autograd.apply(self.inputs(equations, x, initial, w))
        return outputs, (h, c) if len(initial) > 1 else (h,)

    def inputs(self, equations: CellEquations, x: Tensor, initial: State, w: Weights) -> Inputs:
        """Collect the inputs of the compiled scan."""
        keep_h, keep_c = (*(self.zoneout or ()), 0.0, 0.0)[:2]
        return Inputs(
            equations.kernel,
            x,
            w,
            initial[0],
            initial[1] if len(initial) > 1 else None,
            recurrent_mask=self.recurrent_mask,
            keep_h=keep_h if isinstance(keep_h, Tensor) else None,
            keep_c=keep_c if isinstance(keep_c, Tensor) else None,
            lengths=self.lengths,
            batch_sizes=self.batch_sizes,
            reverse=self.reverse,
            rate_h=0.0 if isinstance(keep_h, Tensor) else keep_h,
            rate_c=0.0 if isinstance(keep_c, Tensor) else keep_c,
            half=self.half,
        )

    def _reference(self, equations: CellEquations, x: Tensor, initial: State, w: Weights) -> tuple[Tensor, State]:
        if self.lengths is not None:
            raise ValueError("the reference scan takes ragged batches packed")
        sizes = [x.shape[1]] * x.shape[0] if self.batch_sizes is None else self.batch_sizes.tolist()
        kept = self.zoneout and [k.flatten(0, -2) if isinstance(k, Tensor) else k for k in self.zoneout]
        outputs, final = reference.scan(
            equations,
            x.reshape(-1, x.shape[-1]),
            sizes,
            initial,
            w,
            reverse=self.reverse,
            recurrent_mask=self.recurrent_mask,
            zoneout=kept,
        )
        return outputs.view(*x.shape[:-1], outputs.shape[-1]), final

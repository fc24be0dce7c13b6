"""What the compiled scan takes, and what it may be given: it reads memory by the sizes that it is told."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor

GATES = {"rnn_tanh": 1, "rnn_relu": 1, "lstm": 4, "gru": 3, "gru_reset_before": 3}
"""The cells that the compiled scan knows, in the order of its own numbers, and how many gates they have."""


class Inputs(NamedTuple):
    """All inputs of a scan in one direction, in the operators' order; weights by torch's names and shapes.

    `x` is `(T, B, I)`, with `lengths` `(B,)` for a ragged batch; or `(N, I)`, the rows of a PackedSequence, with
    `batch_sizes` `(T,)`. The output has R features: H, or fewer where an LSTM's `weight_hr` `(R, H)` projects it.
    `initial_h` and `recurrent_mask` are `(B, R)`, `initial_c` is `(B, H)`. Zoneout keeps shares `keep_h`, `keep_c` of
    the old state, in the layout of `x`, or one share for all, `rate_h` and `rate_c`.
    """

    x: Tensor
    weight_ih: Tensor
    weight_hh: Tensor
    bias_ih: Tensor | None
    bias_hh: Tensor | None
    weight_hr: Tensor | None
    weight_peephole: Tensor | None
    ln_ih_weight: Tensor | None
    ln_hh_weight: Tensor | None
    ln_weight: Tensor | None
    ln_bias: Tensor | None
    ln_c_weight: Tensor | None
    ln_c_bias: Tensor | None
    initial_h: Tensor
    initial_c: Tensor | None
    recurrent_mask: Tensor | None
    keep_h: Tensor | None
    keep_c: Tensor | None
    lengths: Tensor | None
    batch_sizes: Tensor | None
    cell: str
    reverse: bool
    rate_h: float
    rate_c: float

    @property
    def layer_norm(self) -> bool:
        """Whether the recurrence is normalised."""
        return self.ln_hh_weight is not None or self.ln_weight is not None

    @property
    def hidden(self) -> int:
        """H, the hidden features."""
        return int(self.weight_hh.shape[0] // GATES[self.cell])

    @property
    def tensors(self) -> tuple[Tensor | None, ...]:
        """All that are tensors, or might be."""
        return self[:TENSORS]  # type: ignore[return-value]

    @property
    def differentiable(self) -> tuple[Tensor | None, ...]:
        """Those that have gradients."""
        return self[:DIFFERENTIABLE]  # type: ignore[return-value]

    @property
    def weights(self) -> dict[str, Tensor]:
        """The parameters that are there, by name."""
        first, end = Inputs._fields.index("weight_ih"), Inputs._fields.index("initial_h")
        named = zip(Inputs._fields[first:end], self[first:end], strict=True)
        return {name: weight for name, weight in named if isinstance(weight, Tensor)}


COUNT = len(Inputs._fields)
TENSORS = Inputs._fields.index("cell")
"""How many of the inputs, from the first on, are tensors."""
DIFFERENTIABLE = Inputs._fields.index("recurrent_mask")
"""How many of them, from the first on, have gradients."""


def check_range(lengths: Tensor, steps: int) -> None:
    """Raise ValueError, naming `lengths`, for one that is not from 0 to `steps`."""
    if lengths.numel() and not 0 <= int(lengths.min()) <= int(lengths.max()) <= steps:
        bad = int(((lengths < 0) | (lengths > steps)).nonzero()[0])
        raise ValueError(f"lengths must lie between 0 and the {steps} steps, got {int(lengths[bad])} at index {bad}")


_checked: set[Any] = set()


def check(i: Inputs) -> None:
    """Raise ValueError, naming the argument, for shapes, dtypes and devices that do not belong together."""
    form = (i.cell, i.batch_sizes is None, *(None if t is None else (t.shape, t.dtype, t.device) for t in i.tensors))
    if form not in _checked:  # a training loop comes back with the same form at every step
        _check_form(i)
        if len(_checked) > 1000:
            _checked.clear()
        _checked.add(form)
    _check_layout(i, i.initial_h.shape[0])
    for name, rate in (("rate_h", i.rate_h), ("rate_c", i.rate_c)):
        if not 0 <= rate <= 1:
            raise ValueError(f"{name} must be a share from 0 to 1, got {rate}")


def _check_form(i: Inputs) -> None:
    if i.cell not in GATES:
        raise ValueError(f"cell must be one of {', '.join(GATES)}, got {i.cell!r}")
    if i.x.dtype not in (torch.float32, torch.float64):
        raise ValueError(f"x must be float32 or float64, got {i.x.dtype}")
    if i.weight_hh.dim() != 2 or i.initial_h.dim() != 2 or not i.hidden:
        raise ValueError("weight_hh must be (gates * H, R) with H of 1 or more, and initial_h (B, R)")
    if i.weight_hr is None and i.weight_hh.shape[1] != i.hidden:
        raise ValueError(
            f"weight_hh must be ({GATES[i.cell]} * H, H) without weight_hr, got {tuple(i.weight_hh.shape)}"
        )
    batch = i.initial_h.shape[0]
    if i.x.dim() != (3 if i.batch_sizes is None else 2) or (i.batch_sizes is None and i.x.shape[1] != batch):
        raise ValueError(f"x must be (T, {batch}, I), or (N, I) with batch_sizes, got {tuple(i.x.shape)}")
    for name, shape in _shapes(i).items():
        tensor = getattr(i, name)
        if tensor is None:
            continue
        if shape is None:
            raise ValueError(f"{name} does not belong to the cell {i.cell}")
        if tensor.shape != shape:
            raise ValueError(f"{name} must have the shape {shape}, got {tuple(tensor.shape)}")
        if tensor.dtype != i.x.dtype or tensor.device != i.x.device:
            raise ValueError(
                f"{name} must be {i.x.dtype} on {i.x.device} as x is, got {tensor.dtype} on {tensor.device}"
            )
    if i.cell == "lstm" and i.initial_c is None:
        raise ValueError("initial_c is missing: an LSTM has a cell state")
    norms = [getattr(i, name) is None for name in _norms(i.cell)]
    if any(norms) and not all(norms):
        raise ValueError(f"layer norm needs all of {', '.join(_norms(i.cell))}")


def _norms(cell: str) -> list[str]:
    if cell.startswith("rnn"):
        return ["ln_weight", "ln_bias"]
    if cell == "gru_reset_before":
        return []
    return ["ln_ih_weight", "ln_hh_weight"] + (["ln_c_weight", "ln_c_bias"] if cell == "lstm" else [])


def _shapes(i: Inputs) -> dict[str, tuple[int, ...] | None]:
    """The shape of every tensor that this cell may have; None for those that it may not."""
    hidden, outputs, batch = i.hidden, i.weight_hh.shape[-1], i.initial_h.shape[0]
    rows, layout = GATES[i.cell] * hidden, i.x.shape[:-1]
    shapes: dict[str, tuple[int, ...] | None] = dict.fromkeys(Inputs._fields[1:DIFFERENTIABLE])
    shapes.update(weight_ih=(rows, i.x.shape[-1]), weight_hh=(rows, outputs), bias_ih=(rows,), bias_hh=(rows,))
    shapes.update(initial_h=(batch, outputs), recurrent_mask=(batch, outputs), keep_h=(*layout, outputs), keep_c=None)
    for name in _norms(i.cell):
        shapes[name] = (rows,) if name.endswith("h_weight") else (hidden,)
    if i.cell == "lstm":
        shapes.update(weight_peephole=(3, hidden), weight_hr=(outputs, hidden))
        shapes.update(initial_c=(batch, hidden), keep_c=(*layout, hidden))
    return shapes


def _check_layout(i: Inputs, batch: int) -> None:
    for name, tensor in (("lengths", i.lengths), ("batch_sizes", i.batch_sizes)):
        if tensor is not None and (tensor.dtype != torch.int64 or tensor.device.type != "cpu" or tensor.dim() != 1):
            raise ValueError(f"{name} must be a 1-D int64 tensor on the CPU")
    if i.lengths is not None:
        if len(i.lengths) != batch or i.batch_sizes is not None:
            raise ValueError(f"lengths must have the shape ({batch},) and come without batch_sizes")
        check_range(i.lengths, i.x.shape[0])
    if i.batch_sizes is not None:
        sizes = i.batch_sizes.tolist()
        falling = sizes == sorted(sizes, reverse=True) and sizes[:1] == [batch] and min(sizes) >= 0
        if not falling or sum(sizes) != i.x.shape[0]:
            raise ValueError(f"batch_sizes must fall from {batch} and add up to the {i.x.shape[0]} rows of x")

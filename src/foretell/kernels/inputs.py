"""The inputs of the compiled scan, and checks on them: it trusts the sizes that it is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from foretell.kernels import schema
from foretell.kernels.equations import CellEquations, equations_of
from foretell.kernels.native import DTYPES

GATES = {cell: equations_of(cell, ()).gates for cell in schema.CELL.members}
"""The cells that the compiled scan supports, and their numbers of gates."""
WEIGHTS = schema.SCAN_WEIGHTS.names
"""Torch's names of the parameters that a cell may have."""
MATRICES = ("weight_ih", "weight_hh", "weight_hr")
"""Those of them that are factors of matrix products."""


class Inputs(NamedTuple):
    """All inputs of a scan in one direction, with the cell's weights by torch's names and shapes.

    `x` is `(T, B, I)`, with `lengths` `(B,)` for a ragged batch; or `(N, I)`, the rows of a PackedSequence, with
    `batch_sizes` `(T,)`. The output has R features: H, or fewer if an LSTM's `weight_hr` `(R, H)` projects it.
    `initial_h` and `recurrent_mask` are `(B, R)`, `initial_c` is `(B, H)`. Zoneout keeps the shares `keep_h` and
    `keep_c` of the old state, in the layout of `x`, or the same shares everywhere, `rate_h` and `rate_c`.

    With `half`, matrix products are in half precision: the values that they are computed from are rounded to bfloat16,
    their sums are float32, as is everything else. Weights may then be bfloat16.
    """

    cell: str
    x: Tensor
    weights: Mapping[str, Tensor]
    initial_h: Tensor
    initial_c: Tensor | None = None
    recurrent_mask: Tensor | None = None
    keep_h: Tensor | None = None
    keep_c: Tensor | None = None
    lengths: Tensor | None = None
    batch_sizes: Tensor | None = None
    reverse: bool = False
    rate_h: float = 0.0
    rate_c: float = 0.0
    half: bool = False

    @property
    def precision(self) -> str:
        """The name of the precision in which the compiled scan computes this."""
        return "half" if self.half else DTYPES[self.x.dtype]

    @property
    def layer_norm(self) -> bool:
        """True if the recurrence is normalised."""
        return "ln_hh_weight" in self.weights or "ln_weight" in self.weights

    @property
    def hidden(self) -> int:
        """H, the number of hidden features."""
        return int(self.weights["weight_hh"].shape[0] // GATES[self.cell])

    @property
    def outputs(self) -> int:
        """R, the number of output features."""
        return int(self.weights["weight_hh"].shape[1])

    @property
    def equations(self) -> CellEquations:
        """The equations of the cell, with the options implied by its weights."""
        return equations_of(self.cell, self.weights)

    @property
    def differentiable(self) -> tuple[Tensor | None, ...]:
        """All inputs that can have gradients, in the order of `NAMES`."""
        weight = self.weights.get
        return self.x, *map(weight, WEIGHTS), self.initial_h, self.initial_c

    @property
    def flat(self) -> tuple[Any, ...]:
        """All inputs in the order of `NAMES`, for operators and autograd; None for an absent weight."""
        return *self.differentiable, *self[5:10], self.cell, *self[10:]

    @classmethod
    def of_flat(cls, flat: Sequence[Any]) -> Inputs:
        """Build the inputs from `flat`."""
        h = DIFFERENTIABLE - 2
        weights = {name: weight for name, weight in zip(WEIGHTS, flat[1:h], strict=True) if weight is not None}
        return cls(flat[TENSORS], flat[0], weights, *flat[h:TENSORS], *flat[TENSORS + 1 :])

    @classmethod
    def named(cls, given: Mapping[str, Any]) -> Inputs:
        """Build the inputs from a mapping by name, including weights."""
        weights = {name: given[name] for name in WEIGHTS if given.get(name) is not None}
        return cls(weights=weights, **{name: value for name, value in given.items() if name in cls._fields})


_LEADING = ("x", *WEIGHTS, "initial_h", "initial_c")
NAMES = (*_LEADING, *Inputs._fields[5:10], "cell", *Inputs._fields[10:])
"""The names of flat inputs: first those with gradients, then other tensors, then settings."""
COUNT = len(NAMES)
TENSORS = NAMES.index("cell")
"""The number of leading inputs that are tensors."""
DIFFERENTIABLE = len(_LEADING)
"""The number of leading inputs that can have gradients."""


def check_range(lengths: Tensor, steps: int) -> None:
    """Raise ValueError, naming `lengths`, if one is not from 0 to `steps`."""
    if lengths.numel() and not 0 <= int(lengths.min()) <= int(lengths.max()) <= steps:
        bad = int(((lengths < 0) | (lengths > steps)).nonzero()[0])
        raise ValueError(f"lengths must lie between 0 and the {steps} steps, got {int(lengths[bad])} at index {bad}")


_checked: set[Any] = set()


def check(i: Inputs) -> None:
    """Raise ValueError, naming the argument, for shapes, dtypes and devices that do not match."""
    tensors = (i.x, *i.weights.values(), *i[3:10])
    form = (i.cell, i.half, *i.weights, *(None if t is None else (t.shape, t.dtype, t.device) for t in tensors))
    if form not in _checked:  # a training loop repeats the same form at every step
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
    if i.x.dtype not in DTYPES or (i.half and i.x.dtype != torch.float32):
        raise ValueError(f"x must be float32{'' if i.half else ' or float64'}, got {i.x.dtype}")
    weight_hh = i.weights["weight_hh"]
    if weight_hh.dim() != 2 or i.initial_h.dim() != 2 or not i.hidden:
        raise ValueError("weight_hh must be (gates * H, R) with H of 1 or more, and initial_h (B, R)")
    if "weight_hr" not in i.weights and i.outputs != i.hidden:
        raise ValueError(f"weight_hh must be ({GATES[i.cell]} * H, H) without weight_hr, got {tuple(weight_hh.shape)}")
    batch = i.initial_h.shape[0]
    if i.x.dim() != (3 if i.batch_sizes is None else 2) or (i.batch_sizes is None and i.x.shape[1] != batch):
        raise ValueError(f"x must be (T, {batch}, I), or (N, I) with batch_sizes, got {tuple(i.x.shape)}")
    shapes = _shapes(i)
    for name, tensor in zip(NAMES[1:], i.flat[1:], strict=True):
        if not isinstance(tensor, Tensor) or name in ("lengths", "batch_sizes"):
            continue
        if name not in shapes:
            raise ValueError(f"{name} does not belong to the cell {i.cell}")
        if tensor.shape != shapes[name]:
            raise ValueError(f"{name} must have the shape {shapes[name]}, got {tuple(tensor.shape)}")
        rounded = i.half and name in WEIGHTS and tensor.dtype == torch.bfloat16
        if not (tensor.dtype == i.x.dtype or rounded) or tensor.device != i.x.device:
            raise ValueError(
                f"{name} must be {i.x.dtype} on {i.x.device} as x is, got {tensor.dtype} on {tensor.device}"
            )
    if i.cell == "lstm" and i.initial_c is None:
        raise ValueError("initial_c is missing: an LSTM has a cell state")
    norms = [name for name in i.equations.options(i.hidden) if name.startswith("ln_")]
    if not all(name in i.weights for name in norms):
        raise ValueError(f"layer norm needs all of {', '.join(norms)}")


def _shapes(i: Inputs) -> dict[str, tuple[int, ...]]:
    """Return the shape of every tensor that this cell may have."""
    hidden, outputs, batch = i.hidden, i.outputs, i.initial_h.shape[0]
    rows, layout = GATES[i.cell] * hidden, i.x.shape[:-1]
    shapes: dict[str, tuple[int, ...]] = equations_of(i.cell, WEIGHTS).options(hidden)
    shapes.update(weight_ih=(rows, i.x.shape[-1]), weight_hh=(rows, outputs), bias_ih=(rows,), bias_hh=(rows,))
    shapes.update(initial_h=(batch, outputs), recurrent_mask=(batch, outputs), keep_h=(*layout, outputs))
    if i.cell == "lstm":
        shapes.update(weight_hr=(outputs, hidden), initial_c=(batch, hidden), keep_c=(*layout, hidden))
    return shapes


def _check_layout(i: Inputs, batch: int) -> None:
    for name, tensor in (("lengths", i.lengths), ("batch_sizes", i.batch_sizes)):
        if tensor is not None and (tensor.dtype != torch.int64 or tensor.device.type != "cpu" or tensor.dim() != 1):
            raise ValueError(f"{name} must be a 1-D int64 tensor on the CPU")
    if i.lengths is not None:
        if len(i.lengths) != batch or i.batch_sizes is not None:
            raise ValueError(f"lengths must have the shape ({batch},) and must not be combined with batch_sizes")
        check_range(i.lengths, i.x.shape[0])
    if i.batch_sizes is not None:
        sizes = i.batch_sizes.tolist()
        falling = sizes == sorted(sizes, reverse=True) and sizes[:1] == [batch] and min(sizes) >= 0
        if not falling or sum(sizes) != i.x.shape[0]:
            raise ValueError(f"batch_sizes must fall from {batch} and add up to the {i.x.shape[0]} rows of x")

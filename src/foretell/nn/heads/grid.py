"""Continuous distributions seen on a grid of 2**bits values from -1 to 1, each of which stands for a cell around it."""

from __future__ import annotations

import math
from typing import ClassVar

import torch
from torch import Tensor

from foretell.errors import OutputsError
from foretell.nn.heads.head import Head

_MOST_BITS = 16  # Beyond that, single precision cannot tell the cells near -1 and 1 apart.


class GridHead(Head):
    """A head whose values are floats in [-1, 1].

    Level n of the grid's N = 2**bits is n / ((N - 1) / 2) - 1. Its cell reaches `half_cell` = 1 / (N - 1) to either
    side, that of -1 down to minus infinity and that of 1 up to infinity, so that the cells' probabilities add up to 1.
    Raises ValueError for bits that are not from 1 to 16.
    """

    quantised: ClassVar[bool] = False
    silence: float = 0.0

    greatest_log_scale: ClassVar[float] = 7.0
    """Logarithms of scales above it count as it: by then all but nothing lies between -1 and 1."""

    def __init__(self, bits: int = 16) -> None:
        if isinstance(bits, bool) or not isinstance(bits, int) or not 1 <= bits <= _MOST_BITS:
            raise ValueError(f"bits must be a whole number from 1 to {_MOST_BITS}, got {bits!r}")
        self.bits = bits

    @property
    def half_cell(self) -> float:
        """Half the width of a cell."""
        return 1.0 / ((1 << self.bits) - 1)

    @property
    def least_log_scale(self) -> float:
        """Logarithms of scales below ln(half_cell) - 2 count as that: by then all but nothing lies in one cell."""
        return math.log(self.half_cell) - 2

    @property
    def input_size(self) -> int:
        """1, the value."""
        return 1

    def network_input(self, values: Tensor) -> Tensor:
        """The values `(B, T, 1)`."""
        self._check_values(values)
        return values[:, :, None]

    def nearest(self, values: Tensor) -> Tensor:
        """The grid's values that are nearest to these; -1 and 1 for what is beyond."""
        half = ((1 << self.bits) - 1) / 2
        return torch.round((values.clamp(-1, 1) + 1) * half) / half - 1

    def bounded(self, log_scales: Tensor) -> Tensor:
        """Logarithms of scales within `least_log_scale` and `greatest_log_scale`."""
        return log_scales.clamp(self.least_log_scale, self.greatest_log_scale)

    def _check_values(self, values: Tensor) -> None:
        if values.dim() != 2 or not values.is_floating_point():
            raise ValueError(
                f"values must be floats in [-1, 1] of the shape (B, T), got {values.dtype} of {tuple(values.shape)}"
            )


def checked(x: Tensor) -> Tensor:
    """Values `(B,)` that were drawn, within [-1, 1]; ValueError where one is NaN."""
    if bool(x.isnan().any()):
        raise OutputsError
    return x.clamp(-1, 1)

"""Continuous distributions on a grid of 2**bits values from -1 to 1, each of which stands for a cell around it."""

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

    Level n of the grid's N = 2**bits levels has the value n / ((N - 1) / 2) - 1. Its cell extends by `half_cell` =
    1 / (N - 1) on either side; the cell of -1 extends down to minus infinity and that of 1 up to infinity, so that the
    probabilities of the cells add up to 1. Raises ValueError if `bits` is not from 1 to 16.
    """

    quantised: ClassVar[bool] = False
    silence: float = 0.0

    greatest_log_scale: ClassVar[float] = 7.0
    """Upper bound for logarithms of scales; above it almost no probability lies between -1 and 1."""

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
        """Lower bound for logarithms of scales, ln(half_cell) - 2; below it almost all probability lies in one cell."""
        return math.log(self.half_cell) - 2

    @property
    def input_size(self) -> int:
        """1, for the value."""
        return 1

    def network_input(self, values: Tensor) -> Tensor:
        """Return the values as `(B, T, 1)`."""
        self._check_values(values)
        return values[:, :, None]

    def nearest(self, values: Tensor) -> Tensor:
        """Round values to the nearest values of the grid; values beyond -1 and 1 become -1 and 1."""
        half = ((1 << self.bits) - 1) / 2
        return torch.round((values.clamp(-1, 1) + 1) * half) / half - 1

    def bounded(self, log_scales: Tensor) -> Tensor:
        """Clamp logarithms of scales to between `least_log_scale` and `greatest_log_scale`."""
        return log_scales.clamp(self.least_log_scale, self.greatest_log_scale)

    def _check_values(self, values: Tensor) -> None:
        if values.dim() != 2 or not values.is_floating_point():
            raise ValueError(
                f"values must be floats in [-1, 1] of the shape (B, T), got {values.dtype} of {tuple(values.shape)}"
            )


def checked(x: Tensor) -> Tensor:
    """Clamp sampled values `(B,)` to [-1, 1]. Raises OutputsError (a ValueError) if one is NaN."""
    if bool(x.isnan().any()):
        raise OutputsError
    return x.clamp(-1, 1)

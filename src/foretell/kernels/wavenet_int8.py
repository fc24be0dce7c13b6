"""A WaveNet with int8 weights in plain torch: the readable twin of `native/wavenet/int8.h` and `rows.h`.

Matrices are whole numbers from -127 to 127 with a scale for each output channel, activations whole numbers of 15 bits
with a scale for each time step, a power of two. Their products add up exactly, in compiled code in 32 bits, here in
double precision. All else is in the network's own dtype.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from foretell.kernels.wavenet_reference import LayerWeights

_WEIGHT = 127
_MOST_BITS, _SUM_BITS = 14, 24
"""Of an activation's magnitude, and of those of all activations of a sum together: with the weights it fits 32 bits."""
_LARGEST_POWER = 126


class Matrix(NamedTuple):
    """`whole` `(outputs, inputs, taps)` in double precision, times `scale` `(outputs,)`."""

    whole: Tensor
    scale: Tensor

    @property
    def values(self) -> Tensor:
        """What is left of the matrix that it was made from."""
        return self.whole.to(self.scale.dtype) * self.scale[:, None, None]


class LayerMatrices(NamedTuple):
    """As `wavenet_reference.LayerWeights`."""

    gated: Matrix
    gated_bias: Tensor
    mixed: Matrix
    mixed_bias: Tensor


def quantised(weight: Tensor) -> Matrix:
    """`(outputs, inputs, taps)`, rounded to the nearest multiple of each output channel's scale."""
    scale = weight.abs().amax((1, 2)) / _WEIGHT
    some = (scale > 0) & scale.isfinite()
    whole = (weight / scale[:, None, None]).round().where(some[:, None, None], torch.zeros_like(weight))
    return Matrix(whole.double(), scale)


def quantised_layer(weights: LayerWeights) -> LayerMatrices:
    """A layer's matrices as int8; its biases as they are."""
    return LayerMatrices(quantised(weights.gated), weights.gated_bias, quantised(weights.mixed), weights.mixed_bias)


def activation_bits(inputs: int) -> int:
    """Of the magnitudes of so many activations, whose products with weights are added up in 32 bits."""
    return max(0, min(_MOST_BITS, _SUM_BITS - (inputs - 1).bit_length()))


def quantised_activations(x: Tensor) -> tuple[Tensor, Tensor]:
    """Whole numbers `(B, K, T)` and their scale `(B, 1, T)` of `x` `(B, K, T)`; NaN where `x` is not finite."""
    greatest = x.abs().amax(1, keepdim=True)
    power = (activation_bits(x.shape[1]) - torch.frexp(greatest).exponent).clamp(max=_LARGEST_POWER)
    finite = greatest.isfinite()
    whole = (x.double() * _power_of_two(power)).round().where(finite, torch.zeros_like(x, dtype=torch.float64))
    return whole, _power_of_two(-power).to(x.dtype).where(finite, torch.full_like(greatest, torch.nan))


def product(matrix: Matrix, x: Tensor, tap: int = 0) -> Tensor:
    """One tap of `matrix` times `x` `(B, K, T)`: `(B, outputs, T)`."""
    whole, scale = quantised_activations(x)
    return (matrix.whole[:, :, tap] @ whole).to(x.dtype) * (matrix.scale[:, None] * scale)


def layer(
    window: Tensor, dilation: int, weights: LayerMatrices, extra: Tensor | None, *, last: bool
) -> tuple[Tensor, Tensor]:
    """As `wavenet_reference.layer`."""
    taps = weights.gated.whole.shape[2]
    steps = window.shape[2] - (taps - 1) * dilation
    a = weights.gated_bias[:, None]
    if extra is not None:
        a = a + extra
    for tap in [*range(taps - 2, -1, -1), taps - 1]:  # from the one before the present back, then the present
        start = tap * dilation
        a = a + product(weights.gated, window[:, :, start : start + steps], tap)
    filtered, gate = a.chunk(2, 1)
    mixed = product(weights.mixed, torch.tanh(filtered) * torch.sigmoid(gate)) + weights.mixed_bias[:, None]
    x = window[:, :, -steps:]
    if last:
        return x, mixed
    channels = x.shape[1]
    return x + mixed[:, :channels], mixed[:, channels:]


def _power_of_two(power: Tensor) -> Tensor:
    """Exactly, by its bits in double precision."""
    return ((power.long() + 1023) << 52).view(torch.float64)

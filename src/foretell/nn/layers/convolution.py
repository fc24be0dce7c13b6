"""Convolutions over time for `(B, T, C)` sequences: a causal one, and one that shortens the sequence."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from foretell.nn.layers.ragged import check_lengths


class CausalConv1d(nn.Module):
    """A causal 1-D convolution: with dilation d, its output at t only uses the inputs at t, t - d, ..., t - (k - 1) d.

    `(B, T, in_channels) -> (B, T, out_channels)`; inputs before the sequence count as zero. Parameters as in
    `torch.nn.Conv1d`: `weight` `(out_channels, in_channels, kernel_size)`, whose last tap is for the present,
    initialised Glorot uniform, and `bias` `(out_channels,)`, initialised to zero. Raises ValueError for sizes below 1
    or an input of another shape.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        dilation: int = 1,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        check_sizes(in_channels=in_channels, out_channels=out_channels, kernel_size=kernel_size, dilation=dilation)
        self.dilation = dilation
        self.weight, self.bias = _parameters(in_channels, out_channels, kernel_size, bias, device, dtype)

    def forward(self, x: Tensor) -> Tensor:
        """Convolve `(B, T, in_channels) -> (B, T, out_channels)`."""
        check_sequence(x, self.weight.shape[1])
        return causal_conv1d(x.transpose(1, 2), self.weight, self.bias, self.dilation).transpose(1, 2)

    def extra_repr(self) -> str:
        """Return the arguments."""
        outputs, inputs, taps = self.weight.shape
        return f"{inputs}, {outputs}, kernel_size={taps}, dilation={self.dilation}, bias={self.bias is not None}"


class Downsample(nn.Module):
    """A 1-D convolution without padding and with a stride, which shortens a sequence for the recurrent layer after it.

    `(B, T, in_channels) -> (B, (T - kernel_size) // stride + 1, out_channels)`; output t uses inputs t * stride to
    t * stride + kernel_size - 1. Parameters and initial values as in `CausalConv1d`. Raises ValueError for sizes below
    1, an input of another shape, or one shorter than the kernel.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        stride: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        check_sizes(in_channels=in_channels, out_channels=out_channels, kernel_size=kernel_size, stride=stride)
        self.stride = stride
        self.weight, self.bias = _parameters(in_channels, out_channels, kernel_size, bias, device, dtype)

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Any:
        """Return the shortened sequences `(B, T', out_channels)`; with `lengths` `(B,)`, together with the new lengths.

        With lengths, only outputs whose inputs all lie within their sequence count; those past the new lengths are
        unspecified, like padding. A sequence shorter than the kernel has the new length 0.
        """
        check_sequence(x, self.weight.shape[1])
        kernel_size = self.weight.shape[2]
        if x.shape[1] < kernel_size:
            raise ValueError(f"input has {x.shape[1]} time steps, fewer than kernel_size={kernel_size}")
        shorter = F.conv1d(x.transpose(1, 2), self.weight, self.bias, self.stride).transpose(1, 2)
        if lengths is None:
            return shorter
        check_lengths(lengths, x.shape[0], x.shape[1])
        return shorter, self.shortened(lengths)

    def shortened(self, lengths: Any) -> Any:
        """Return the number of outputs for sequences of these lengths: an int, or a tensor of them."""
        steps = (lengths - self.weight.shape[2]) // self.stride + 1
        return steps.clamp(min=0) if isinstance(steps, Tensor) else max(steps, 0)

    def extra_repr(self) -> str:
        """Return the arguments."""
        outputs, inputs, taps = self.weight.shape
        return f"{inputs}, {outputs}, kernel_size={taps}, stride={self.stride}, bias={self.bias is not None}"


def causal_conv1d(x: Tensor, weight: Tensor, bias: Tensor | None, dilation: int) -> Tensor:
    """Compute the causal convolution of a channels-first sequence, `(B, C, T) -> (B, C', T)`."""
    return F.conv1d(F.pad(x, ((weight.shape[2] - 1) * dilation, 0)), weight, bias, dilation=dilation)


def _parameters(
    inputs: int, outputs: int, taps: int, bias: bool, device: Any, dtype: Any
) -> tuple[nn.Parameter, nn.Parameter | None]:
    weight = nn.Parameter(torch.empty(outputs, inputs, taps, device=device, dtype=dtype))
    nn.init.xavier_uniform_(weight)
    return weight, nn.Parameter(torch.zeros(outputs, device=device, dtype=dtype)) if bias else None


def check_sizes(**sizes: int) -> None:
    """Raise ValueError, naming the argument, for a size that is not a whole number of at least 1."""
    for name, size in sizes.items():
        if isinstance(size, bool) or not isinstance(size, int) or size < 1:
            raise ValueError(f"{name} must be a whole number of at least 1, got {size!r}")


def check_sequence(x: Tensor, channels: int) -> None:
    """Raise ValueError for an input that is not `(B, T, channels)`."""
    if x.dim() != 3 or x.shape[2] != channels:
        raise ValueError(f"input must have the shape (B, T, {channels}), got {tuple(x.shape)}")

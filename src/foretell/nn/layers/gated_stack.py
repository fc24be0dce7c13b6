"""A stack of gated, dilated convolutions that see both ways: WaveNet's layer without its causality.

Layer k with dilation d, x its input and y a conditioning vector:

    z = tanh(W_f *_d x + V_f y) * sigma(W_g *_d x + V_g y)
    x' = x + W_res z
    s_k = W_skip z
    output = relu(sum_k s_k / sqrt(layers))
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from foretell.nn.layers.convolution import check_sequence, check_sizes


class GatedStack(nn.Module):
    """A non-causal stack, `(B, T, input_size) -> (B, T, channels)`, for sequences that are known as a whole.

    - `input_size`: features per step; `channels` C: the width of the stack and of its output.
    - `dilations`: the dilation of each layer. `kernel_size`: taps per layer, an odd number.
    - `conditioning_size` Y: features of a conditioning vector for the whole sequence, if there is one.
    - `dropout`: probability with which an element of z is dropped in training.

    What lies outside a sequence counts as zero in every layer, so that a sequence gives the same in a padded batch as
    alone. Weights are initialised Glorot uniform, biases to zero. Raises ValueError for sizes below 1, an even kernel
    size, or inputs with shapes other than those above.
    """

    def __init__(
        self,
        input_size: int,
        channels: int,
        dilations: Sequence[int] = (1, 2, 4, 8),
        kernel_size: int = 3,
        *,
        conditioning_size: int | None = None,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        check_sizes(input_size=input_size, channels=channels, kernel_size=kernel_size)
        check_sizes(**{f"dilations[{k}]": dilation for k, dilation in enumerate(dilations)})
        if not dilations:
            raise ValueError("dilations must name at least one layer, got none")
        if kernel_size % 2 == 0:
            raise ValueError(f"kernel_size must be odd, so that a layer sees as far back as ahead, got {kernel_size}")
        if not 0 <= dropout < 1:
            raise ValueError(f"dropout must be in [0, 1), got {dropout}")
        self.input_size = input_size
        self.channels = channels
        self.dilations = tuple(dilations)
        self.kernel_size = kernel_size
        self.conditioning_size = conditioning_size
        self.dropout = dropout
        self.input = nn.Linear(input_size, channels)
        self.gated = nn.ModuleList(
            nn.Conv1d(channels, 2 * channels, kernel_size, dilation=dilation, padding=dilation * (kernel_size - 1) // 2)
            for dilation in dilations
        )
        self.mixed = nn.ModuleList(
            nn.Conv1d(channels, channels if k == len(dilations) - 1 else 2 * channels, 1) for k in range(len(dilations))
        )
        self.conditioning = (
            None
            if conditioning_size is None
            else nn.Linear(conditioning_size, 2 * channels * len(dilations), bias=False)
        )
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw Glorot uniform values for each matrix of the equations separately, and set biases to zero."""
        for layer in (self.input, *self.gated, *self.mixed):
            assert isinstance(layer, nn.Linear | nn.Conv1d)
            assert layer.bias is not None
            for matrix in torch.split(layer.weight.detach(), self.channels):
                nn.init.xavier_uniform_(matrix)
            nn.init.zeros_(layer.bias)
        if self.conditioning is not None:
            for matrix in torch.split(self.conditioning.weight.detach(), self.channels):
                nn.init.xavier_uniform_(matrix)

    @property
    def reach(self) -> int:
        """The number of steps before, and after, its own that an output depends on."""
        return (self.kernel_size - 1) // 2 * sum(self.dilations)

    def forward(self, x: Tensor, y: Tensor | None = None, mask: Tensor | None = None) -> Tensor:
        """Compute `(B, T, channels)`.

        `y` `(B, Y)` is required if the stack was built for it, and not allowed otherwise. `mask` `(B, T)`, bool, is
        False past the end of a shorter sequence; outputs are zero there.
        """
        check_sequence(x, self.input_size)
        if (y is None) != (self.conditioning is None):
            raise ValueError("y must be given if, and only if, the stack has a conditioning_size")
        valid = None if mask is None else mask[:, :, None].to(x.dtype)
        extras: Sequence[Tensor | None] = [None] * len(self.dilations)
        if self.conditioning is not None:
            extras = self.conditioning(y)[:, None, :].split(2 * self.channels, 2)
        h = _masked(self.input(x), valid)
        skips: Tensor | None = None
        for gated, mixed, extra, dilation in zip(self.gated, self.mixed, extras, self.dilations, strict=True):
            summed = _convolved(h, gated, dilation)  # type: ignore[arg-type]
            a, b = (summed if extra is None else summed + extra).chunk(2, 2)
            z = F.dropout(torch.tanh(a) * torch.sigmoid(b), self.dropout, self.training)
            shares = F.linear(z, mixed.weight[:, :, 0], mixed.bias)  # type: ignore[index, arg-type]
            skip = shares[:, :, -self.channels :]
            skips = skip if skips is None else skips + skip
            if shares.shape[2] > self.channels:
                h = _masked(h + shares[:, :, : self.channels], valid)
        assert skips is not None
        return _masked(torch.relu(skips / math.sqrt(len(self.dilations))), valid)

    def extra_repr(self) -> str:
        """Return the arguments."""
        return f"{self.input_size}, {self.channels}, dilations={self.dilations}, kernel_size={self.kernel_size}"


def _convolved(h: Tensor, layer: nn.Conv1d, dilation: int) -> Tensor:
    """Convolve `(B, T, C)` as one matrix product of all taps, which on CPUs is several times as fast as `conv1d`."""
    outputs, channels, taps = layer.weight.shape
    steps, reach = h.shape[1], dilation * (taps - 1) // 2
    padded = F.pad(h, (0, 0, reach, reach))
    shifted = torch.cat([padded[:, tap * dilation : tap * dilation + steps] for tap in range(taps)], 2)
    return F.linear(shifted, layer.weight.transpose(1, 2).reshape(outputs, taps * channels), layer.bias)


def _masked(x: Tensor, valid: Tensor | None) -> Tensor:
    return x if valid is None else x * valid

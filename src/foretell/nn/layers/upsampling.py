"""Upsampling of a conditioning signal with few values per second to the rate of the samples that it conditions."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from foretell.nn.layers.convolution import check_sequence, check_sizes


def interpolate(frames: Tensor, rate: int, out: Tensor | None = None) -> Tensor:
    """Interpolate frames linearly to time steps, `(B, 1 + T + 1, C) -> (B, T * rate, C)`.

    A frame is the value in the middle of its `rate` steps. The first and the last frame are the neighbours of those
    that are asked for, so that a signal may be passed in pieces; at its ends they repeat the outermost one. `out` is
    memory `(B, T + 1, rate, C)` for the result.
    """
    places = torch.arange(rate, dtype=frames.dtype, device=frames.device)
    shares = (places + (0.5 if rate % 2 == 0 else 0.0)) / rate
    # From the middle of each frame to that of the next.
    between = torch.lerp(frames[:, :-1, None], frames[:, 1:, None], shares[:, None], out=out)
    return between.flatten(1, 2)[:, (rate + 1) // 2 :][:, : (frames.shape[1] - 2) * rate]


class Upsample(nn.Module):
    """Upsampling of frames to time steps, `(B, frames, channels) -> (B, frames * rate, channels)`, for `WaveNet`.

    The result can be the `local_y` of a `WaveNet`. `rate` is the product of `factors`. Each frame is repeated. With
    `learned`, it passes through one transposed convolution per factor instead, whose stride and kernel size are that
    factor (van den Oord et al., 2016, section 2.5) and which repeats its input until it is trained. A time step only
    depends on its own frame, so a signal may be passed in pieces.

    Parameters, if learned: those of `torch.nn.ConvTranspose1d`, `weight` `(channels, channels, factor)` and `bias`
    `(channels,)` for each factor. Raises ValueError for sizes below 1, no factor, or an input of another shape.
    """

    def __init__(self, channels: int, factors: Sequence[int], *, learned: bool = False) -> None:
        super().__init__()
        check_sizes(channels=channels)
        if not factors:
            raise ValueError("factors must hold at least one whole number, such as (16, 16)")
        for k, factor in enumerate(factors):
            check_sizes(**{f"factors[{k}]": factor})
        self.channels = channels
        self.factors = tuple(factors)
        self.stages = nn.ModuleList(
            nn.ConvTranspose1d(channels, channels, factor, stride=factor) for factor in factors if learned
        )
        self.reset_parameters()

    @property
    def rate(self) -> int:
        """Time steps per frame."""
        return math.prod(self.factors)

    def reset_parameters(self) -> None:
        """Reset to repetition: each tap is the identity, each bias zero."""
        for stage in self.stages:
            assert isinstance(stage, nn.ConvTranspose1d)
            assert stage.bias is not None
            with torch.no_grad():
                stage.weight.copy_(torch.eye(self.channels)[:, :, None].expand_as(stage.weight))
                stage.bias.zero_()

    def forward(self, frames: Tensor) -> Tensor:
        """Upsample `(B, frames, channels) -> (B, frames * rate, channels)`."""
        check_sequence(frames, self.channels)
        if not self.stages:
            return frames.repeat_interleave(self.rate, dim=1)
        x = frames.transpose(1, 2)
        for stage in self.stages:
            x = stage(x)
        return x.transpose(1, 2)

    def extra_repr(self) -> str:
        """Return the arguments."""
        return f"{self.channels}, factors={self.factors}, learned={len(self.stages) > 0}"

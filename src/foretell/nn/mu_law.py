"""Mu-law companding (ITU-T G.711) into a number of levels, as WaveNet reads audio (van den Oord et al., 2016).

    f(x) = sign(x) ln(1 + mu |x|) / ln(1 + mu), mu = N - 1; level = round(c + c f(x)), at most N - 1; c = N // 2

Level c stands for silence: 0 becomes c and c becomes 0, exactly. With an even number of levels there is one more level
below c than above, as with 16-bit numbers: for N = 256, levels 0 to 255 stand for f = -1, -127/128, ..., 127/128.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

_MOST_LEVELS = 2**16


def encode(waveform: Tensor, levels: int = 256) -> Tensor:
    """Encode a waveform in [-1, 1] of any shape as levels, int64 from 0 to `levels` - 1; values beyond are clamped.

    Raises ValueError for a waveform that is not floating-point or contains NaN, and for `levels` not from 2 to 65,536.
    """
    _check(levels)
    if not waveform.is_floating_point():
        raise ValueError(f"the waveform must be floats in [-1, 1], got {waveform.dtype}; divide by the largest value")
    if bool(waveform.isnan().any()):
        raise ValueError("the waveform contains NaN, which has no level; remove it or replace it by 0")
    x = (waveform if waveform.dtype == torch.float64 else waveform.float()).clamp(-1, 1)
    mu, centre = levels - 1, levels // 2
    companded = torch.sign(x) * torch.log1p(mu * x.abs()) / math.log1p(mu)
    return torch.round(centre + centre * companded).clamp(max=mu).long()


def decode(levels: Tensor, levels_count: int = 256) -> Tensor:
    """Decode levels of any shape to a waveform, float32 in [-1, 1]; `encode` maps it back to the same levels.

    Raises ValueError for levels that are not whole numbers from 0 to `levels_count` - 1.
    """
    _check(levels_count)
    mu, centre = levels_count - 1, levels_count // 2
    if levels.is_floating_point():
        raise ValueError(f"levels must be whole numbers, got {levels.dtype}")
    if levels.numel() and not (int(levels.min()) >= 0 and int(levels.max()) <= mu):
        raise ValueError(f"levels must be from 0 to {mu}, got some from {int(levels.min())} to {int(levels.max())}")
    companded = (levels.long() - centre).float() / centre
    waveform = torch.sign(companded) * torch.expm1(companded.abs() * math.log1p(mu)) / mu
    return waveform.clamp(-1, 1)


def log_widths(levels: int = 256) -> Tensor:
    """Return the logarithms of the ranges of values that levels stand for, `(levels,)`, but for a constant."""
    _check(levels)
    return (torch.arange(levels) - levels // 2).abs() / (levels // 2) * math.log(levels)


def _check(levels: int) -> None:
    if isinstance(levels, bool) or not isinstance(levels, int) or not 2 <= levels <= _MOST_LEVELS:
        raise ValueError(f"levels must be a whole number from 2 to {_MOST_LEVELS:,}, got {levels!r}")

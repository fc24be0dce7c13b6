"""The level and the spread of a window, by which a forecaster becomes indifferent to units."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

FLOOR = 1e-5
"""The smallest spread, in units of the window's largest deviation: below it there is nothing to scale by."""


def running_mean(values: Tensor) -> Tensor:
    """The mean of all present values so far, along the last axis; 0 before the first. NaN counts as missing."""
    return values.nan_to_num().cumsum(-1) / (~values.isnan()).cumsum(-1).clamp(min=1)


def difference(values: Tensor, lag: int) -> Tensor:
    """Each value less the one `lag` steps before, along the last axis; NaN where either is missing."""
    result = torch.full_like(values, torch.nan)
    result[..., lag:] = values[..., lag:] - values[..., :-lag]
    return result


def last_seen(values: Tensor) -> Tensor:
    """At each step of (B, T) the most recent present value; 0 before the first."""
    steps = torch.arange(values.shape[-1], device=values.device).expand_as(values)
    latest = torch.where(values.isnan(), -1, steps).cummax(-1).values
    return torch.where(latest < 0, 0.0, values.nan_to_num().gather(-1, latest.clamp(min=0)))


def running_level_and_spread(values: Tensor, lag: int) -> tuple[Tensor, Tensor]:
    """Level and spread of (B, T) at each step, from the values up to that step alone.

    The level is the mean. The spread averages how far values lie from the level, and how far from the value `lag` steps
    before (the scale of the mean absolute scaled error; Hyndman & Koehler, 2006): neither a strict season nor a trend
    makes it vanish. It is `FLOOR` while all values have been equal.
    """
    level = running_mean(values)
    deviation = running_mean((values - level).abs())
    change = running_mean(difference(values, lag).abs())
    return level, (0.5 * (deviation + change)).clamp(min=FLOOR)


def running_phase_mean(values: Tensor, season: int) -> Tensor:
    """At each step of (B, T) the mean of the present values that lie whole seasons before it, itself included.

    NaN where there is none.
    """
    steps = values.shape[-1]
    padded = F.pad(values, (-steps % season, 0), value=torch.nan)
    phases = padded.reshape(*values.shape[:-1], -1, season).mT
    means = running_mean(phases).where((~phases.isnan()).cumsum(-1) > 0, torch.nan)
    return means.mT.flatten(-2)[..., -steps:]

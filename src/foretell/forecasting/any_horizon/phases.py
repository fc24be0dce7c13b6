"""Means of what a network knows of a step over all steps of the same phase of a season."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

_LONGEST = 4096
"""No window holds a season that is longer."""
Sums = tuple[tuple[Tensor, Tensor], ...]
"""For each season, of its last steps, one per phase: the sums (B, season, C) and the weights (B, season, 1)."""


@dataclass(frozen=True)
class Phases:
    """The running means of (B, W, C) values by phase, for each of two seasons."""

    _means: tuple[Tensor | None, ...]
    """(B, season + W, C): first those of the season before the W steps; None for no season."""
    _seasons: tuple[int, ...]
    _size: int
    sums: Sums
    """What a later call on the steps that follow begins with."""

    @classmethod
    def of(cls, values: Tensor, present: Tensor, seasons: Tensor | tuple[int, int], before: Sums | None) -> Phases:
        """Of values (B, W, C), weighted by `present` (B, W), and of those before them, whose sums are `before`."""
        given = seasons.tolist() if isinstance(seasons, Tensor) else seasons
        lengths = tuple(0 if season > _LONGEST else season for season in given)
        means: list[Tensor | None] = []
        sums = []
        for k, season in enumerate(lengths):
            if season == 0:
                means.append(None)
                sums.append((values[:, :0], values[:, :0, :1]))
                continue
            found, total = phase_means(values, present, season, None if before is None else before[k])
            means.append(found)
            sums.append(total)
        return cls(tuple(means), lengths, values.shape[-1], tuple(sums))

    def means(self, at: Tensor, ahead: Tensor) -> Tensor:
        """(B, A, H, 2 C): for steps `ahead` (H,) of `at` (B, A), the mean of the steps up to `at` in their phase."""
        parts = []
        for means, season in zip(self._means, self._seasons, strict=True):
            if means is None:
                parts.append(torch.zeros(*at.shape, len(ahead), self._size, device=at.device))
                continue
            back = ahead - (ahead + season - 1) // season * season
            place = at[..., None] + back + season
            chosen = place.flatten(1)[..., None].expand(-1, -1, self._size)
            parts.append(means.gather(1, chosen).reshape(*place.shape, -1))
        return torch.cat(parts, -1)


def phase_means(
    values: Tensor, present: Tensor, season: int, before: tuple[Tensor, Tensor] | None = None
) -> tuple[Tensor, tuple[Tensor, Tensor]]:
    """At each step of (B, W, C) the mean of the values whole seasons before it, itself included, weighted by `present`.

    Returns (B, season + W, C), the means as of the season before the W steps in front, 0 where the weights are 0
    throughout; and sums and weights of the last season of steps, `before` for a call on the steps that follow.
    """
    count, steps, size = values.shape
    padding = -steps % season
    weighted = values * present[..., None]
    if before is None:
        before = (weighted.new_zeros(count, season, size), weighted.new_zeros(count, season, 1))
    sums, weights = (
        torch.cat([old.roll(padding, 1), F.pad(new, (0, 0, padding, 0))], 1)
        .reshape(count, -1, season, new.shape[2])
        .cumsum(1)
        for old, new in zip(before, (weighted, present[..., None]), strict=True)
    )
    means = (sums / weights.clamp(min=1)).flatten(1, 2)
    first = torch.cat([(before[0] / before[1].clamp(min=1)), means[:, season + padding :]], 1)
    return first, (sums[:, -1], weights[:, -1])

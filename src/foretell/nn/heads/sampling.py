"""How a value is drawn from a distribution: temperature, top-k, top-p, and the inverse of the distribution function."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from foretell.errors import OutputsError, SettingsError

_LEAST_TEMPERATURE, _GREATEST_TEMPERATURE = 1e-30, 1e30
_GREATEST_UNIFORM = 1 - 2.0**-24


@dataclass(frozen=True)
class Sampling:
    """How values are drawn; raises SettingsError for numbers out of range."""

    temperature: float = 1.0
    """Above 0; logits are divided by it, scales multiplied. Below 1 draws the likely more often, above 1 less often."""
    top_k: int | None = None
    """Only the k likeliest levels or components are drawn; None for all."""
    top_p: float | None = None
    """In (0, 1]: only the fewest likeliest that together have this probability (Holtzman et al., 2020); None for all.

    After top_k, whose selection counts as the whole.
    """

    def __post_init__(self) -> None:
        if not _LEAST_TEMPERATURE <= self.temperature <= _GREATEST_TEMPERATURE:
            raise SettingsError(
                f"temperature must be a number above 0 (from 1e-30 to 1e30), got {self.temperature}; for the likeliest "
                "value at every step use top_k=1"
            )
        if self.top_k is not None and (isinstance(self.top_k, bool) or not isinstance(self.top_k, int)):
            raise SettingsError(f"top_k must be a whole number of at least 1, or None for all, got {self.top_k!r}")
        if self.top_k is not None and self.top_k < 1:
            raise SettingsError(f"top_k must be at least 1, or None for all, got {self.top_k}")
        if self.top_p is not None and not 0 < self.top_p <= 1:
            raise SettingsError(f"top_p must be above 0 and at most 1, or None for all, got {self.top_p}")


def draw(logits: Tensor, uniforms: Tensor, sampling: Sampling) -> Tensor:
    """An index `(B,)`, int64, for each row of the logits `(B, N)`, by numbers `(B,)` that are uniform in [0, 1).

    The smallest i with sum_{j <= i} w_j > u * sum_j w_j, w_j = exp(logit_j / temperature - max) where j is kept and 0
    where it is not; all in single precision. top_k keeps the k largest logits, of equal ones that of the lower index;
    top_p of those, in the same order, the shortest prefix whose sum of w is at least top_p times the sum of all kept.
    Raises ValueError for logits of which none is finite, or any is NaN or inf.
    """
    scaled = logits.float() / sampling.temperature
    weights = (scaled - scaled.amax(-1, keepdim=True)).exp()
    if sampling.top_k is not None or sampling.top_p is not None:
        weights = _restrict(weights, scaled, sampling)
    sums = weights.cumsum(-1)
    total = sums[:, -1:]
    if not bool((total > 0).all()):
        raise OutputsError
    # Below 1 in single precision too: the last sum is above the bound, so an index is always found.
    bound = uniforms.float().clamp(max=_GREATEST_UNIFORM)[:, None] * total
    return (sums <= bound).sum(-1)


def _restrict(weights: Tensor, scaled: Tensor, sampling: Sampling) -> Tensor:
    """The weights `(B, N)`, zero where top-k and top-p leave an index out."""
    order = scaled.sort(dim=-1, descending=True, stable=True).indices[:, : sampling.top_k]
    kept = weights.gather(-1, order)
    if sampling.top_p is not None and sampling.top_p < 1:
        sums = kept.cumsum(-1)
        before = torch.nn.functional.pad(sums[:, :-1], (1, 0))
        kept = torch.where(before < sampling.top_p * sums[:, -1:], kept, 0)
    return torch.zeros_like(weights).scatter(-1, order, kept)

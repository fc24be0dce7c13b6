"""Sampling from a distribution: temperature, top-k, top-p, and inversion of the distribution function."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from foretell.errors import OutputsError, SettingsError

_LEAST_TEMPERATURE, _GREATEST_TEMPERATURE = 1e-30, 1e30
_GREATEST_UNIFORM = 1 - 2.0**-24


@dataclass(frozen=True)
class Sampling:
    """Options for sampling. Raises SettingsError for numbers out of range."""

    temperature: float = 1.0
    """Above 0; divides logits, multiplies scales. Below 1 likely values are drawn more often, above 1 less often."""
    top_k: int | None = None
    """Draw only from the k most likely levels or components; None for all."""
    top_p: float | None = None
    """In (0, 1]: draw only from the smallest set of most likely levels or components with at least this total
    probability (nucleus sampling, Holtzman et al., 2020); None for all.

    Applied after top_k, to the renormalised probabilities of its selection.
    """

    def __post_init__(self) -> None:
        if not _LEAST_TEMPERATURE <= self.temperature <= _GREATEST_TEMPERATURE:
            raise SettingsError(
                f"temperature must be a number above 0 (from 1e-30 to 1e30), got {self.temperature}; for the most "
                "likely value at every step use top_k=1"
            )
        if self.top_k is not None and (isinstance(self.top_k, bool) or not isinstance(self.top_k, int)):
            raise SettingsError(f"top_k must be a whole number of at least 1, or None for all, got {self.top_k!r}")
        if self.top_k is not None and self.top_k < 1:
            raise SettingsError(f"top_k must be at least 1, or None for all, got {self.top_k}")
        if self.top_p is not None and not 0 < self.top_p <= 1:
            raise SettingsError(f"top_p must be above 0 and at most 1, or None for all, got {self.top_p}")


def draw(logits: Tensor, uniforms: Tensor, sampling: Sampling, log_widths: Tensor | None = None) -> Tensor:
    """Sample an index `(B,)`, int64, for each row of the logits `(B, N)`, using numbers `(B,)` uniform in [0, 1).

    It is the smallest i with sum_{j <= i} w_j > u * sum_j w_j, where w_j = exp(logit_j / temperature - max) if j is
    kept and 0 otherwise, all in single precision. top_k keeps the k largest logits and, of equal ones, those with lower
    indices. Of these, in the same order, top_p keeps the shortest prefix whose sum of w is at least top_p times the sum
    of all that top_k kept. With `log_widths` (N,), those of levels, the temperature divides the logarithm of the
    density instead: logit_j / temperature becomes (logit_j - log_width_j) / temperature + log_width_j. Raises
    OutputsError (a ValueError) if no logit is finite, or any is NaN or inf.
    """
    scaled = logits.float()
    if log_widths is None:
        scaled = scaled / sampling.temperature
    else:
        scaled = (scaled - log_widths) / sampling.temperature + log_widths
    weights = (scaled - scaled.amax(-1, keepdim=True)).exp()
    if sampling.top_k is not None or sampling.top_p is not None:
        weights = _restrict(weights, scaled, sampling)
    sums = weights.cumsum(-1)
    total = sums[:, -1:]
    if not bool((total > 0).all()):
        raise OutputsError
    # Below 1 in single precision too, so that the last sum exceeds the bound and an index is always found.
    bound = uniforms.float().clamp(max=_GREATEST_UNIFORM)[:, None] * total
    return (sums <= bound).sum(-1)


def _restrict(weights: Tensor, scaled: Tensor, sampling: Sampling) -> Tensor:
    """Set the weights `(B, N)` of indices that top-k and top-p exclude to zero."""
    order = scaled.sort(dim=-1, descending=True, stable=True).indices[:, : sampling.top_k]
    kept = weights.gather(-1, order)
    if sampling.top_p is not None and sampling.top_p < 1:
        sums = kept.cumsum(-1)
        before = torch.nn.functional.pad(sums[:, :-1], (1, 0))
        kept = torch.where(before < sampling.top_p * sums[:, -1:], kept, 0)
    return torch.zeros_like(weights).scatter(-1, order, kept)

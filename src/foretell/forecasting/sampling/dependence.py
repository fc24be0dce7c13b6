"""Dependence: how the errors of a forecast's steps, and those of several series, went together in past windows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_DOUBT_TOGETHER = 8.0
"""Number of windows at which the dependence between series that was observed counts as much as none."""
_DOUBT = 3.0
"""Number of windows at which the observed dependence between steps counts as much as the prior one."""
_PRIOR = 0.7
"""Correlation of neighbouring steps' errors without any observation."""
_MOST_POOLED = 256


@dataclass(frozen=True)
class Dependence:
    """Past normal scores, from which jointly normal scores of the future are drawn.

    A weighted sum of past windows with standard normal weights is normal, with the windows' covariance. Three such sums
    are mixed: one of windows of all series together, which keeps what series have in common; one of windows of any
    series, which keeps what the steps have in common, independent for each series; and an autoregression, the prior.
    """

    scores: Floats
    """(N, W, H) scores of W past windows of each series, 0 where missing; window k of all series is of one time."""
    windows: float
    """Number of windows of a series that do not overlap."""

    def draw(self, samples: int, random: np.random.Generator) -> Floats:
        """Return scores (S, N, H), each standard normal."""
        series, windows, horizon = self.scores.shape
        pooled = self.scores.reshape(-1, horizon)
        pooled = pooled[np.abs(pooled).sum(1) > 0]
        if len(pooled) > _MOST_POOLED:
            pooled = pooled[random.choice(len(pooled), _MOST_POOLED, replace=False)]
        of_prior = _autoregression(samples, series, horizon, random)
        apart = self.windows * series
        trust = apart / (apart + _DOUBT) if len(pooled) else 0.0
        steps: Floats = np.sqrt(1 - trust) * of_prior
        if trust:
            weights = random.standard_normal((samples * series, len(pooled)))
            own = _standard(weights @ pooled, pooled).reshape(samples, series, horizon)
            steps += np.sqrt(trust) * np.where(np.isnan(own), of_prior, own)
        if series == 1 or not windows:
            return steps
        together = self.windows / (self.windows + _DOUBT_TOGETHER)
        weights = random.standard_normal((samples, windows))
        joint = np.einsum("sw,nwh->snh", weights, self.scores, optimize=True)
        size = np.sqrt((self.scores**2).sum(1))
        joint = np.divide(joint, size, out=np.full(joint.shape, np.nan), where=size > 0)
        mixed = np.sqrt(together) * joint + np.sqrt(1 - together) * steps
        drawn: Floats = np.where(np.isnan(joint), steps, mixed)
        return drawn


def _standard(sums: Floats, rows: Floats) -> Floats:
    """Divide sums (S, H) of weighted rows (P, H) by their standard deviation; NaN where that is 0."""
    size = np.sqrt((rows**2).sum(0))
    found: Floats = np.divide(sums, size, out=np.full(sums.shape, np.nan), where=size > 0)
    return found


def _autoregression(samples: int, series: int, horizon: int, random: np.random.Generator) -> Floats:
    noise = random.standard_normal((horizon, samples, series))
    for step in range(1, horizon):
        noise[step] = _PRIOR * noise[step - 1] + np.sqrt(1 - _PRIOR**2) * noise[step]
    return np.moveaxis(noise, 0, 2)

"""Season strength: the share of the variance around the trend that a season explains."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from foretell.forecasting.harmonics import Floats

_FEWEST, _ROUNDS = 6, 2


def strengths(series: Sequence[Floats], lengths: Sequence[int]) -> list[float]:
    """Return, for each length, the share of the variance around the trend that it explains beyond the shorter ones."""
    shares: list[list[float]] = [[] for _ in lengths]
    for values in series:
        present = ~np.isnan(values)
        largest = np.abs(values[present]).max(initial=0.0)
        if present.sum() < _FEWEST or largest == 0:
            continue
        rest = np.interp(np.arange(len(values)), np.flatnonzero(present), values[present] / largest)
        low, high = np.quantile(rest, (0.01, 0.99))
        rest = np.clip(rest, low - (high - low), high + (high - low))
        for share, length in zip(shares, lengths, strict=True):
            if len(rest) < _ROUNDS * length:
                continue
            around = rest - _trend(rest, length)
            phases = np.array([around[k::length].mean() for k in range(length)])
            pattern = np.resize(phases - phases.mean(), len(rest))
            whole = around.var()
            if whole > 1e-24:
                left = (around - pattern).var() * len(rest) / (len(rest) - length)
                share.append(float(np.clip(1 - left / whole, 0, 1)))
            rest = rest - pattern
    return [float(np.median(share)) if share else 0.0 for share in shares]


def _trend(values: Floats, length: int) -> Floats:
    """Return a centred moving average over one season, shorter at the ends."""
    total = np.append(0.0, np.cumsum(values))
    at = np.arange(len(values))
    low, high = np.maximum(at - length // 2, 0), np.minimum(at - length // 2 + length, len(values))
    return np.asarray((total[high] - total[low]) / (high - low))

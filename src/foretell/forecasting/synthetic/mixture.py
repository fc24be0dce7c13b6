"""The mixture of families of series, and what happens to real ones: outliers, shifts, rounding, cutting off, gaps."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from foretell.forecasting.synthetic import families
from foretell.forecasting.synthetic.noise import Floats, Random, log_uniform, smooth, some

Family = Callable[[Random, int, int, int, int], Floats]

SHARES: dict[Family, float] = {
    families.composed: 0.30,
    families.state_space: 0.17,
    families.growing: 0.08,
    families.autoregressive: 0.06,
    families.prices: 0.04,
    families.regimes: 0.06,
    families.loose_cycles: 0.04,
    families.counts: 0.08,
    families.bounded: 0.03,
    families.smooth_processes: 0.05,
    families.events: 0.06,
    families.levels: 0.03,
}
"""The share of each family where series have a season. Those without one are dominated by growth: see `_shares`."""

_GROWTH = 0.45
_BLENDED = 10


def _shares(length: int) -> NDArray[np.float64]:
    shares = np.array(list(SHARES.values()))
    if length == 1:
        growth = list(SHARES).index(families.growing)
        shares = shares * (1 - _GROWTH) / (shares.sum() - shares[growth])
        shares[growth] = _GROWTH
    return np.asarray(shares / shares.sum())


def draw(random: Random, count: int, steps: int, length: int, second: int = 0) -> NDArray[np.float32]:
    """`count` series of `steps` steps, each with a largest absolute value of 1; NaN where a value is missing.

    `length` is the season in steps, 1 for none, `second` a longer one beside it, 0 for none.
    """
    sizes = random.multinomial(count, _shares(length))
    with np.errstate(all="ignore"):
        parts = [family(random, int(n), steps, length, second) for family, n in zip(SHARES, sizes, strict=True) if n]
        paths = np.concatenate(parts)[random.permutation(count)]
        paths = _blended(random, paths)
        paths = spoiled(random, paths)
        paths[~np.isfinite(paths)] = np.nan
        largest = np.fmax.reduce(np.abs(paths), axis=1)[:, None]
        paths = paths / np.where(largest > 0, largest, 1.0)
    return paths[random.permutation(count)].astype(np.float32)


def _blended(random: Random, paths: Floats) -> Floats:
    """A tenth of the series with another one mixed in."""
    some = len(paths) // _BLENDED
    mean, spread = paths.mean(1, keepdims=True), paths.std(1, keepdims=True) + 1e-9
    normal = (paths - mean) / spread
    share = random.uniform(0.1, 0.9, (some, 1))
    paths[:some] = (share * normal[:some] + (1 - share) * normal[some : 2 * some]) * spread[:some] + mean[:some]
    return paths


def spoiled(random: Random, paths: Floats) -> Floats:
    """(N, T), most of them as they were; NaN where a value is missing."""
    count, steps = paths.shape
    typical = np.abs(np.diff(paths, axis=1)).mean(1, keepdims=True)
    outlier = some(random, count, 0.12) & (random.random((count, steps)) < 0.02)
    paths = paths + np.where(outlier, 2 * typical * random.standard_t(2, (count, steps)).clip(-15, 15), 0.0)
    after = np.arange(steps) >= random.integers(0, steps, (count, 1))
    paths = paths + np.where(some(random, count, 0.07) & after, typical * random.normal(0, 4, (count, 1)), 0.0)
    swing = np.exp(0.5 * smooth(random, count, steps, log_uniform(random, 0.2 * steps, 2 * steps, count)))
    middle = np.median(paths, axis=1, keepdims=True)
    paths = np.where(some(random, count, 0.05), middle + (paths - middle) * swing, paths)
    floor = np.quantile(paths, random.uniform(0, 0.3))
    paths = np.where(some(random, count, 0.03), np.maximum(paths, floor), paths)
    grid = log_uniform(random, 0.5, 30, (count, 1)) / (typical + 1e-12)
    paths = np.where(some(random, count, 0.15) & (typical > 0), np.round(paths * grid) / grid, paths)
    paths = np.where(some(random, count, 0.04), -paths, paths)
    gone = some(random, count, 0.06) & (random.random((count, steps)) < random.uniform(0.02, 0.3))
    start, length = random.integers(0, steps, (count, 1)), random.integers(1, 15, (count, 1))
    place = np.arange(steps)
    gap = some(random, count, 0.03) & (place >= start) & (place < start + length)
    return np.where(gone | gap, np.nan, paths)

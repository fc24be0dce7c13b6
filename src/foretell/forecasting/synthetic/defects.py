"""What happens to real series before anybody sees them: outliers, shifts, rounding, cutting off, gaps."""

from __future__ import annotations

import numpy as np

from foretell.forecasting.synthetic.noise import Floats, Random, log_uniform, smooth, some


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

"""The running level of a series: the unit in which the effect of a column is measured."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

OUTLYING = 30.0
"""A value counts for no more than so many times the level before it."""


def running_level(values: Floats, steps: int) -> Floats:
    """Return (T + 1,), at each row of `values` (T,) and at the one after the last, the mean absolute value of the
    `steps` rows before it, of which NaN are left out; of outliers no more than `OUTLYING` times the mean before them.

    So it depends on the last 2 `steps` rows. Rows before the first value, and that one itself, have the level of the
    row after it; where none of the rows before holds a value, the level is 0.
    """
    seen = ~np.isnan(values)
    if not seen.any():
        return np.zeros(len(values) + 1)
    largest = float(np.abs(values[seen]).max())
    unit = np.ldexp(1.0, np.frexp(largest)[1] - 1) if largest > 0 else 1.0
    sizes = np.abs(values) / unit
    usual = _mean_before(sizes, seen, steps)
    limits = np.where(usual > 0, OUTLYING * usual, np.inf)[:-1]
    return _mean_before(np.minimum(sizes, limits), seen, steps) * unit


def _mean_before(sizes: Floats, seen: NDArray[np.bool_], steps: int) -> Floats:
    rows = len(sizes)
    sums = np.append(0.0, np.cumsum(np.where(seen, sizes, 0.0)))
    counts = np.append(0, np.cumsum(seen))
    ends = np.arange(rows + 1)
    begins = np.maximum(ends - steps, 0)
    count = counts[ends] - counts[begins]
    mean = np.zeros(rows + 1)
    np.divide(np.maximum(sums[ends] - sums[begins], 0.0), count, out=mean, where=count > 0)
    first = int(seen.argmax())
    mean[: first + 1] = mean[first + 1]
    return mean

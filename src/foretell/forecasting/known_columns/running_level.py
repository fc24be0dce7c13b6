"""The running level of a series: the unit in which the effect of a column is measured."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def running_level(values: Floats, steps: int) -> Floats:
    """Return (T + 1,), at each row of `values` (T,) and at the one after the last, the mean absolute value of the
    `steps` rows before it, of which NaN are left out.

    Rows before the first value, and that one itself, have the level of the row after it; where none of the rows before
    holds a value, the level is 0.
    """
    rows = len(values)
    seen = ~np.isnan(values)
    level = np.zeros(rows + 1)
    if not seen.any():
        return level
    largest = float(np.abs(values[seen]).max())
    unit = np.ldexp(1.0, np.frexp(largest)[1] - 1) if largest > 0 else 1.0
    sums = np.append(0.0, np.cumsum(np.where(seen, np.abs(values) / unit, 0.0)))
    counts = np.append(0, np.cumsum(seen))
    ends = np.arange(rows + 1)
    begins = np.maximum(ends - steps, 0)
    count = counts[ends] - counts[begins]
    np.divide(np.maximum(sums[ends] - sums[begins], 0.0), count, out=level, where=count > 0)
    first = int(seen.argmax())
    level[: first + 1] = level[first + 1]
    return level * unit

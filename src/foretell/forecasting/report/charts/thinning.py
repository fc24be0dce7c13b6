"""Fewer points that draw the same line: every stretch keeps its lowest and highest value, and its gaps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from foretell.forecasting.report.content import Floats


def thin(values: Floats, limit: int) -> NDArray[np.intp]:
    """Indices, ascending, of the points worth drawing; all of them where there are at most `limit`.

    Takes values `(T,)`, NaN for gaps. Each of `limit // 2` stretches keeps the lowest and the highest of its points,
    and one NaN where it has any, so that a gap stays a gap; the first and last points stay. Jugel et al. 2014 (M4).
    """
    if len(values) <= limit:
        return np.arange(len(values))
    kept = {0, len(values) - 1}
    for stretch in np.array_split(np.arange(len(values)), max(1, limit // 2)):
        missing = np.isnan(values[stretch])
        if missing.any():
            kept.add(int(stretch[missing.argmax()]))
        if not missing.all():
            present = stretch[~missing]
            kept.add(int(present[values[present].argmin()]))
            kept.add(int(present[values[present].argmax()]))
    return np.array(sorted(kept), dtype=np.intp)


def lonely(values: Floats) -> NDArray[np.bool_]:
    """Which points `(T,)` have no neighbour to be joined to, so that a line would leave them out."""
    present = np.concatenate([[False], ~np.isnan(values), [False]])
    alone: NDArray[np.bool_] = present[1:-1] & ~present[:-2] & ~present[2:]
    return alone

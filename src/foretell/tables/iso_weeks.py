"""Weeks of the year as ISO 8601 counts them: from Monday on, the first one holding the year's first Thursday."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from foretell.tables.grids import Times


def monday_of(year: NDArray[np.int64], week: NDArray[np.int64]) -> Times:
    """The Mondays of weeks, `datetime64[us]`; NaT where the year has no such week."""
    monday = _first_monday(year) + 7 * (week - 1)
    return np.where(
        (week >= 1) & (monday < _first_monday(year + 1)), monday.astype("datetime64[us]"), np.datetime64("NaT")
    )


def _first_monday(year: NDArray[np.int64]) -> NDArray[np.datetime64]:
    fourth = (year - 1970).astype("datetime64[Y]").astype("datetime64[D]") + 3
    return np.asarray(fourth - (fourth.astype(np.int64) + 3) % 7)

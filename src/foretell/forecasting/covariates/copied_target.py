"""Covariates that copy the target: what is to be forecast is then an input, and the backtest a delusion."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

from foretell.forecasting.panel import Panel

_ALIKE = 0.9999
"""Correlation with the target's changes from which a column is taken for a copy."""
_FEWEST = 10
_FARTHEST = 3
"""Steps by which a column may be ahead of the target."""


def warn_of_copies(panel: Panel) -> None:
    """Warn (`UserWarning`) of each known column that follows the target of the same time, or of a later one.

    Of a past column only the second is amiss: at the same time as the target it is known no earlier.
    """
    by = {"known": "in advance", "past": "by then"}
    owner = np.repeat(np.arange(len(panel)), np.diff(panel.offsets))
    columns = [("known", 0, *item) for item in panel.known.items()]
    columns += [("past", 1, *item) for item in panel.past.items()]
    for role, first, name, column in columns:
        if column.dtype == object:
            continue
        for ahead in range(first, _FARTHEST + 1):
            same = owner[: len(owner) - ahead] == owner[ahead:]
            if _alike(column.astype(np.float64)[: len(owner) - ahead][same], panel.values[ahead:][same]):
                when = "at the same time" if not ahead else f"{ahead} step{'' if ahead == 1 else 's'} later"
                warnings.warn(
                    f"the {role} column {name!r} goes with the target {when}: is it really known {by[role]}, or a "
                    "copy of what is to be forecast? In the second case leave it out, since nobody will have it",
                    UserWarning,
                    stacklevel=3,
                )
                break


def _alike(column: NDArray[np.float64], target: NDArray[np.float64]) -> bool:
    """Return whether the changes of a column are those of the target, but for a factor."""
    there = ~np.isnan(column) & ~np.isnan(target)
    if there.sum() < _FEWEST:
        return False
    changes = [np.diff(values[there]) for values in (column, target)]
    sizes = [float(np.sqrt((change**2).sum())) for change in changes]
    if not all(np.isfinite(sizes)) or min(sizes) == 0:
        return False
    scaled = [change / size for change, size in zip(changes, sizes, strict=True)]
    return abs(float(scaled[0] @ scaled[1])) > _ALIKE

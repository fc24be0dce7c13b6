"""Reconciliation: forecasts of all levels are changed as little as possible, so that they add up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_FEWEST = 10
"""Minimum number of errors per series for measuring how these go together."""
_RIDGE = 1e-10


@dataclass(frozen=True)
class Sums:
    """Which of N series are sums of others."""

    matrix: Floats
    """(M, N), 1 for each series that adds to a sum; these are all of the lowest level."""
    places: NDArray[np.int64]
    """(M,), places of the sums among the N series."""

    @property
    def lowest(self) -> NDArray[np.int64]:
        """Places of the series of the lowest level."""
        return np.setdiff1d(np.arange(self.matrix.shape[1]), self.places)


def reconciled(forecasts: Floats, sums: Sums, errors: Floats, non_negative: bool) -> Floats:
    """Return forecasts (..., N, H) of N series that add up.

    With the covariance W of the forecasts' errors and the constraints C, by which a sum less its series is zero, they
    are moved by W C' (C W C')^-1 C times themselves: of all unbiased combinations that add up the one with the least
    variance (MinT; Wickramasuriya, Athanasopoulos and Hyndman, 2019). W is measured on past `errors` (R, N), NaN where
    missing, and shrunk towards its diagonal (Schäfer and Strimmer, 2005). If `non_negative`, the lowest level is kept
    at 0 or above, and the others are its sums.
    """
    constraints = -sums.matrix
    constraints[np.arange(len(constraints)), sums.places] += 1
    weights = _covariance_times(constraints.T, errors, sums)
    size = np.sqrt(np.einsum("mn,nm->m", constraints, weights))
    # In units of each constraint's own spread the system is well conditioned.
    system = constraints @ weights / np.outer(size, size) + _RIDGE * np.eye(len(size))
    gaps = np.einsum("mn,...nh->...mh", constraints, forecasts) / size[:, None]
    moves = np.einsum("nm,...mh->...nh", np.linalg.solve(system, (weights / size).T).T, gaps)
    lowest = (forecasts - moves)[..., sums.lowest, :]
    if non_negative:
        lowest = np.maximum(lowest, 0.0)
    found = np.empty_like(forecasts)
    found[..., sums.lowest, :] = lowest
    # What was solved adds up but for rounding; now it does to the last digit.
    found[..., sums.places, :] = np.einsum("mn,...nh->...mh", sums.matrix[:, sums.lowest], lowest)
    return found


def _covariance_times(matrix: Floats, errors: Floats, sums: Sums) -> Floats:
    """Return W times a matrix (N, M)."""
    rows = errors[~np.isnan(errors).any(1)]
    if len(rows) < _FEWEST or not (rows**2).sum(0).all():
        # In proportion to the number of series in a sum.
        sizes = np.ones(sums.matrix.shape[1])
        sizes[sums.places] = sums.matrix.sum(1)
        scaled: Floats = sizes[:, None] * matrix
        return scaled
    count = len(rows)
    diagonal = (rows**2).mean(0)
    scores = rows / np.sqrt(diagonal)
    squares = scores**2
    # Sums over all pairs of different series; the smaller of the two matrices of products has the same sum of squares.
    products = scores @ scores.T if count < len(diagonal) else scores.T @ scores
    of_correlations = float(((products / count) ** 2).sum()) - len(diagonal)
    of_products = float((squares.sum(1) ** 2).sum() - (squares**2).sum()) / count
    variance = (of_products - of_correlations) / (count - 1)
    shrinkage = float(np.clip(variance / of_correlations, 0, 1)) if of_correlations > 0 else 1.0
    measured: Floats = (1 - shrinkage) * rows.T @ (rows @ matrix) / count
    whole: Floats = measured + shrinkage * diagonal[:, None] * matrix
    return whole

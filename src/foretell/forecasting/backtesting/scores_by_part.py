"""Scores of the parts of a backtest, with the continuous ranked probability score of the whole distribution."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foretell.forecasting.quantiles import GRID, MEDIAN

Floats = NDArray[np.float64]

_PROBABILITIES = np.array(GRID)
_ENDS = np.concatenate([[0.0], (_PROBABILITIES[1:] + _PROBABILITIES[:-1]) / 2, [1.0]])


def crps(actual: Floats, distribution: Floats) -> Floats:
    """Return the continuous ranked probability score of each value (...) under the quantiles of `GRID` (..., 15).

    It is twice the integral of the quantile loss over all probabilities (Laio and Tamea, 2007), here a sum over the
    quantiles, each for the probabilities nearest to it. The score of a forecast without spread is its absolute error.
    """
    error = actual[..., None] - distribution
    losses = np.maximum(_PROBABILITIES * error, (_PROBABILITIES - 1) * error)
    score: Floats = 2 * losses @ np.diff(_ENDS)
    return score


def scores_by_part(
    part: NDArray[np.int64],
    parts: int,
    actual: Floats,
    distribution: Floats,
    intervals: Mapping[int, tuple[Floats, Floats]],
) -> dict[str, NDArray[Any]]:
    """Return the scores of each of `parts` parts of B windows; NaN for one without values.

    `part` (B, H) is the part of each value, `actual` (B, H), NaN where missing, `distribution` (B, H, 15), `intervals`:
    level -> (lower, upper), each (B, H).
    """
    seen = ~np.isnan(actual)
    own, came, given = part[seen], actual[seen], distribution[seen]
    count = np.bincount(own, minlength=parts)

    def mean(values: NDArray[np.generic]) -> Floats:
        total = np.bincount(own, weights=values.astype(np.float64), minlength=parts)
        means: Floats = np.divide(total, count, out=np.full(parts, np.nan), where=count > 0)
        return means

    error = came - given[:, MEDIAN]
    columns: dict[str, Any] = {
        "values": count,
        "MAE": mean(np.abs(error)),
        "RMSE": np.sqrt(mean(error**2)),
        "CRPS": mean(crps(came, given)),
    }
    for level, (lower, upper) in intervals.items():
        columns[f"coverage-{level}"] = mean((lower[seen] <= came) & (came <= upper[seen]))
    return columns

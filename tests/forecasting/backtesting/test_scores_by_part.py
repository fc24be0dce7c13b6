"""Scores of parts of a backtest, by hand and against the equations of a normal distribution."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest

from foretell.forecasting.backtesting.scores_by_part import crps, scores_by_part
from foretell.forecasting.quantiles import GRID

NORMAL = np.array([NormalDist().inv_cdf(p) for p in GRID])


@pytest.mark.parametrize("value", [-2.0, -0.5, 0.0, 1.0, 3.0])
def test_the_crps_of_a_normal_distribution(value: float) -> None:
    # Gneiting and Raftery (2007), equation 21.
    exact = value * (2 * NormalDist().cdf(value) - 1) + 2 * NormalDist().pdf(value) - 1 / np.sqrt(np.pi)
    assert crps(np.array(value), NORMAL) == pytest.approx(exact, rel=0.05)


def test_the_crps_without_spread_is_the_absolute_error() -> None:
    found = crps(np.array([3.0, -1.0]), np.full((2, 15), 1.0))
    np.testing.assert_allclose(found, [2.0, 2.0])


def test_parts_by_hand() -> None:
    actual = np.array([[1.0, np.nan], [3.0, 9.0]])
    distribution = np.full((2, 2, 15), 2.0)
    intervals = {80: (np.full((2, 2), 0.0), np.full((2, 2), 3.0))}
    found = scores_by_part(np.array([[0, 0], [0, 1]]), 3, actual, distribution, intervals)
    assert list(found) == ["values", "MAE", "RMSE", "CRPS", "coverage-80"]
    assert found["values"].tolist() == [2, 1, 0]
    np.testing.assert_allclose(found["MAE"], [1, 7, np.nan])
    np.testing.assert_allclose(found["RMSE"], [1, 7, np.nan])
    np.testing.assert_allclose(found["CRPS"], [1, 7, np.nan])
    np.testing.assert_allclose(found["coverage-80"], [1, 0, np.nan])

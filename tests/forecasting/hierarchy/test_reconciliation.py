"""Reconciled forecasts add up, and are those of the least variance."""

from __future__ import annotations

import numpy as np
import pytest

from foretell.forecasting.hierarchy.reconciliation import Sums, reconciled

RANDOM = np.random.default_rng(0)
# total, a, b, and the lowest level: a1, a2, b1, b2.
SUMS = Sums(
    np.array([[0, 0, 0, 1, 1, 1, 1], [0, 0, 0, 1, 1, 0, 0], [0, 0, 0, 0, 0, 1, 1]], dtype=np.float64), np.arange(3)
)
FORECASTS = RANDOM.uniform(1, 9, (7, 4))
NONE = np.empty((0, 7))


def by_the_book(forecasts: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """S (S' W^-1 S)^-1 S' W^-1 y."""
    summing = np.concatenate([SUMS.matrix[:, 3:], np.eye(4)])
    inverse = np.linalg.inv(covariance)
    projection = np.linalg.solve(summing.T @ inverse @ summing, summing.T @ inverse)
    return np.asarray(summing @ projection @ forecasts)


def adds_up(found: np.ndarray) -> None:
    np.testing.assert_allclose(found[..., 0, :], found[..., 1:3, :].sum(-2), atol=1e-12)
    np.testing.assert_allclose(found[..., 1, :], found[..., 3:5, :].sum(-2), atol=1e-12)


def test_without_errors_by_the_number_of_series_in_a_sum() -> None:
    found = reconciled(FORECASTS, SUMS, NONE, non_negative=False)
    adds_up(found)
    np.testing.assert_allclose(found, by_the_book(FORECASTS, np.diag([4.0, 2, 2, 1, 1, 1, 1])), rtol=1e-6)


def test_with_many_errors_by_their_covariance() -> None:
    lowest = RANDOM.normal(0, [1, 2, 3, 4], (20_000, 4)) + RANDOM.normal(0, 2, (20_000, 1))
    errors = lowest @ np.concatenate([SUMS.matrix[:, 3:], np.eye(4)]).T + RANDOM.normal(
        0, [5, 1, 1, 1, 1, 1, 1], (20_000, 7)
    )
    errors[7, 2] = np.nan
    found = reconciled(FORECASTS, SUMS, errors, non_negative=False)
    adds_up(found)
    rows = errors[~np.isnan(errors).any(1)]
    np.testing.assert_allclose(found, by_the_book(FORECASTS, rows.T @ rows / len(rows)), rtol=0.01)


def test_a_forecast_with_large_errors_moves_most() -> None:
    errors = RANDOM.normal(0, 1, (400, 7)) * [1, 1, 1, 1, 1, 1, 50]
    found = reconciled(FORECASTS, SUMS, errors, non_negative=False)
    moves = np.abs(found - FORECASTS).sum(1)
    assert moves.argmax() == 6


def test_what_adds_up_stays() -> None:
    coherent = np.concatenate([SUMS.matrix[:, 3:], np.eye(4)]) @ FORECASTS[3:]
    np.testing.assert_allclose(reconciled(coherent, SUMS, NONE, non_negative=False), coherent)


@pytest.mark.parametrize("samples", [1, 5])
def test_each_sample_adds_up_and_none_is_negative(samples: int) -> None:
    found = reconciled(RANDOM.normal(0, 2, (samples, 7, 4)), SUMS, NONE, non_negative=True)
    adds_up(found)
    assert found.min() >= 0

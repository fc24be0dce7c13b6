"""Scores of values in forecast distributions, and back."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest

from foretell.forecasting.quantiles import GRID
from foretell.forecasting.sampling.scores import normal_scores, values_at

NORMAL = np.array([NormalDist(10, 3).inv_cdf(p) for p in GRID])


def scores(values: list[float], distribution: np.ndarray) -> np.ndarray:
    wide = np.broadcast_to(distribution, (len(values), len(GRID)))
    return normal_scores(np.array(values), wide, np.random.default_rng(0))


@pytest.mark.parametrize("value", [4.0, 9.99, 10.0, 12.5, 18.0])
def test_a_normal_distribution_has_the_scores_of_the_normal_distribution(value: float) -> None:
    assert scores([value], NORMAL)[0] == pytest.approx((value - 10) / 3)
    np.testing.assert_allclose(values_at(np.array([[(value - 10) / 3]]), NORMAL[None]), [[value]])


def test_scores_have_an_end_and_missing_values_none() -> None:
    np.testing.assert_array_equal(scores([-1e9, 1e9, np.nan], NORMAL), [-3.5, 3.5, np.nan])


def test_a_value_that_is_many_quantiles_has_any_of_their_scores() -> None:
    zeros = np.where(np.array(GRID) <= 0.5, 0.0, np.arange(15.0))
    found = scores([0.0] * 4000, zeros)
    assert (found <= 0).all()
    assert found.min() < -3
    assert found.max() > -0.1
    assert (scores([3.0] * 3, np.full(15, 3.0)) != 0).any()


def test_samples_of_scores_have_the_distribution() -> None:
    drawn = np.random.default_rng(0).standard_normal((4000, 1))
    skewed = np.exp(NORMAL / 5)
    found = values_at(drawn, skewed[None])[:, 0]
    np.testing.assert_allclose(np.quantile(found, [0.1, 0.5, 0.9]), skewed[[3, 7, 11]], rtol=0.06)

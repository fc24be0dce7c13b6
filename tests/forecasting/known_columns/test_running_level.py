"""The running level of a series."""

from __future__ import annotations

import numpy as np
import pytest

from foretell.forecasting.known_columns.running_level import running_level

NAN = float("nan")


@pytest.mark.parametrize("steps", [1, 3, 50])
def test_it_is_the_mean_size_of_the_values_before(steps: int) -> None:
    random = np.random.default_rng(0)
    values = random.normal(size=40) * 1e6
    values[random.random(40) < 0.3] = NAN
    values[:3] = NAN
    values[3] = -2e5
    level = running_level(values, steps)
    assert (level[:5] == 2e5).all()
    for row in range(5, 41):
        before = np.abs(values[max(0, row - steps) : row])
        expected = 0.0 if np.isnan(before).all() else np.nanmean(before)
        np.testing.assert_allclose(level[row], expected, rtol=1e-9)


def test_an_outlier_counts_for_little() -> None:
    values = np.full(100, 10.0)
    values[50] = 1e9
    level = running_level(values, 28)
    assert level[51] == pytest.approx((27 * 10 + 30 * 10) / 28)
    np.testing.assert_allclose(level[[50, 80]], 10)
    # It depends on twice as many rows as the mean is of.
    np.testing.assert_allclose(running_level(values[30:], 28)[-10:], level[-10:])


def test_nothing_has_no_level() -> None:
    assert running_level(np.array([NAN, NAN]), 4).tolist() == [0, 0, 0]
    assert running_level(np.zeros(0), 4).tolist() == [0]
    assert running_level(np.zeros(2), 4).tolist() == [0, 0, 0]

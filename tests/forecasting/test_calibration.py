"""Intervals that hold what they promise on data drawn alike, whatever the network thought of its own certainty."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foretell.forecasting.calibration import calibrated, calibration_factors
from foretell.forecasting.quantiles import quantiles_of

LEVELS = (50, 80, 95)
QUANTILES = quantiles_of(LEVELS)
NORMAL = (-1.95996, -1.28155, -0.67449, 0.0, 0.67449, 1.28155, 1.95996)


def drawn(count, seed, noise="normal"):
    """Medians and spreads that differ from row to row, and the values that came."""
    random = np.random.default_rng(seed)
    median, spread = random.normal(0, 10, count), random.uniform(0.5, 4, count)
    error = {
        "normal": random.normal(size=count),
        "heavy": random.standard_t(3, size=count),
        "skewed": random.exponential(size=count) - math.log(2),
    }[noise]
    return median, spread, median + spread * error


def believed(median, spread, certainty):
    """What a network would forecast that believes in normal errors of `certainty` times the true spread."""
    return median[:, None] + certainty * spread[:, None] * np.array(NORMAL)


@pytest.mark.parametrize("certainty", [0.2, 1.0, 5.0])
@pytest.mark.parametrize("noise", ["normal", "heavy", "skewed"])
def test_coverage_is_nominal_on_exchangeable_data(certainty, noise):
    count = 4000
    median, spread, actual = drawn(count, 1, noise)
    factors = calibration_factors(QUANTILES, believed(median, spread, certainty), actual)
    median, spread, actual = drawn(count, 2, noise)
    forecast = calibrated(believed(median, spread, certainty), factors)
    for k, quantile in enumerate(QUANTILES):
        # Four standard errors, of the part calibrated on and of the part tested on.
        error = 4 * math.sqrt(2 * quantile * (1 - quantile) / count)
        if k != len(QUANTILES) // 2:
            assert np.mean(actual <= forecast[:, k]) == pytest.approx(quantile, abs=error), quantile


def test_coverage_of_small_samples_is_at_least_nominal():
    """The finite-sample correction: over many calibrations on 39 values, 95 % intervals hold 95 % or more."""
    covered = []
    for seed in range(600):
        median, spread, actual = drawn(40, seed)
        forecast = believed(median, spread, 0.5)
        factors = calibration_factors(QUANTILES, forecast[:39], actual[:39])
        last = calibrated(forecast[39:], factors)[0]
        covered.append(last[0] <= actual[39] <= last[-1])
    assert np.mean(covered) >= 0.95 - 3 * math.sqrt(0.95 * 0.05 / 600)


def test_factors_undo_a_wrong_belief():
    median, spread, actual = drawn(40_000, 3)
    factors = calibration_factors(QUANTILES, believed(median, spread, 0.5), actual)
    assert factors[3] == 1
    np.testing.assert_allclose(np.delete(factors, 3), 2, rtol=0.06)


def test_each_tail_is_calibrated_by_itself():
    median, _, _ = drawn(5000, 4)
    upwards = median + np.abs(np.random.default_rng(5).normal(size=5000))
    factors = calibration_factors(QUANTILES, believed(median, np.ones(5000), 1.0), upwards)
    assert (factors[:3] == 0).all()
    assert (factors[4:] > 1).all()


def test_missing_values_count_for_nothing():
    median, spread, actual = drawn(500, 6)
    forecast = believed(median, spread, 1.0)
    gappy, filled = actual.copy(), forecast.copy()
    gappy[::3] = np.nan
    filled[::3] = 1e6
    kept = np.arange(500) % 3 != 0
    factors = calibration_factors(QUANTILES, filled, gappy)
    np.testing.assert_array_equal(factors, calibration_factors(QUANTILES, forecast[kept], actual[kept]))


@pytest.mark.parametrize(("present", "untouched"), [(0, True), (19, True), (20, False)])
def test_too_few_values_leave_the_intervals_as_they_are(present, untouched):
    median, spread, actual = drawn(30, 7)
    actual[present:] = np.nan
    factors = calibration_factors(QUANTILES, believed(median, spread, 0.1), actual)
    assert (factors == 1).all() == untouched


def test_batches_of_any_shape_are_taken_together():
    median, spread, actual = drawn(120, 8)
    forecast = believed(median, spread, 1.0)
    shaped = calibration_factors(QUANTILES, forecast.reshape(4, 5, 6, 7), actual.reshape(4, 5, 6))
    np.testing.assert_array_equal(shaped, calibration_factors(QUANTILES, forecast, actual))


@pytest.mark.filterwarnings("error")
def test_quantiles_that_coincide_with_the_median_are_no_division_by_zero():
    factors = calibration_factors(QUANTILES, np.zeros((50, 7)), np.ones(50))
    assert np.isfinite(factors).all()
    assert (factors >= 0).all()


distances = st.lists(st.floats(0, 1e6), min_size=6, max_size=6)


@given(distances, st.lists(st.floats(0, 100), min_size=6, max_size=6), st.floats(-1e6, 1e6))
def test_order_is_kept_by_any_factors(steps, factors, median):
    below, above = -np.cumsum(steps[:3])[::-1], np.cumsum(steps[3:])
    forecast = median + np.concatenate([below, [0], above])
    result = calibrated(np.stack([forecast, forecast]), np.array([*factors[:3], 1, *factors[3:]]))
    assert (np.diff(result, axis=-1) >= 0).all()
    assert (result[:, 3] == median).all()
    for k, factor in enumerate(factors[3:], 4):
        assert result[0, k] - median >= factor * (forecast[k] - median) * (1 - 1e-9) - 1e-9


@given(distances, st.floats(-1e3, 1e3))
def test_factors_of_one_change_nothing(steps, median):
    forecast = median + np.concatenate([-np.cumsum(steps[:3])[::-1], [0], np.cumsum(steps[3:])])
    np.testing.assert_allclose(calibrated(forecast, np.ones(7)), forecast, rtol=1e-12, atol=1e-9)

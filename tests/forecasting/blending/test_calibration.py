"""Intervals that hold what they promise on data drawn alike, whatever the network thought of its own certainty."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foretell.forecasting.blending.calibration import calibrated, calibration_factors, parts_of
from foretell.forecasting.quantiles import quantiles_of

LEVELS = (50, 80, 95)
QUANTILES = quantiles_of(LEVELS)
NORMAL = (-1.95996, -1.28155, -0.67449, 0.0, 0.67449, 1.28155, 1.95996)
MIDDLE = len(QUANTILES) // 2
PAIRS = [(k, len(QUANTILES) - 1 - k, 1 - 2 * QUANTILES[k]) for k in range(MIDDLE)]
HORIZON = 8
MANY = 10_000_000
"""Windows: even so they count for a hundred."""


def drawn(count, seed, noise="normal", horizon=HORIZON):
    """Medians and spreads (B, H) that differ, and the values that came."""
    random = np.random.default_rng(seed)
    shape = (count, horizon)
    median, spread = random.normal(0, 10, shape), random.uniform(0.5, 4, shape)
    error = {
        "normal": random.normal(size=shape),
        "heavy": random.standard_t(3, size=shape),
        "skewed": random.exponential(size=shape) - math.log(2),
    }[noise]
    return median, spread, median + spread * error


def believed(median, spread, certainty):
    """What a network would forecast that believes in normal errors of `certainty` times the true spread."""
    return median[..., None] + certainty * spread[..., None] * np.array(NORMAL)


def inside(forecast, actual, low, high):
    return np.mean((actual >= forecast[..., low]) & (actual <= forecast[..., high]))


@pytest.mark.parametrize("certainty", [0.5, 1.0, 2.5])
@pytest.mark.parametrize("noise", ["normal", "heavy", "skewed"])
def test_intervals_hold_nearly_what_they_promise_where_there_are_many_windows(certainty, noise):
    median, spread, actual = drawn(3000, 1, noise)
    factors = calibration_factors(QUANTILES, believed(median, spread, certainty), actual, MANY)
    median, spread, actual = drawn(3000, 2, noise)
    before = believed(median, spread, certainty)
    after = calibrated(before, factors)
    for low, high, share in PAIRS:
        # A sixth of the belief that nothing need be changed is kept however many windows there are.
        off = abs(inside(after, actual, low, high) - share)
        assert off < max(0.02, 0.35 * abs(inside(before, actual, low, high) - share)), share


def test_factors_undo_most_of_a_wrong_belief():
    median, spread, actual = drawn(5000, 3)
    factors = calibration_factors(QUANTILES, believed(median, spread, 0.5), actual, MANY)
    assert factors.shape == (3, len(QUANTILES))
    assert (factors[:, MIDDLE] == 1).all()
    sides = np.delete(factors, MIDDLE, axis=1)
    # 2 to the power of the trust in a hundred windows, and somewhat more where the parts agree with the whole.
    assert (sides > 2 ** (100 / 120) - 0.05).all()
    assert (sides < 2.05).all()


def test_both_sides_are_stretched_alike_and_never_to_nothing():
    """A level that shifted once is no reason to believe that one side is wider, let alone that there is no other."""
    median, spread, _ = drawn(500, 4)
    upwards = median + np.abs(np.random.default_rng(5).normal(size=median.shape)) * 3 * spread
    factors = calibration_factors(QUANTILES, believed(median, spread, 1.0), upwards, MANY)
    np.testing.assert_array_equal(factors, factors[:, ::-1])
    assert (factors[:, :MIDDLE] > 1).all()
    exact = calibration_factors(QUANTILES, believed(median, spread, 1.0), median, MANY)
    assert (exact >= 0.25).all()
    after = calibrated(believed(median, spread, 1.0), exact)
    assert (np.diff(after, axis=-1) > 0).all()


@pytest.mark.parametrize("certainty", [0.01, 100.0])
def test_no_distance_changes_more_than_fourfold(certainty):
    median, spread, actual = drawn(200, 6)
    factors = calibration_factors(QUANTILES, believed(median, spread, certainty), actual, MANY)
    assert (factors <= 4).all()
    assert (factors >= 0.25).all()


def test_the_fewer_windows_the_nearer_to_1():
    median, spread, actual = drawn(500, 7)
    forecast = believed(median, spread, 0.4)
    factors = [calibration_factors(QUANTILES, forecast, actual, windows)[:, 0] for windows in (1, 5, 20, 100, MANY)]
    assert (np.diff(factors, axis=0) > 0).all()
    assert (np.abs(factors[0] - 1) < 0.08).all()
    assert (factors[-1] > 2).all()


def test_parts_of_the_horizon_are_a_quarter_a_quarter_and_a_half():
    assert parts_of(8).tolist() == [0, 0, 1, 1, 2, 2, 2, 2]
    assert parts_of(1).tolist() == [0]
    assert parts_of(2).tolist() == [0, 2]
    assert parts_of(3).tolist() == [0, 1, 2]


def test_parts_of_the_horizon_are_calibrated_apart():
    """A network that is too sure of what is far off, and not sure enough of what is near."""
    median, spread, actual = drawn(2000, 8)
    certainty = np.array([2.0] * 2 + [1.0] * 2 + [0.5] * 4)
    forecast = believed(median, spread * certainty, 1.0)
    factors = calibration_factors(QUANTILES, forecast, actual, MANY)
    assert (factors[0, :MIDDLE] < factors[1, :MIDDLE]).all()
    assert (factors[1, :MIDDLE] < factors[2, :MIDDLE]).all()
    assert (factors[0, :MIDDLE] < 1).all()
    assert (factors[2, :MIDDLE] > 1.4).all()
    # The far part's distances are multiplied by its own factors alone.
    after = calibrated(forecast, factors)
    for step, part in enumerate(parts_of(HORIZON)):
        distance, moved = forecast[:, step] - median[:, step, None], after[:, step] - median[:, step, None]
        np.testing.assert_allclose(moved, distance * factors[part], rtol=1e-6)


def test_a_part_with_too_few_values_takes_the_factors_of_the_whole():
    median, spread, actual = drawn(200, 9)
    forecast = believed(median, spread, 0.5)
    actual[:, :2] = np.nan
    factors = calibration_factors(QUANTILES, forecast, actual, 60)
    shifted = calibration_factors(QUANTILES, np.where(np.arange(HORIZON)[:, None] < 2, 1e6, forecast), actual, 60)
    np.testing.assert_array_equal(factors, shifted)
    assert (factors[0, :MIDDLE] > 1.1).all()


def test_coverage_of_small_samples_is_better_for_being_calibrated():
    """Over many calibrations on five windows, wrong beliefs move in the right direction and right ones stay."""
    share = {0.5: [], 1.0: []}
    for certainty, found in share.items():
        for seed in range(150):
            median, spread, actual = drawn(6, seed)
            forecast = believed(median, spread, certainty)
            factors = calibration_factors(QUANTILES, forecast[:5], actual[:5], 5)
            before, after = (inside(f, actual[5:], 0, 6) for f in (forecast[5:], calibrated(forecast[5:], factors)))
            found.append((before, after))
    sure, right = (np.mean(found, axis=0) for found in share.values())
    assert sure[1] > sure[0] + 0.02
    assert right[1] == pytest.approx(0.95, abs=0.02)


def test_missing_values_count_for_nothing():
    median, spread, actual = drawn(300, 6)
    forecast = believed(median, spread, 1.3)
    gappy, filled = actual.copy(), forecast.copy()
    gappy[::3] = np.nan
    filled[::3] = 1e6
    kept = np.arange(300) % 3 != 0
    factors = calibration_factors(QUANTILES, filled, gappy, 50)
    np.testing.assert_array_equal(factors, calibration_factors(QUANTILES, forecast[kept], actual[kept], 50))


@pytest.mark.parametrize(("present", "untouched"), [(0, True), (19, True), (20, False)])
def test_too_few_values_leave_the_intervals_as_they_are(present, untouched):
    median, spread, actual = drawn(30, 7, horizon=1)
    actual[present:] = np.nan
    factors = calibration_factors(QUANTILES, believed(median, spread, 0.1), actual, 30)
    assert (factors == 1).all() == untouched


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("actual", [np.ones((50, 3)), np.zeros((50, 3)), np.zeros((0, 3))], ids=["off", "hit", "none"])
def test_quantiles_that_coincide_with_the_median_are_no_division_by_zero(actual):
    factors = calibration_factors(QUANTILES, np.zeros((*actual.shape, 7)), actual, 50)
    assert np.isfinite(factors).all()
    assert (factors > 0).all()


distances = st.lists(st.floats(0, 1e6), min_size=6, max_size=6)


@given(distances, st.lists(st.floats(0, 100), min_size=6, max_size=6), st.floats(-1e6, 1e6))
def test_order_is_kept_by_any_factors(steps, factors, median):
    below, above = -np.cumsum(steps[:3])[::-1], np.cumsum(steps[3:])
    forecast = median + np.concatenate([below, [0], above])
    given_factors = np.array([*factors[:3], 1, *factors[3:]])
    result = calibrated(np.stack([forecast, forecast])[:, None], np.stack([given_factors] * 3))[:, 0]
    assert (np.diff(result, axis=-1) >= 0).all()
    assert (result[:, 3] == median).all()
    for k, factor in enumerate(factors[3:], 4):
        assert result[0, k] - median >= factor * (forecast[k] - median) * (1 - 1e-9) - 1e-9


@given(distances, st.floats(-1e3, 1e3), st.integers(1, 9))
def test_factors_of_one_change_nothing(steps, median, horizon):
    one = median + np.concatenate([-np.cumsum(steps[:3])[::-1], [0], np.cumsum(steps[3:])])
    forecast = np.tile(one, (2, horizon, 1))
    np.testing.assert_allclose(calibrated(forecast, np.ones((3, 7))), forecast, rtol=1e-12, atol=1e-9)

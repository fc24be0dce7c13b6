"""Forecasts of what never falls below zero, and of small counts."""

from __future__ import annotations

import numpy as np
import pytest

from foretell.errors import SettingsError
from foretell.forecasting.nonnegative import is_non_negative, within_reach
from foretell.forecasting.quantiles import GRID, MEDIAN

LOW, HIGH = GRID.index(0.1), GRID.index(0.9)
random = np.random.default_rng(0)
SPARSE = random.poisson(0.4, 40).astype(float)
RAIN = np.maximum(random.normal(size=60), 0)


def quantiles(low: float, high: float) -> np.ndarray:
    """(1, 2, 15): evenly apart, the same two steps ahead."""
    return np.tile(np.linspace(low, high, len(GRID)), (1, 2, 1))


def of(past: np.ndarray, grid: np.ndarray, non_negative: bool | None = None) -> np.ndarray:
    return within_reach(grid, [past], non_negative)


@pytest.mark.parametrize("past", [SPARSE, RAIN, np.append(RAIN, np.nan), np.append(RAIN[:20], np.zeros(2))])
def test_nothing_negative_where_zeros_pile_up(past):
    found = of(past, quantiles(-2, 5))
    assert found.min() == 0
    assert found.max() == 5
    assert (np.diff(found) >= 0).all()


@pytest.mark.parametrize(
    "past",
    [
        random.normal(size=60),
        np.append(RAIN, -0.1),
        np.exp(random.normal(size=60)),
        np.append(np.exp(random.normal(size=60)), 0.0),  # a single zero
        np.append(np.exp(random.normal(size=300)), [0.0, 0.0]),
        np.full(5, np.nan),
        np.empty(0),
        np.array([3.0, 4, 6]),  # whole numbers, but few
        random.poisson(500, 40).astype(float),
    ],
)
def test_other_series_are_left_alone(past):
    grid = quantiles(-2, 5)
    np.testing.assert_array_equal(of(past, grid), grid)


def test_small_counts_have_whole_numbers_inside_of_the_interval():
    grid = quantiles(-1, 6)
    found = of(SPARSE, grid)
    inner = found[..., LOW + 1 : HIGH]
    np.testing.assert_array_equal(inner, np.rint(inner))
    assert found[0, 0, MEDIAN] == 2  # of 2.5: rounded up from 0.6 on
    assert of(SPARSE, grid + 0.15)[0, 0, MEDIAN] == 3
    outer = [*range(LOW + 1), *range(HIGH, len(GRID))]
    np.testing.assert_array_equal(found[..., outer], np.maximum(grid, 0)[..., outer])
    assert (np.diff(found) >= 0).all()


def test_the_interval_of_80_percent_bounds_the_rounding():
    found = of(SPARSE, quantiles(0.1, 0.95))
    assert (np.diff(found) >= 0).all()
    np.testing.assert_array_equal(found[..., [LOW, HIGH]], quantiles(0.1, 0.95)[..., [LOW, HIGH]])
    assert found[0, 0, MEDIAN] == found[0, 0, LOW]


def test_counts_beside_other_series_and_what_came_in_is_kept():
    grid = np.concatenate([quantiles(-1, 6)] * 3)
    before = grid.copy()
    found = within_reach(grid, [random.normal(size=30), SPARSE, RAIN])
    np.testing.assert_array_equal(grid, before)
    np.testing.assert_array_equal(found[0], grid[0])
    np.testing.assert_array_equal(found[1], of(SPARSE, grid[1:2])[0])
    np.testing.assert_array_equal(found[2], np.maximum(grid[2], 0))
    assert within_reach(grid[:0], []).shape == (0, 2, 15)


def test_what_was_asked_or_found_for_the_whole_table_counts():
    grid, positive, signed = quantiles(-2, 5), 4.0 + np.arange(30), np.append(RAIN, -0.1)
    assert of(positive, grid, True).min() == 0
    assert of(signed, grid, True).min() == 0
    assert of(RAIN, grid, False).min() == -2


@pytest.mark.parametrize(
    ("series", "asked", "found"),
    [
        ([RAIN, RAIN + 1], None, True),
        ([np.arange(1.0, 6), np.arange(1.0, 6)], None, True),  # ten values
        ([np.arange(1.0, 10)], None, None),
        ([np.full(20, np.nan), np.arange(1.0, 5)], None, None),
        ([RAIN, np.append(-1.0, RAIN)], None, None),
        ([np.append(RAIN, -1.0)], None, True),  # after the training part
        ([np.append(-1.0, RAIN)], False, False),
        ([RAIN], False, False),
        ([np.arange(3.0)], True, True),
    ],
)
def test_whether_a_table_is_never_negative(make_panel, series, asked, found):
    panel = make_panel(series)
    limits = np.array([min(len(s), len(RAIN)) for s in series])
    assert is_non_negative(panel, limits, asked) is found


def test_a_negative_value_where_none_is_asked_for(make_panel):
    with pytest.raises(SettingsError, match=r"'s1' has the value -0\.5 at 2024-01-01 02:00:00"):
        is_non_negative(make_panel([RAIN, [1.0, np.nan, -0.5, -2]]), np.array([60, 4]), True)


@pytest.mark.parametrize("value", [5.0, 0.1, -3.3, 1e-9, 1e9 + 0.3, 1e200, 0.0])
def test_a_constant_is_forecast_to_the_last_digit(value):
    size = abs(value) or 1.0
    past = np.array([np.nan, value, value, np.nan, value])
    rounded = value + np.abs(quantiles(-1e-9, 1e-9)) * size
    assert (of(past, rounded) == value).all()
    # An interval that somebody drew on purpose stays, and so does a forecast after too few values, or unlike ones.
    wide = value + quantiles(-0.1, 0.1) * size
    np.testing.assert_array_equal(of(np.append(past, past), wide)[..., MEDIAN + 1 :], wide[..., MEDIAN + 1 :])
    np.testing.assert_array_equal(of(past[:-1], rounded), rounded)
    np.testing.assert_array_equal(of(np.append(past, value + size), rounded), rounded)

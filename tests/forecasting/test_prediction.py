"""Forecasts in the units of the table: from the past alone, for numbers of any size, with or without a history."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from foretell.forecasting.architecture import Architecture
from foretell.forecasting.calendar import calendar_features, calendar_names
from foretell.forecasting.covariates import Covariates
from foretell.forecasting.inputs import InputLayout
from foretell.forecasting.prediction import Experience, actual_values, forecast, windows_of
from foretell.forecasting.quantiles import GRID
from foretell.tables.clock import Clock

from .conftest import panel_of

NAN = float("nan")
HORIZON = 3
EXPERIENCE = Experience(relative_spread=0.25, quantiles=tuple(np.linspace(1.0, 4.0, len(GRID))))


def layout_for(panel, known=0):
    calendar = len(calendar_names(panel.frequency))
    return InputLayout(steps=8, horizon=HORIZON, seasons=(4,), calendar=calendar, known=known)


def network_for(layout):
    torch.manual_seed(2)
    made = Architecture("gru", 8, 1, False, 0.0, layout, static=0, categories=())
    return made.build().eval()


def quantiles_for(panel, series, cutoffs, experience=EXPERIENCE):
    layout = layout_for(panel)
    windows = windows_of(panel, Covariates.fit(panel), layout)
    return forecast(network_for(layout), windows, np.array(series), np.array(cutoffs), experience)


def waves(count=3, length=40, scale=1.0, level=0.0):
    random = np.random.default_rng(0)
    return [scale * (level + np.sin(np.arange(length) + i) + random.normal(0, 0.1, length)) for i in range(count)]


def test_quantiles_of_each_window_in_order():
    values = quantiles_for(panel_of(waves()), [0, 2, 1], [40, 12, 30])
    assert values.shape == (3, HORIZON, len(GRID))
    assert values.dtype == np.float64
    assert (np.diff(values, axis=-1) > 0).all()


def test_only_what_came_before_the_cutoff_is_seen():
    series = waves()
    changed = [np.concatenate([s[:20], s[20:] * -7 + 3]) for s in series]
    args = [0, 1, 2], [20, 15, 4]
    assert quantiles_for(panel_of(series), *args).tobytes() == quantiles_for(panel_of(changed), *args).tobytes()


@settings(max_examples=15)
@given(st.integers(-900, 900))
def test_a_power_of_two_scales_the_forecast_exactly(exponent):
    series = waves(1)
    plain = quantiles_for(panel_of(series), [0], [40])
    scaled = quantiles_for(panel_of([series[0] * 2.0**exponent]), [0], [40])
    np.testing.assert_array_equal(scaled, plain * 2.0**exponent)


def test_units_and_origin_do_not_matter():
    series = waves(1)[0]
    plain = quantiles_for(panel_of([series]), [0], [40])
    moved = quantiles_for(panel_of([1000 + 37.5 * series]), [0], [40])
    np.testing.assert_allclose(moved, 1000 + 37.5 * plain, rtol=1e-6)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("scale", [1e300, 1e-300])
def test_numbers_of_any_size_are_forecast_on_their_own_scale(scale):
    values = quantiles_for(panel_of(waves(scale=scale)), [0, 1, 2], [40, 40, 40]) / scale
    assert np.isfinite(values).all()
    assert np.abs(values).max() < 30
    assert np.ptp(values) > 0.01


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("value", [0.0, 5.0, -1e300, 1e-300])
def test_a_constant_is_forecast_to_go_on(value):
    values = quantiles_for(panel_of([np.full(30, value)]), [0], [30])
    np.testing.assert_allclose(values, value, rtol=1e-4, atol=1e-3 if value == 0 else 0)


@pytest.mark.filterwarnings("error")
def test_no_history_is_forecast_from_experience():
    panel = panel_of([[1.0, 2.0], [NAN, NAN, 3.0]])
    values = quantiles_for(panel, [0, 1, 1], [0, 0, 2])
    np.testing.assert_array_equal(values, np.broadcast_to(EXPERIENCE.quantiles, (3, HORIZON, len(GRID))))


def test_one_value_takes_its_spread_from_experience():
    panel = panel_of([[80.0]])
    wide = quantiles_for(panel, [0], [1], Experience(0.5, (0.0,) * len(GRID)))
    narrow = quantiles_for(panel, [0], [1], Experience(0.005, (0.0,) * len(GRID)))
    np.testing.assert_allclose(wide - 80, 100 * (narrow - 80), rtol=1e-3)
    assert 1 < np.ptp(wide) < 1000


def test_many_windows_are_what_they_are_one_by_one():
    panel = panel_of(waves(2, 400))
    series = np.arange(600) % 2
    cutoffs = 1 + np.arange(600) // 2
    together = quantiles_for(panel, series, cutoffs)
    for k in (0, 1, 299, 511, 512, 599):
        alone = quantiles_for(panel, series[k : k + 1], cutoffs[k : k + 1])
        np.testing.assert_allclose(alone[0], together[k], rtol=1e-5, atol=1e-5)


def test_no_windows_give_no_forecasts():
    empty = np.array([], dtype=np.int64)
    assert quantiles_for(panel_of(waves(1)), empty, empty).shape == (0, HORIZON, len(GRID))


def test_features_are_calendar_and_known_columns_of_history_and_horizon():
    panel = panel_of([[1.0] * 5, [2.0] * 4], rows_after=2, known={"price": np.arange(13.0)})
    layout = layout_for(panel, known=1)
    covariates = Covariates.fit(panel)
    windows = windows_of(panel, covariates, layout)
    assert windows.features.shape == (8 + 7, layout.calendar + 1)
    assert windows.starts.tolist() == [0, 8]
    for i, span in enumerate((8, 7)):
        rows = windows.features[windows.starts[i] : windows.starts[i] + span]
        times = panel.times(i, span)
        np.testing.assert_array_equal(rows[:, :-1], calendar_features(times, panel.frequency))
        price = np.concatenate([panel.known["price"][panel.offsets[i] : panel.offsets[i + 1]], [6.0]])
        np.testing.assert_allclose(rows[:, -1], (price - 6) / np.arange(13.0).std(), rtol=1e-6)


ragged = st.lists(st.lists(st.floats(-9, 9), min_size=1, max_size=12), min_size=1, max_size=4)


@given(ragged, st.data())
def test_actual_values_equal_a_loop(series, data):
    panel = panel_of(series, rows_after=data.draw(st.integers(0, 3)))
    which = data.draw(st.lists(st.integers(0, len(series) - 1), min_size=1, max_size=5))
    cutoffs = [data.draw(st.integers(0, len(series[i]))) for i in which]
    values = actual_values(panel, np.array(which), np.array(cutoffs), 4)
    expected = [
        [series[i][cutoff + h] if cutoff + h < len(series[i]) else NAN for h in range(4)]
        for i, cutoff in zip(which, cutoffs, strict=True)
    ]
    np.testing.assert_array_equal(values, expected)


def test_experience_is_of_the_training_parts_alone():
    series = [[1.0, 3.0, NAN, 1.0, 3.0, 9e9], [30.0, 10.0, 9e9], [5.0, 9e9, -9e9]]
    limits = np.array([5, 2, 1])
    experience = Experience.of(panel_of(series), limits, (0.25, 0.5, 0.75))
    # Mean absolute deviations over means: 1/2, 10/20 and 0.
    assert experience.relative_spread == pytest.approx(0.5)
    np.testing.assert_allclose(experience.quantiles, np.quantile([1, 3, 1, 3, 30, 10, 5], (0.25, 0.5, 0.75)))
    doubled = Experience.of(panel_of([[2 * v for v in s] for s in series]), limits, (0.25, 0.5, 0.75))
    assert doubled == dataclasses.replace(
        experience, quantiles=tuple(2 * quantile for quantile in experience.quantiles)
    )


def test_the_calendar_is_that_of_the_clocks_on_the_wall(make_panel):
    panel = make_panel([np.arange(30.0)], alias="h")
    local = dataclasses.replace(panel, clock=Clock("America/Chicago"))
    layout = InputLayout(steps=4, horizon=2, seasons=(), calendar=6, known=0)
    utc, there = (windows_of(p, Covariates({}, {}), layout).features for p in (panel, local))
    np.testing.assert_array_equal(there[6:, :2], utc[:-6, :2])  # six hours behind in January

"""Forecasts in the units of the table: of any series, from the past alone, and whatever stands beside it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from foretell.forecasting import prediction
from foretell.forecasting.any_horizon.network import AnyHorizonNetwork
from foretell.forecasting.any_horizon.reading import Reading
from foretell.forecasting.covariates.calendar import calendar_names
from foretell.forecasting.covariates.covariates import Covariates
from foretell.forecasting.networks.architecture import Architecture
from foretell.forecasting.networks.backbones import BACKBONES
from foretell.forecasting.networks.windows import Windows
from foretell.forecasting.panel import Panel
from foretell.forecasting.prediction import SIMPLE, Answer, actual_values, forecast
from foretell.forecasting.quantiles import GRID, MEDIAN

from .conftest import forecast_of, panel_of

NAN = float("nan")


def sines(count: int, seed: int = 0) -> list[np.ndarray]:
    random = np.random.default_rng(seed)
    lengths = random.integers(20, 150, count)
    return [
        random.uniform(-50, 50) + 5 * np.sin(2 * np.pi * np.arange(n) / 12 + k) + random.normal(0, 1, n)
        for k, n in enumerate(lengths)
    ]


def panel_with_everything(count: int = 3, length: int = 60, ahead: int = 6, seed: int = 0) -> Panel:
    random = np.random.default_rng(seed)
    rows = count * (length + ahead)
    return panel_of(
        [10 * i + random.normal(size=length).cumsum() for i in range(count)],
        rows_after=ahead,
        known={"price": random.normal(size=rows), "day": random.choice(np.array(["a", "b"], dtype=object), rows)},
        static={"size": random.normal(size=count), "town": np.array(["x", "y", "x"], dtype=object)[:count]},
    )


def network_for(panel: Panel, covariates: Covariates, name: str, stride: int) -> tuple[AnyHorizonNetwork, Reading]:
    reading = Reading(12, 0, 32)
    made = Architecture(
        name, hidden=8, layers=1, head=8, phase=4, reading=reading, stride=stride,
        calendar=len(calendar_names(panel.frequency)), known=covariates.known_features,
        static=covariates.static_features, categories=covariates.category_counts,
    )  # fmt: skip
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(2)
        return made.build().eval(), reading  # type: ignore[return-value]


def with_covariates(
    panel: Panel, series: list[int], cutoffs: list[int], *, name: str = "gru", stride: int = 1, horizon: int = 6
) -> Answer:
    covariates = Covariates.fit(panel_with_everything())
    network, reading = network_for(panel, covariates, name, stride)
    windows = Windows.of(panel, covariates, reading, horizon)
    return forecast(network, windows, np.array(series), np.array(cutoffs), horizon)


@pytest.mark.parametrize("name", BACKBONES)
@pytest.mark.parametrize("stride", [1, 2])
def test_quantiles_of_each_window_in_order(name: str, stride: int) -> None:
    found = with_covariates(panel_with_everything(), [0, 2, 1, 1], [60, 12, 30, 1], name=name, stride=stride)
    assert found.quantiles.shape == (4, 6, len(GRID))
    assert found.quantiles.dtype == np.float64
    assert (np.diff(found.quantiles, axis=-1) > 0).all()


@pytest.mark.parametrize("name", BACKBONES)
@pytest.mark.parametrize("stride", [1, 2])
def test_only_what_came_before_the_cutoff_is_seen(name: str, stride: int) -> None:
    panel = panel_with_everything()
    cutoffs = np.array([20, 15, 4])
    values = panel.values.copy()
    for i, cutoff in enumerate(cutoffs):
        values[panel.offsets[i] + cutoff : panel.offsets[i] + 60] = 1e4
    one, two = (
        with_covariates(p, [0, 1, 2], list(cutoffs), name=name, stride=stride)
        for p in (panel, replace(panel, values=values))
    )
    assert one.quantiles.tobytes() == two.quantiles.tobytes()
    assert one.points.tobytes() == two.points.tobytes()


@pytest.mark.parametrize("name", BACKBONES)
@pytest.mark.parametrize("stride", [1, 2])
def test_what_is_known_of_a_step_ahead_reaches_that_step_alone_and_nothing_reaches_beyond(
    name: str, stride: int
) -> None:
    panel = panel_with_everything()
    price = panel.known["price"].copy()
    price[panel.offsets[1] + 43] += 3
    changed = replace(panel, known={**panel.known, "price": price})
    moved = [
        (
            with_covariates(panel, [1], [cutoff], name=name, stride=stride).quantiles
            != with_covariates(changed, [1], [cutoff], name=name, stride=stride).quantiles
        )[0]
        for cutoff in (37, 38, 40, 43)
    ]
    assert not moved[0].any()
    for steps, at in ((moved[1], 5), (moved[2], 3), (moved[3], 0)):
        assert steps[at].all()
        assert not np.delete(steps, at, axis=0).any()
    # Once it is past it tells of all that follows.
    past = [with_covariates(p, [1], [44], name=name, stride=stride).quantiles for p in (panel, changed)]
    assert (past[0] != past[1]).all(-1).all() or stride > 1


def test_a_step_is_forecast_the_same_within_any_horizon(small_network) -> None:
    series = sines(5)
    long, short = (forecast_of(small_network, series, (12,), horizon) for horizon in (30, 4))
    np.testing.assert_allclose(long.quantiles[:, :4], short.quantiles, rtol=1e-5, atol=1e-4)
    np.testing.assert_allclose(long.points[:, :4], short.points, rtol=1e-6, atol=1e-5)
    panel = panel_with_everything()
    one, two = (with_covariates(panel, [0, 1], [60, 31], horizon=horizon) for horizon in (6, 3))
    np.testing.assert_allclose(one.quantiles[:, :3], two.quantiles, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("seasons", [(), (12,), (4, 12)])
def test_a_batch_gives_what_each_series_alone_gives(small_network, seasons: tuple[int, ...]) -> None:
    series = sines(7)
    together = forecast_of(small_network, series, seasons, 9)
    assert together.quantiles.shape == (7, 9, len(GRID))
    assert together.points.shape == (7, 9, len(SIMPLE))
    for k, one in enumerate(series):
        alone = forecast_of(small_network, [one], seasons, 9)
        np.testing.assert_allclose(together.quantiles[k], alone.quantiles[0], rtol=1e-5, atol=1e-4)
        np.testing.assert_allclose(together.points[k], alone.points[0], rtol=1e-6, atol=1e-5)


def test_more_series_than_a_batch_come_back_in_their_order(small_network) -> None:
    series = [np.full(3 + k % 5, float(k)) for k in range(600)]
    found = forecast_of(small_network, series, (), 2)
    np.testing.assert_allclose(found.points[:, 0, SIMPLE.index("naive")], np.arange(600))


def test_many_cutoffs_are_what_they_are_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prediction, "_BATCH", 16)
    panel = panel_with_everything()
    series, cutoffs = np.arange(60) % 3, 1 + np.arange(60)
    together = with_covariates(panel, list(series), list(cutoffs)).quantiles
    for k in (0, 1, 15, 16, 40, 59):
        alone = with_covariates(panel, [series[k]], [cutoffs[k]]).quantiles
        np.testing.assert_allclose(alone[0], together[k], rtol=1e-5, atol=1e-5)


def test_the_order_of_the_series_does_not_matter(small_network) -> None:
    series = sines(9, seed=2)
    order = np.random.default_rng(0).permutation(9)
    one = forecast_of(small_network, series, (12,), 5)
    two = forecast_of(small_network, [series[k] for k in order], (12,), 5)
    np.testing.assert_allclose(two.quantiles, one.quantiles[order], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("exponent", [-600, -3, 1, 40, 900])
def test_powers_of_two_scale_the_forecast_to_the_bit(small_network, exponent: int) -> None:
    series = sines(4)
    one = forecast_of(small_network, series, (12,), 6)
    scaled = forecast_of(small_network, [np.ldexp(values, exponent) for values in series], (12,), 6)
    np.testing.assert_array_equal(scaled.quantiles, np.ldexp(one.quantiles, exponent))
    np.testing.assert_array_equal(scaled.points, np.ldexp(one.points, exponent))
    panel = panel_with_everything()
    larger = replace(panel, values=np.ldexp(panel.values, exponent))
    own, larger_own = (with_covariates(p, [0, 1], [60, 31]).quantiles for p in (panel, larger))
    np.testing.assert_array_equal(larger_own, np.ldexp(own, exponent))


def test_other_units_do_not_matter(small_network) -> None:
    series = sines(3)
    plain = forecast_of(small_network, series, (12,), 6).quantiles
    other = forecast_of(small_network, [37.5 * values for values in series], (12,), 6).quantiles
    np.testing.assert_allclose(other, 37.5 * plain, rtol=1e-4, atol=1e-2)


WHOLE = np.random.default_rng(1)
ODD = {
    "no value": np.zeros(0),
    "one": np.array([5.0]),
    "two": np.array([5.0, 7.0]),
    "all missing": np.full(20, np.nan),
    "missing but one": np.where(np.arange(20) == 8, 3.0, np.nan),
    "begins late": np.where(np.arange(400) >= 396, 3.0 + np.arange(400) % 2, np.nan),
    "zeros": np.zeros(40),
    "constant": np.full(40, -7.25),
    "huge": 1e300 * (1 + 0.1 * np.sin(np.arange(60))),
    "tiny": 1e-300 * (1 + 0.1 * np.sin(np.arange(60))),
    "denormal": np.where(np.arange(50) % 3 == 0, 5e-324, 0.0),
    "integers with zeros": WHOLE.poisson(0.3, 80).astype(float),
    "one large among small": np.where(np.arange(70) == 20, 1e12, np.arange(70.0)),
    "negative": -np.exp(WHOLE.normal(0, 2, 90)),
    "far from zero": 1e15 + WHOLE.integers(0, 9, 90),
    "exponential": np.exp(np.arange(90) / 3),
    "ends in a gap": np.where(np.arange(60) < 40, np.arange(60.0), np.nan),
    "alternating": np.where(np.arange(61) % 2 == 0, 1e8, -1e8),
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", list(ODD))
@pytest.mark.parametrize("seasons", [(), (12,), (7, 364), (5000,)])
def test_any_series_has_a_finite_ordered_forecast(small_network, name: str, seasons: tuple[int, ...]) -> None:
    found = forecast_of(small_network, [ODD[name]], seasons, 30, relative_spread=0.3)
    assert np.isfinite(found.quantiles).all()
    assert np.isfinite(found.points).all()
    assert (np.diff(found.quantiles, axis=-1) >= 0).all()


def test_odd_series_beside_one_another_do_each_other_no_harm(small_network) -> None:
    together = forecast_of(small_network, list(ODD.values()), (12,), 8, relative_spread=0.3)
    assert np.isfinite(together.quantiles).all()
    for k, values in enumerate(ODD.values()):
        alone = forecast_of(small_network, [values], (12,), 8, relative_spread=0.3)
        size = np.abs(alone.quantiles).max()
        np.testing.assert_allclose(together.quantiles[k], alone.quantiles[0], rtol=1e-3, atol=1e-4 * size)


@pytest.mark.filterwarnings("error")
def test_the_largest_number_there_is(small_network) -> None:
    values = np.where(np.arange(50) % 2 == 0, 1.7e308, 1.6e308)
    naive = forecast_of(small_network, [values], (2,), 3).points[0, :, SIMPLE.index("seasonal_naive")]
    np.testing.assert_allclose(naive / 1e308, [1.7, 1.6, 1.7], rtol=1e-6)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("value", [0.0, 5.0, -1e300, 1e-300])
def test_a_constant_is_forecast_to_go_on(value: float, small_network) -> None:
    found = forecast_of(small_network, [np.full(30, value)], (4,), 3)
    np.testing.assert_allclose(found.quantiles, value, rtol=1e-3, atol=1e-3 if value == 0 else 0)
    np.testing.assert_allclose(found.points, value, rtol=1e-6)


def test_a_series_of_a_value_or_two_varies_as_others_do(small_network) -> None:
    for values in (np.array([50.0]), np.array([50.0, 50.0]), np.array([NAN, 50.0, NAN])):
        narrow = forecast_of(small_network, [values], (), 3)
        wide = forecast_of(small_network, [values], (), 3, relative_spread=0.5)
        spread = np.ptp(wide.quantiles, axis=-1)
        assert (spread > 1).all()
        assert (spread >= np.ptp(narrow.quantiles, axis=-1)).all()
    # A longer one speaks for itself.
    longer = sines(1)
    one, two = (forecast_of(small_network, longer, (), 3, relative_spread=share) for share in (0.0, 0.5))
    np.testing.assert_array_equal(one.quantiles, two.quantiles)


def test_how_others_vary_does_not_move_what_the_simple_methods_say(small_network) -> None:
    one, two = (
        forecast_of(small_network, [np.array([50.0, 52.0])], (), 3, relative_spread=share) for share in (0.0, 5.0)
    )
    assert (np.ptp(two.quantiles, axis=-1) > np.ptp(one.quantiles, axis=-1)).all()
    np.testing.assert_array_equal(one.points, two.points)


def test_no_series_at_all(small_network) -> None:
    nothing = np.array([], dtype=np.int64)
    windows = Windows.bare(panel_of(sines(1)), Reading.of((12,)))
    assert forecast(small_network, windows, nothing, nothing, 4).quantiles.shape == (0, 4, len(GRID))


def test_the_simple_methods_are_what_their_names_say(small_network) -> None:
    values = sines(1, seed=3)[0]
    found = forecast_of(small_network, [values], (12,), 30)
    naive, seasonal = found.points[0, :, 0], found.points[0, :, 1]
    np.testing.assert_allclose(naive, np.full(30, values[-1]), rtol=1e-6)
    np.testing.assert_allclose(seasonal, [values[len(values) - 12 + h % 12] for h in range(30)], rtol=1e-5, atol=1e-4)
    without = forecast_of(small_network, [values], (), 30)
    np.testing.assert_allclose(without.points[0, :, 1], np.full(30, values[-1]), rtol=1e-6)


def test_theta_follows_half_of_a_line(small_network) -> None:
    values = 2.0 * np.arange(80) - 50
    theta = forecast_of(small_network, [values], (), 10).points[0, :, SIMPLE.index("theta")]
    # Half of the slope as drift, from a level close behind the line.
    np.testing.assert_allclose(np.diff(theta), 1.0, atol=1e-4)
    assert values[-1] - 2 < theta[0] < values[-1] + 2


def test_every_simple_method_has_the_spread_of_the_network(small_network) -> None:
    found = forecast_of(small_network, sines(3), (12,), 5)
    simple = found.simple()
    assert tuple(simple) == SIMPLE
    spread = found.quantiles - found.quantiles[..., [MEDIAN]]
    for k, name in enumerate(SIMPLE):
        np.testing.assert_array_equal(simple[name][..., MEDIAN], found.points[..., k])
        np.testing.assert_allclose(simple[name] - simple[name][..., [MEDIAN]], spread, rtol=1e-9, atol=1e-9)


def test_what_is_out_of_reach_changes_nothing(small_network) -> None:
    recent = np.random.default_rng(0).normal(size=Reading.of((12,)).reach) + 9
    long = np.concatenate([np.full(500, 1e6), recent])
    one, two = (forecast_of(small_network, [values], (12,), 4) for values in (recent, long))
    np.testing.assert_array_equal(one.quantiles, two.quantiles)


ragged = st.lists(st.lists(st.floats(-9, 9), min_size=1, max_size=12), min_size=1, max_size=4)


@settings(max_examples=50)
@given(ragged, st.data())
def test_actual_values_equal_a_loop(series, data) -> None:
    panel = panel_of(series, rows_after=data.draw(st.integers(0, 3)))
    which = data.draw(st.lists(st.integers(0, len(series) - 1), min_size=1, max_size=5))
    cutoffs = [data.draw(st.integers(0, len(series[i]))) for i in which]
    values = actual_values(panel, np.array(which), np.array(cutoffs), 4)
    expected = [
        [series[i][cutoff + h] if cutoff + h < len(series[i]) else NAN for h in range(4)]
        for i, cutoff in zip(which, cutoffs, strict=True)
    ]
    np.testing.assert_array_equal(values, expected)

"""Forecasts without training: of any series, whatever it holds, and whatever stands beside it."""

from __future__ import annotations

import numpy as np
import pytest

from foretell.forecasting.pretrained.answer import SIMPLE, answer, reach, two_seasons, window
from foretell.forecasting.quantiles import GRID, MEDIAN


def sines(count: int, seed: int = 0) -> list[np.ndarray]:
    random = np.random.default_rng(seed)
    lengths = random.integers(20, 150, count)
    return [
        random.uniform(-50, 50) + 5 * np.sin(2 * np.pi * np.arange(n) / 12 + k) + random.normal(0, 1, n)
        for k, n in enumerate(lengths)
    ]


@pytest.mark.parametrize("seasons", [(1, 0), (12, 0), (4, 12)])
def test_a_batch_gives_what_each_series_alone_gives(small_network, seasons: tuple[int, int]) -> None:
    series = sines(7)
    together = answer([small_network], series, seasons, 9)
    assert together.quantiles.shape == (7, 9, len(GRID))
    assert together.points.shape == (7, 9, len(SIMPLE))
    for k, one in enumerate(series):
        alone = answer([small_network], [one], seasons, 9)
        np.testing.assert_allclose(together.quantiles[k], alone.quantiles[0], rtol=1e-5, atol=1e-4)
        np.testing.assert_allclose(together.points[k], alone.points[0], rtol=1e-6, atol=1e-5)


def test_more_series_than_a_batch_come_back_in_their_order(small_network) -> None:
    series = [np.full(3 + k % 5, float(k)) for k in range(600)]
    found = answer([small_network], series, (1, 0), 2)
    np.testing.assert_allclose(found.points[:, 0, SIMPLE.index("naive")], np.arange(600))


def test_the_order_of_the_series_does_not_matter(small_network) -> None:
    series = sines(9, seed=2)
    order = np.random.default_rng(0).permutation(9)
    one = answer([small_network], series, (12, 0), 5)
    two = answer([small_network], [series[k] for k in order], (12, 0), 5)
    np.testing.assert_allclose(two.quantiles, one.quantiles[order], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("exponent", [-600, -3, 1, 40, 900])
def test_powers_of_two_scale_the_forecast_to_the_bit(small_network, exponent: int) -> None:
    series = sines(4)
    one = answer([small_network], series, (12, 0), 6)
    scaled = answer([small_network], [np.ldexp(values, exponent) for values in series], (12, 0), 6)
    np.testing.assert_array_equal(scaled.quantiles, np.ldexp(one.quantiles, exponent))
    np.testing.assert_array_equal(scaled.points, np.ldexp(one.points, exponent))


def test_networks_are_averaged(small_network) -> None:
    series = sines(3)
    one = answer([small_network], series, (12, 0), 4)
    twice = answer([small_network, small_network], series, (12, 0), 4)
    np.testing.assert_allclose(twice.quantiles, one.quantiles, rtol=1e-12)


WHOLE = np.random.default_rng(1)
ODD = {
    "no value": np.zeros(0),
    "one": np.array([5.0]),
    "two": np.array([5.0, 7.0]),
    "all missing": np.full(20, np.nan),
    "missing but one": np.where(np.arange(20) == 8, 3.0, np.nan),
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


@pytest.mark.parametrize("name", list(ODD))
@pytest.mark.parametrize("seasons", [(1, 0), (12, 0), (7, 364)])
def test_any_series_has_a_finite_ordered_forecast(small_network, name: str, seasons: tuple[int, int]) -> None:
    found = answer([small_network], [ODD[name]], seasons, 30, relative_spread=0.3)
    assert np.isfinite(found.quantiles).all()
    assert np.isfinite(found.points).all()
    assert (np.diff(found.quantiles, axis=-1) >= 0).all()


def test_odd_series_beside_one_another_do_each_other_no_harm(small_network) -> None:
    together = answer([small_network], list(ODD.values()), (12, 0), 8, relative_spread=0.3)
    assert np.isfinite(together.quantiles).all()
    for k, values in enumerate(ODD.values()):
        alone = answer([small_network], [values], (12, 0), 8, relative_spread=0.3)
        size = np.abs(alone.quantiles).max()
        np.testing.assert_allclose(together.quantiles[k], alone.quantiles[0], rtol=1e-3, atol=1e-4 * size)


def test_a_series_of_a_value_or_two_varies_as_others_do(small_network) -> None:
    for values in (np.array([50.0]), np.array([50.0, 50.0])):
        narrow = answer([small_network], [values], (1, 0), 3)
        wide = answer([small_network], [values], (1, 0), 3, relative_spread=0.5)
        spread = np.ptp(wide.quantiles, axis=-1)
        assert (spread > 1).all()
        assert (spread >= np.ptp(narrow.quantiles, axis=-1)).all()
    # A longer one speaks for itself.
    longer = sines(1)
    one, two = (answer([small_network], longer, (1, 0), 3, relative_spread=share) for share in (0.0, 0.5))
    np.testing.assert_array_equal(one.quantiles, two.quantiles)


def test_no_series_at_all(small_network) -> None:
    found = answer([small_network], [], (12, 0), 4)
    assert found.quantiles.shape == (0, 4, len(GRID))


def test_the_simple_methods_are_what_their_names_say(small_network) -> None:
    values = sines(1, seed=3)[0]
    found = answer([small_network], [values], (12, 0), 30)
    naive, seasonal = found.points[0, :, 0], found.points[0, :, 1]
    np.testing.assert_allclose(naive, np.full(30, values[-1]), rtol=1e-6)
    np.testing.assert_allclose(seasonal, [values[len(values) - 12 + h % 12] for h in range(30)], rtol=1e-5, atol=1e-4)
    without = answer([small_network], [values], (1, 0), 30)
    np.testing.assert_allclose(without.points[0, :, 1], np.full(30, values[-1]), rtol=1e-6)


def test_theta_follows_half_of_a_line(small_network) -> None:
    values = 2.0 * np.arange(80) - 50
    theta = answer([small_network], [values], (1, 0), 10).points[0, :, SIMPLE.index("theta")]
    # Half of the slope as drift, from a level close behind the line.
    np.testing.assert_allclose(np.diff(theta), 1.0, atol=1e-4)
    assert values[-1] - 2 < theta[0] < values[-1] + 2


def test_every_member_has_the_spread_of_the_network(small_network) -> None:
    found = answer([small_network], sines(3), (12, 0), 5)
    members = found.members()
    assert list(members) == ["pretrained", *SIMPLE]
    np.testing.assert_array_equal(members["pretrained"], found.quantiles)
    spread = found.quantiles - found.quantiles[..., [MEDIAN]]
    for k, name in enumerate(SIMPLE):
        np.testing.assert_array_equal(members[name][..., MEDIAN], found.points[..., k])
        np.testing.assert_allclose(members[name] - members[name][..., [MEDIAN]], spread, rtol=1e-9, atol=1e-9)


def test_two_seasons_at_most_are_read() -> None:
    assert two_seasons(()) == (1, 0)
    assert two_seasons((12,)) == (12, 0)
    assert two_seasons((24, 168)) == (24, 168)
    assert two_seasons((24, 168, 8766)) == (24, 168)


@pytest.mark.parametrize("seasons", [(1, 0), (12, 0), (24, 168), (500, 0), (48, 2000)])
def test_a_forecast_reaches_back_over_its_window_and_three_seasons(seasons: tuple[int, int]) -> None:
    assert reach(seasons) >= 3 * max(seasons)
    assert reach(seasons) >= window(seasons) > 0


def test_what_is_out_of_reach_changes_nothing(small_network) -> None:
    recent = np.random.default_rng(0).normal(size=reach((12, 0))) + 9
    long = np.concatenate([np.full(500, 1e6), recent])
    one, two = (answer([small_network], [values], (12, 0), 4) for values in (recent, long))
    np.testing.assert_array_equal(one.quantiles, two.quantiles)

"""The linear regression: what it learns, from which rows, and its forecasts beyond the horizon it was fitted for."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from foretell.forecasting.blending.linear import LinearRegression
from foretell.forecasting.panel import Panel

MakePanel = Callable[..., Panel]
ONE = np.array([0])


def _forecast(
    panel: Panel, cutoffs: np.ndarray, horizon: int, seasons: tuple[int, ...], limits: np.ndarray
) -> np.ndarray:
    series = np.arange(len(cutoffs))
    return LinearRegression.fit(panel, limits, horizon, seasons).forecast(panel, series, cutoffs, horizon)


@pytest.mark.parametrize(
    ("curve", "tolerance"),
    [(lambda at: 3.0 * at - 50, 0.3), (lambda at: 1e6 * (5 + np.sin(at / 6 * 2 * np.pi)), 1e4)],
    ids=["line", "season"],
)
def test_it_learns_a_line_or_a_season(
    make_panel: MakePanel, curve: Callable[[np.ndarray], np.ndarray], tolerance: float
) -> None:
    at = np.arange(200)
    cutoffs = np.array([180])
    found = _forecast(make_panel([curve(at)]), cutoffs, 5, (6,), cutoffs)
    np.testing.assert_allclose(found[0], curve(at[180:185]), rtol=0, atol=tolerance)


def test_it_sees_only_the_training_parts(make_panel: MakePanel) -> None:
    values = np.random.default_rng(0).standard_normal(100).cumsum()
    changed = np.append(values[:60], 9 - 3 * values[60:])
    cutoffs = np.array([60])
    plain, other = (_forecast(make_panel([v]), cutoffs, 5, (7,), cutoffs) for v in (values, changed))
    np.testing.assert_array_equal(plain, other)


@pytest.mark.parametrize("limit", [0, 3])
def test_with_nothing_to_fit_it_repeats_the_last_value(make_panel: MakePanel, limit: int) -> None:
    found = _forecast(make_panel([[1.0, 2, 3, 4]]), np.array([4]), 5, (), np.array([limit]))
    np.testing.assert_array_equal(found, np.full((1, 5), 4.0))


def test_beyond_its_horizon_it_goes_on_from_its_own_forecasts(make_panel: MakePanel) -> None:
    at = np.arange(150)
    panel = make_panel([10 + np.sin(at / 12 * 2 * np.pi)])
    regression = LinearRegression.fit(panel, np.array([120]), 4, (12,))
    long = regression.forecast(panel, ONE, np.array([120]), 11)
    short = regression.forecast(panel, ONE, np.array([120]), 4)
    np.testing.assert_array_equal(long[:, :4], short)
    np.testing.assert_allclose(long[0], panel.values[120:131], atol=0.02)


def test_noise_makes_the_penalty_large(make_panel: MakePanel) -> None:
    """Of pure noise around a level, the best forecast is near the mean of the past, not a fit to it."""
    noise = np.random.default_rng(1).standard_normal(120)
    cutoffs = np.array([120])
    found = _forecast(make_panel([noise]), cutoffs, 6, (), cutoffs)
    assert np.abs(found).max() < 0.8


def test_it_reads_no_more_than_a_third_of_a_short_series(make_panel: MakePanel) -> None:
    short, long = make_panel([np.arange(30.0)]), make_panel([np.arange(2000.0)])
    assert LinearRegression.fit(short, short.history, 3, (7,)).width == 10
    assert LinearRegression.fit(long, long.history, 3, ()).width == 24
    assert LinearRegression.fit(long, long.history, 3, (24, 168)).width == 340

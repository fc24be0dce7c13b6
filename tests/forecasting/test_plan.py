"""What is settled before training."""

from __future__ import annotations

import numpy as np
import pytest

from foretell.errors import SettingsError
from foretell.forecasting.any_horizon.reading import Reading
from foretell.forecasting.plan import Plan
from foretell.forecasting.settings import ForecastSettings


def test_the_window_is_that_of_the_season_and_shrinks_with_the_history(make_panel):
    plan = Plan.of(make_panel([np.arange(1000.0)]), 24, ForecastSettings())
    assert plan.seasons.lengths == (24, 168)
    assert plan.reading == Reading.of((24, 168))
    short = Plan.of(make_panel([np.arange(60.0)]), 4, ForecastSettings())
    assert short.seasons.lengths == ()
    assert short.reading == Reading(1, 0, int(short.holdout.training.max()))
    single = Plan.of(make_panel([[1.0]]), 4, ForecastSettings())
    assert single.reading == Reading(1, 0, 1)


def test_input_steps_that_are_asked_for_are_taken_up_to_the_history(make_panel):
    panel = make_panel([np.arange(100.0)])
    plan = Plan.of(panel, 4, ForecastSettings(input_steps=7))
    assert plan.reading.window == 7
    assert Plan.of(panel, 4, ForecastSettings(input_steps=900)).reading.window == plan.holdout.training[0]


def test_a_season_of_a_year_of_days_is_left_to_the_calendar(make_panel):
    days = np.arange(1100.0)
    values = np.sin(2 * np.pi * days / 365) + np.sin(2 * np.pi * days / 7)
    plan = Plan.of(make_panel([values], alias="D"), 5, ForecastSettings(seasons=(7, 365)))
    assert plan.seasons.lengths == (7, 365)
    assert plan.reading.seasons == (7, 0)
    assert Plan.of(make_panel([values], alias="D"), 5, ForecastSettings(seasons=(365,))).reading.seasons == (365, 0)
    integers = Plan.of(make_panel([values], alias="1"), 5, ForecastSettings(seasons=(7, 365)))
    assert integers.reading.seasons == (7, 365)


def test_a_convolution_is_given_two_outputs_at_least(make_panel):
    plan = Plan.of(make_panel([np.arange(60.0)]), 4, ForecastSettings(conv_stride=8, input_steps=3))
    assert plan.reading.window == 24
    longer = Plan.of(make_panel([np.arange(20.0)]), 4, ForecastSettings(conv_stride=8))
    assert longer.reading.window == 24


def test_no_season_asked_for_is_no_season(make_panel):
    plan = Plan.of(make_panel([np.arange(1000.0)]), 5, ForecastSettings(seasons=()))
    assert plan.seasons.lengths == ()
    assert plan.holdout.training[0] > 0


@pytest.mark.parametrize(
    ("rows", "horizon", "settings", "message"),
    [
        (300, 1001, {}, r"horizon 1,001: the longest series has 300 steps, .* forecast at most 1,000 steps"),
        (300, 300_000, {}, r"horizon 300,000: the longest series has 300 steps"),
        (200_000, 150_000, {}, r"horizon 150,000 with 64 hidden features .* forecast at most 131,072 steps"),
        (300, 5, {"hidden": 100_000_000}, r"hidden 100,000,000: .* too large to train; give at most 1,677,721"),
        (300, 5, {"seasons": (7, 301)}, r"season 301: the longest series has 300 steps, less than one season"),
        (300, 5, {"conv_stride": 200_000}, r"conv_stride 200,000 needs .* at least 600,000 steps.* give at most 333"),
        (300, 5, {"input_steps": 1001}, r"input_steps 1,001: the longest series has 300 steps; give at most 1,000"),
    ],
)
def test_what_no_series_is_long_enough_for_is_refused(make_panel, rows, horizon, settings, message):
    with pytest.raises(SettingsError, match=message):
        Plan.of(make_panel([np.arange(5.0), np.arange(float(rows))]), horizon, ForecastSettings(**settings))


def test_how_large_a_network_is_matters_only_where_one_is_trained(make_panel):
    panel, settings = make_panel([np.arange(200_000.0)]), ForecastSettings()
    assert Plan.of(panel, 150_000, settings, trained=False).holdout.history.tolist() == [200_000]
    with pytest.raises(SettingsError, match="too large to train"):
        Plan.of(panel, 150_000, settings)


def test_as_long_as_the_longest_series_is_not_too_long(make_panel):
    panel = make_panel([np.arange(5.0), np.arange(1200.0)])
    plan = Plan.of(panel, 1200, ForecastSettings(seasons=(1200,), conv_stride=400, input_steps=1200))
    assert (plan.seasons.lengths, plan.reading) == ((1200,), Reading(1200, 0, 1200))


def test_only_the_training_part_is_searched_for_seasons(make_panel):
    quiet = np.random.default_rng(1).standard_normal(600)
    at = np.arange(600)
    plan = Plan.of(make_panel([quiet], alias="1"), 100, ForecastSettings())
    assert plan.seasons.lengths == ()
    until = int(plan.holdout.training[0])
    late = np.where(at >= until, 50 * np.sin(2 * np.pi * at / 10), quiet)
    assert Plan.of(make_panel([late], alias="1"), 100, ForecastSettings()).seasons.lengths == ()
    early = np.where(at < until, quiet + 5 * np.sin(2 * np.pi * at / 10), quiet)
    assert Plan.of(make_panel([early], alias="1"), 100, ForecastSettings()).seasons.lengths == (10,)


def test_an_epoch_covers_the_training_part_once(make_panel):
    settings = ForecastSettings(input_steps=10, windows=0)
    plan = Plan.of(make_panel([np.arange(1000.0), np.arange(500.0)]), 5, settings)
    # A tenth of each series is held out for validation.
    assert plan.windows_per_epoch == (900 + 450) / 10

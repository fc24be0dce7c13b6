"""What is settled before training."""

from __future__ import annotations

import numpy as np

from foretell.forecasting.plan import Plan
from foretell.forecasting.settings import ForecastSettings


def test_the_input_grows_with_the_season_and_shrinks_with_the_history(make_panel):
    plan = Plan.of(make_panel([np.arange(1000.0)]), 24, ForecastSettings())
    assert plan.seasons == (24, 168)
    assert plan.input_steps == 2 * 168
    short = Plan.of(make_panel([np.arange(60.0)]), 4, ForecastSettings())
    assert short.seasons == ()
    assert short.input_steps == min(int(short.holdout.training.max()), 32)


def test_a_convolution_is_given_two_outputs_at_least(make_panel):
    plan = Plan.of(make_panel([np.arange(60.0)]), 4, ForecastSettings(conv_stride=8, input_steps=3))
    assert (plan.kernel, plan.stride, plan.input_steps) == (16, 8, 24)


def test_no_season_asked_for_is_no_season(make_panel):
    plan = Plan.of(make_panel([np.arange(1000.0)]), 5, ForecastSettings(seasons=()))
    assert plan.seasons == ()
    assert plan.holdout.training[0] > 0

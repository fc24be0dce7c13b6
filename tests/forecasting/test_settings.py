"""Settings that make no sense are refused by name; seasons and input length follow the history."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foretell.errors import SettingsError
from foretell.forecasting.settings import LONGER, UNTIL_NO_BETTER, ForecastSettings, input_length, preset_settings


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("layers", 0),
        ("hidden", 0),
        ("conv_stride", 0),
        ("batch_size", -1),
        ("windows", -1),
        ("dropout", 1.0),
        ("dropout", -0.1),
        ("finish", 1.5),
        ("finish", -0.5),
        ("input_steps", 1),
        ("seasons", (24, 1)),
    ],
)
def test_senseless_values_are_refused_by_name(name, value):
    with pytest.raises(SettingsError, match=name):
        ForecastSettings(**{name: value})


def test_the_edges_are_allowed():
    edges = ForecastSettings(layers=1, windows=0, dropout=0.0, finish=0, input_steps=2, seasons=())
    assert edges.training == ForecastSettings().training
    assert (ForecastSettings().windows, ForecastSettings().finish) == (None, None)
    assert ForecastSettings(finish=1, seasons=(2,)).seasons == (2,)


def test_the_best_takes_longer_and_averages_three_networks_and_the_others_change_nothing():
    plain = ForecastSettings(hidden=8, training=replace(UNTIL_NO_BETTER, seed=5))
    assert preset_settings("instant", plain) == preset_settings("fast", plain) == plain
    best = preset_settings("best", plain)
    assert (best.hidden, best.members, best.training) == (8, 3, replace(LONGER, seed=5))
    assert preset_settings("best", ForecastSettings(members=5)).members == 5
    with pytest.raises(SettingsError, match="preset is 'slow': it can be instant, fast, best"):
        preset_settings("slow", plain)


@given(
    st.sets(st.integers(2, 400), max_size=3).map(lambda s: tuple(sorted(s))), st.integers(1, 200), st.integers(1, 5000)
)
def test_input_length_stays_within_history_and_limit(seasons, horizon, longest):
    steps = input_length(None, seasons, horizon, longest)
    assert 2 <= steps <= max(2, min(512, longest))
    if max(4 * horizon, 2 * max(seasons, default=0)) <= min(512, longest):
        assert steps >= max(4 * horizon, 2 * max(seasons, default=0))


def test_input_length_asked_for_is_taken():
    assert input_length(77, (24,), 12, 50) == 77

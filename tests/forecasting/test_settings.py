"""Settings that make no sense are refused by name; presets stand for some that do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from foretell.errors import SettingsError
from foretell.forecasting.networks.backbones import BACKBONES
from foretell.forecasting.settings import (
    BACKBONE_NAMES,
    LONGER,
    UNTIL_NO_BETTER,
    ForecastSettings,
    preset_settings,
)
from foretell.training.settings import TrainingSettings


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


@pytest.mark.parametrize("several", [False, True])
def test_the_best_takes_longer_with_more_networks_and_the_others_change_nothing(several):
    plain = ForecastSettings(hidden=8, training=replace(UNTIL_NO_BETTER, seed=5))
    for preset in ("instant", "fast"):
        assert preset_settings(preset, plain, several=several) == plain
    best = preset_settings("best", plain, several=several)
    assert (best.hidden, best.training) == (8, replace(LONGER, seed=5))
    assert best.members == (1 if several else 3)
    assert best.contestants == ("lstm", "gru", "wavenet")
    assert preset_settings("best", ForecastSettings(members=5), several=several).members == 5
    with pytest.raises(SettingsError, match="preset is 'slow': choose one of instant, fast, best"):
        preset_settings("slow", plain, several=several)


@pytest.mark.parametrize(("minutes", "count"), [(None, 1), (0.6, 1), (1.9, 1), (2, 3), (60, 3)])
def test_a_longer_time_budget_is_shared_by_more_networks(minutes, count):
    training = TrainingSettings(minutes=minutes)
    assert ForecastSettings(training=training).contestants == ("lstm", "gru", "wavenet")[:count]
    assert ForecastSettings(backbones=("rnn",), training=training).contestants == ("rnn",)


@pytest.mark.parametrize("backbones", [(), ("lstm", "lstm"), ("lstm", "transformer")])
def test_backbones_are_some_of_those_known_each_once(backbones):
    with pytest.raises(SettingsError, match=r"backbones is .* must be one or more of rnn, lstm, gru, wavenet"):
        ForecastSettings(backbones=backbones)


def test_the_names_of_the_backbones_are_those_that_can_be_built():
    assert tuple(BACKBONES) == BACKBONE_NAMES

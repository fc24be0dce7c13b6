"""A third season reaches the networks trained on a table as its phase, whatever the first row of a series is."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from foretell.forecasting.any_horizon.reading import Reading
from foretell.forecasting.covariates.covariates import Covariates
from foretell.forecasting.fitting import fit_model
from foretell.forecasting.model_folder import load_model, save_model
from foretell.forecasting.networks.windows import Windows
from foretell.forecasting.panel import Panel, recent
from foretell.forecasting.plan import Plan
from foretell.forecasting.quantiles import MEDIAN
from foretell.forecasting.seasons.further_seasons import phase_columns, phase_features
from foretell.forecasting.settings import ForecastSettings
from foretell.forecasting.tables.columns import Columns
from foretell.training.settings import TrainingSettings

HORIZON = 10
SETTINGS = ForecastSettings(
    hidden=8,
    layers=1,
    batch_size=8,
    input_steps=30,
    seasons=(4, 10, 75),
    windows=0,
    training=TrainingSettings(steps=60, learning_rate=0.02, evaluate_every=20),
)


def test_phases_repeat_after_a_season_and_differ_within_it() -> None:
    features = phase_features(np.arange(-40, 80), (20, 30))
    assert features.shape == (120, phase_columns((20, 30)))
    np.testing.assert_allclose(features[:60], features[60:], atol=1e-6)
    half = phase_columns((20,))
    np.testing.assert_allclose(features[20:40, :half], features[:20, :half], atol=1e-6)
    assert len(np.unique(features[:20, :half].round(4), axis=0)) == 20
    np.testing.assert_allclose(features[40], [0.0, 1.0] * half, atol=1e-6)
    np.testing.assert_allclose(features[45, :2], [1.0, 0.0], atol=1e-6)


def test_without_a_third_season_there_are_none() -> None:
    assert phase_columns(()) == 0
    assert phase_features(np.arange(5), ()).shape == (5, 0)


@pytest.mark.parametrize("alias", ["1", "3", "h", "MS", "B"])
def test_the_phase_belongs_to_the_time_and_not_to_the_row(make_panel: Callable[..., Panel], alias: str) -> None:
    panel = make_panel([np.arange(90.0), np.arange(40.0)], alias=alias)
    reading = Reading.of((4, 10, 25), 20)
    assert reading.further == (25,)
    nothing = Covariates({}, {})
    whole, late = (Windows.of(cut, nothing, reading, HORIZON) for cut in (panel, recent(panel, 30)))
    for i in range(2):
        span = 30 + HORIZON
        first, end = (w.features[w.starts[i] : w.starts[i] + w.rows[i]][-span:] for w in (whole, late))
        np.testing.assert_allclose(first, end, atol=1e-6)
    assert whole.calendar == whole.features.shape[1] >= phase_columns((25,))


def of_three_seasons(count: int, seed: int) -> np.ndarray:
    """Two waves, and a level that is higher in half of each 75 steps: from the third step ahead of 340 on."""
    at = np.arange(count)
    waves = np.sin(2 * np.pi * at / 4) + np.sin(2 * np.pi * at / 10) + 6 * ((at - 343) % 75 < 37)
    return np.asarray(50 + waves + np.random.default_rng(seed).normal(0, 0.3, count))


def test_a_network_learns_a_third_season_that_it_would_miss_without(
    make_panel: Callable[..., Panel], tmp_path: Path
) -> None:
    panel = make_panel([of_three_seasons(340, seed) for seed in range(2)], alias="1")
    came = np.stack([of_three_seasons(340 + HORIZON, 9)[340:]] * 2)
    errors, models = [], []
    for settings in (SETTINGS, dataclasses.replace(SETTINGS, seasons=(4, 10))):
        model = fit_model(
            panel, model="gru", horizon=HORIZON, levels=(80,), settings=settings, columns=Columns(), device="cpu"
        )
        assert model.network is not None
        found = model.network.forecast(panel, np.arange(2), panel.history, HORIZON, "final", 0.0)
        errors.append(np.abs(found.quantiles[..., MEDIAN] - came).mean())
        models.append(model)
    assert errors[0] < 0.7 * errors[1]
    assert models[0].network.architecture.reading.further == (75,)
    save_model(models[0], tmp_path / "model")
    loaded = load_model(tmp_path / "model", torch.device("cpu"))
    forecasts = [m.forecast(panel, np.arange(2), panel.history, "final") for m in (models[0], loaded)]
    np.testing.assert_array_equal(forecasts[0], forecasts[1])


@pytest.mark.parametrize("alias", ["30min", "h"])
def test_a_year_of_half_hours_is_left_to_the_calendar(make_panel: Callable[..., Panel], alias: str) -> None:
    panel = make_panel([np.sin(np.arange(3000.0))], alias=alias)
    day = {"30min": 48, "h": 24}[alias]
    settings = ForecastSettings(seasons=(day, 7 * day, 12 * day))
    assert Plan.of(panel, 2, settings).reading.further == (12 * day,)
    long = make_panel([np.zeros(400 * day)], alias=alias)
    yearly = Plan.of(long, 2, dataclasses.replace(settings, seasons=(day, 7 * day, 365 * day)))
    assert yearly.seasons.lengths[-1] == 365 * day
    assert yearly.reading.further == ()

"""A fitted model forecasts by either of its sets of weights, and leaves the caller's threads and random numbers be."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from foretell.forecasting.fitted_model import FittedModel, ticks
from foretell.forecasting.fitting import fit_model
from foretell.forecasting.panel import Panel
from foretell.forecasting.quantiles import GRID, quantiles_of, read_off
from foretell.forecasting.settings import ForecastSettings
from foretell.forecasting.tables.columns import Columns
from foretell.training.settings import TrainingSettings

from .conftest import START, panel_of

HORIZON = 4


@pytest.fixture(scope="module")
def panel() -> Panel:
    random = np.random.default_rng(0)
    return panel_of([10 + random.normal(size=90), random.normal(size=60)])


@pytest.fixture(scope="module")
def model(panel: Panel) -> FittedModel:
    training = TrainingSettings(steps=10, evaluate_every=5, learning_rate=1e-2)
    settings = ForecastSettings(hidden=4, layers=1, batch_size=4, input_steps=12, seasons=(6,), training=training)
    return fit_model(
        panel, model="gru", horizon=HORIZON, levels=(80,), settings=settings, columns=Columns(), device="cpu"
    )


def last(panel: Panel) -> tuple[np.ndarray, np.ndarray]:
    return np.arange(len(panel)), panel.history


def test_both_sets_of_weights_forecast_and_differ(model, panel):
    final, held_out = (model.forecast(panel, *last(panel), name) for name in ("final", "held_out"))
    assert final.shape == held_out.shape == (2, HORIZON, 3)
    assert not np.array_equal(final, held_out)
    assert (np.diff(final, axis=-1) >= 0).all()
    assert model.horizon == HORIZON


def test_a_network_is_built_once_and_cannot_be_trained(model):
    network = model.network.network("final")
    assert network is model.network.network("final")
    assert not network.training
    assert not any(p.requires_grad for p in network.parameters())
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, model.network.final[name])


def test_intervals_are_calibrated_but_not_those_of_a_series_without_history(model, panel):
    cutoffs = np.array([0, panel.history[1]])
    wide, plain = (
        replace(model, factors=np.where(np.array(GRID) == 0.5, 1.0, np.full((3, len(GRID)), f))) for f in (2.0, 1.0)
    )
    stretched, as_is = (m.forecast(panel, np.arange(2), cutoffs, "final") for m in (wide, plain))
    np.testing.assert_array_equal(stretched[0], as_is[0])
    pooled = read_off(np.array(model.members.experience.quantiles), quantiles_of((80,)))
    np.testing.assert_array_equal(stretched[0], np.tile(pooled, (HORIZON, 1)))
    np.testing.assert_array_equal(stretched[1, :, 1], as_is[1, :, 1])
    np.testing.assert_allclose(np.diff(stretched[1]), 2 * np.diff(as_is[1]))


def test_threads_and_random_numbers_stay_as_they_were(model, panel):
    network = replace(model.network, _built={})
    fresh = replace(model, members=replace(model.members, networks=(network,)))
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    torch.set_num_threads(2)
    try:
        fresh.forecast(panel, *last(panel), "final")
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)
    assert torch.equal(torch.get_rng_state(), state)


def test_validated_until_is_the_time_after_the_validation_part(model, panel):
    end = int(model.holdout.validation[1])
    expected = (START + end * np.timedelta64(1, "h")).astype(np.int64)
    assert model.validated_until == {"s0": ticks(panel, 0, int(model.holdout.validation[0])), "s1": expected}
    assert ticks(panel_of([[1.0, 2.0]], alias="3"), 0, 5) == 15

"""Validation: cutoffs of the held-out stretch, nothing of what trains and nothing of the backtest."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from foretell.forecasting.any_horizon.inputs import Inputs
from foretell.forecasting.any_horizon.loss import candidate_weight
from foretell.forecasting.any_horizon.reading import Reading
from foretell.forecasting.covariates.covariates import Covariates
from foretell.forecasting.holdout import Holdout
from foretell.forecasting.networks import validation as module
from foretell.forecasting.networks.validation import Validation, held_out_values, held_out_windows
from foretell.forecasting.networks.windows import Windows
from foretell.forecasting.panel import Panel
from foretell.forecasting.quantiles import GRID

from ..conftest import panel_of

HORIZON = 2


class Fixed(nn.Module):
    """Quantiles at fixed distances from the last value, and a note of what was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.distances = nn.Parameter(torch.linspace(-1, 1, len(GRID)), requires_grad=False)
        self.asked: list[Inputs] = []

    def forward(self, inputs: Inputs) -> tuple[torch.Tensor, None]:
        self.asked.append(inputs)
        return self.distances.expand(*inputs.target.shape, len(GRID)), None


def holdout_of(panel: Panel, training: list[int], validation: list[int]) -> Holdout:
    return Holdout(np.array(training), np.array(validation), panel.history)


def validation_of(panel: Panel, training: list[int], validation: list[int], horizon: int = HORIZON) -> Validation:
    windows = Windows.of(panel, Covariates.fit(panel), Reading(3, 0, 12), horizon)
    return Validation(windows, horizon, holdout_of(panel, training, validation))


@pytest.fixture
def walks() -> Panel:
    random = np.random.default_rng(1)
    return panel_of([random.normal(size=n).cumsum() for n in (40, 50, 30)], alias="1")


def test_every_cutoff_of_the_stretch_and_no_other(walks):
    network = Fixed()
    validation = validation_of(walks, [30, 50, 24], [35, 50, 26])
    assert validation
    validation.loss(network)
    (inputs,) = network.asked
    assert inputs.at.shape == (5, 1)
    asked = (inputs.last[..., None] + inputs.unit[..., None] * inputs.target)[:, 0].numpy()
    cutoffs = [(0, cutoff) for cutoff in range(30, 34)] + [(2, 24)]
    for row, last, (i, cutoff) in zip(asked, inputs.last[:, 0].numpy(), cutoffs, strict=True):
        values = walks.series(i)
        # The window's own scale, a power of two.
        scale = values[cutoff - 1] / last
        assert np.log2(scale) == round(np.log2(scale))
        np.testing.assert_allclose(row * scale, values[cutoff : cutoff + HORIZON], rtol=1e-5)
    assert not inputs.target.isnan().any()


def test_what_lies_beyond_the_stretch_changes_nothing(walks):
    values = walks.values.copy()
    for i, until in enumerate([35, 50, 26]):
        values[walks.offsets[i] + until : walks.offsets[i + 1]] += 1e6
    for horizon in (HORIZON, 9):
        one, other = (
            validation_of(p, [30, 50, 24], [35, 50, 26], horizon) for p in (walks, replace(walks, values=values))
        )
        assert one.loss(Fixed()) == other.loss(Fixed())


def test_of_many_long_windows_an_even_sample_is_read(make_panel, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "_MOST_STEPS", 120)
    panel = make_panel([np.arange(40.0) + 100 * i for i in range(20)])
    network = Fixed()
    validation_of(panel, [30] * 20, [30 + HORIZON] * 20).loss(network)
    (inputs,) = network.asked
    assert inputs.steps.shape[:2] == (10, 12)


def test_the_loss_weighs_all_values_alike_but_for_how_far_the_candidates_lie_apart(
    walks, monkeypatch: pytest.MonkeyPatch
):
    network = Fixed()
    loss = validation_of(walks, [30, 40, 24], [35, 50, 26]).loss(network)
    (inputs,) = network.asked
    error = inputs.target.double()[..., None] - network.distances.double()
    probability = torch.tensor(GRID, dtype=torch.float64)
    pinball = 2 * torch.maximum(probability * error, (probability - 1) * error)
    each = candidate_weight(inputs.candidates) * (pinball.mean(-1) + 0.5 * pinball[..., GRID.index(0.5)])
    assert loss == pytest.approx(float(each[~inputs.target.isnan()].mean()), rel=1e-5)
    monkeypatch.setattr(module, "_BATCH", 3)
    assert validation_of(walks, [30, 40, 24], [35, 50, 26]).loss(Fixed()) == pytest.approx(loss, rel=1e-5)


def test_a_horizon_longer_than_the_stretch_is_judged_as_far_as_the_stretch_goes(walks):
    network = Fixed()
    validation_of(walks, [30, 50, 30], [35, 50, 30], horizon=12).loss(network)
    (inputs,) = network.asked
    assert inputs.target.shape == (1, 1, 12)
    assert inputs.target[0, 0].isnan().tolist() == [False] * 5 + [True] * 7


def test_without_a_stretch_there_is_nothing_to_say(walks):
    assert not validation_of(walks, [40, 50, 30], [40, 50, 30])


def test_a_stretch_of_missing_values_is_none(walks):
    values = walks.values.copy()
    values[30:35] = np.nan
    assert not validation_of(replace(walks, values=values), [30, 50, 30], [35, 50, 30])


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("value", [1e300, 1e-300])
def test_an_explosion_in_the_stretch_is_left_out_in_silence(walks, value):
    values = walks.values * (1e-300 if value > 1 else 1e300)
    values[31] = value
    validation, network = validation_of(replace(walks, values=values), [30, 50, 30], [35, 50, 30]), Fixed()
    assert np.isfinite(validation.loss(network))
    assert network.asked[0].target[0, 0].isnan().tolist() == [False, value > 1]


def test_windows_are_spread_evenly_where_there_are_many():
    holdout = Holdout(np.array([10, 20, 30, 40, 50]), np.array([40, 20, 60, 70, 51]), np.array([45, 20, 60, 90, 60]))
    series, cutoffs = held_out_windows(holdout, 5, most=1000, most_cutoffs=1000)
    expected = [(0, c) for c in range(10, 36)] + [(2, c) for c in range(30, 56)] + [(3, c) for c in range(40, 66)]
    assert list(zip(series, cutoffs, strict=True)) == [*expected, (4, 50)]
    series, cutoffs = held_out_windows(holdout, 5, most=12, most_cutoffs=1000)
    assert list(zip(series, cutoffs, strict=True)) == [
        (0, 10), (0, 22), (0, 35), (2, 30), (2, 42), (2, 55), (3, 40), (3, 52), (3, 65), (4, 50),
    ]  # fmt: skip
    series, cutoffs = held_out_windows(holdout, 5, most=1000, most_cutoffs=2)
    assert cutoffs.tolist() == [10, 35, 30, 55, 40, 65, 50]
    assert held_out_windows(holdout, 5, most=2, most_cutoffs=9)[0].tolist() == [0, 4]
    none = held_out_windows(replace(holdout, training=holdout.validation), 5, 10, 10)
    assert [len(part) for part in none] == [0, 0]


def test_held_out_values_end_with_the_stretch(walks):
    holdout = holdout_of(walks, [30, 40, 24], [35, 50, 26])
    found = held_out_values(walks, holdout, np.array([0, 1]), np.array([33, 45]), 4)
    values = [walks.series(0)[33], walks.series(0)[34], np.nan, np.nan]
    np.testing.assert_array_equal(found, [values, walks.series(1)[45:49]])

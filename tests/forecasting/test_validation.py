"""Validation: every cutoff of the held-out stretch, nothing of what trains and nothing of the backtest."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from foretell.forecasting.architecture import Architecture
from foretell.forecasting.covariates import Covariates
from foretell.forecasting.holdout import Holdout
from foretell.forecasting.inputs import InputLayout, Inputs
from foretell.forecasting.panel import Panel
from foretell.forecasting.prediction import windows_of
from foretell.forecasting.quantiles import GRID
from foretell.forecasting.validation import Validation

from .conftest import panel_of

HORIZON = 2


class Fixed(nn.Module):
    """Quantiles at fixed distances from the last value, and a note of what was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.distances = nn.Parameter(torch.linspace(-1, 1, len(GRID)), requires_grad=False)
        self.asked: list[Inputs] = []

    def forward(self, inputs: Inputs) -> tuple[torch.Tensor, None]:
        self.asked.append(inputs)
        batch, anchors, horizon = inputs.target.shape
        return self.distances[:, None].expand(batch, anchors, len(GRID), horizon), None


def validation_of(panel: Panel, training: list[int], validation: list[int], *, stride: int = 1) -> Validation:
    layout = InputLayout(12, HORIZON, seasons=(3,), calendar=0, known=0, kernel=2 * stride if stride > 1 else 1)
    layout = replace(layout, stride=stride)
    architecture = Architecture("rnn", 4, 1, False, 0.0, layout, static=0, categories=())
    holdout = Holdout(np.array(training), np.array(validation), panel.history)
    return Validation(windows_of(panel, Covariates.fit(panel), layout), architecture, holdout)


@pytest.fixture
def walks() -> Panel:
    random = np.random.default_rng(1)
    return panel_of([random.normal(size=n).cumsum() for n in (40, 50, 30)], alias="1")


def test_every_cutoff_of_the_stretch_and_no_other(walks):
    training, until = [30, 50, 24], [35, 50, 26]
    validation, network = validation_of(walks, training, until), Fixed()
    assert validation
    validation.loss(network)
    (inputs,) = network.asked
    asked = inputs.last[..., None] + inputs.spread[..., None] * inputs.target
    # The window's own scale: from its first value on, by a power of two.
    for i, row, cutoffs in zip((0, 2), asked, (range(30, 34), range(24, 25)), strict=True):
        values = walks.series(i)
        start = max(0, until[i] - HORIZON - 15)
        found = row[~row.isnan()].numpy()
        expected = np.concatenate([values[c : c + HORIZON] for c in cutoffs]) - values[start]
        assert len(found) == len(expected)
        unit = found[0] / expected[0]
        assert np.log2(unit) == pytest.approx(round(np.log2(unit)), abs=1e-4)
        np.testing.assert_allclose(found, expected * unit, rtol=1e-3, atol=1e-5)
    assert int((~inputs.target.isnan()).sum()) == 5 * HORIZON


def test_what_lies_beyond_the_stretch_changes_nothing(walks):
    values = walks.values.copy()
    for i, until in enumerate([35, 50, 26]):
        values[walks.offsets[i] + until : walks.offsets[i + 1]] += 1e6
    one, other = (validation_of(p, [30, 50, 24], [35, 50, 26]) for p in (walks, replace(walks, values=values)))
    assert one.loss(Fixed()) == other.loss(Fixed())


def test_the_loss_weighs_all_values_alike(walks):
    network = Fixed()
    loss = validation_of(walks, [30, 40, 24], [35, 50, 26]).loss(network)
    (inputs,) = network.asked
    error = inputs.target[~inputs.target.isnan()].double()
    distances = network.distances.double()
    expected = [torch.maximum(q * (error - d), (q - 1) * (error - d)) for q, d in zip(GRID, distances, strict=True)]
    assert loss == pytest.approx(2 * float(torch.stack(expected).mean()), rel=1e-5)


def test_only_cutoffs_where_a_strided_network_forecasts(walks):
    network = Fixed()
    validation_of(walks, [20, 50, 30], [32, 50, 30], stride=3).loss(network)
    (inputs,) = network.asked
    anchors = ~inputs.target.isnan().all(-1)
    # Of the 11 cutoffs from 20 to 30 those that lie 0, 3, 6 and 9 steps before the last.
    assert anchors.sum(1).tolist() == [min(4, inputs.target.shape[1])]


def test_without_a_stretch_there_is_nothing_to_say(walks):
    assert not validation_of(walks, [40, 50, 30], [40, 50, 30])


def test_a_stretch_of_missing_values_is_none(walks):
    values = walks.values.copy()
    values[30:35] = np.nan
    assert not validation_of(replace(walks, values=values), [30, 50, 30], [35, 50, 30])

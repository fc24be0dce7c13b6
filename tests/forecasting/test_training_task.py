"""Training windows: random, the same for each seed and step, and never beyond the rows they may use."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from foretell.forecasting.architecture import Architecture
from foretell.forecasting.covariates import Covariates
from foretell.forecasting.inputs import InputLayout, Inputs
from foretell.forecasting.panel import Panel
from foretell.forecasting.prediction import windows_of
from foretell.forecasting.quantiles import GRID, pinball_loss
from foretell.forecasting.training_task import TrainingTask, observed

from .conftest import panel_of

HORIZON = 3


def task_on(panel: Panel, *, steps: int = 16, batch_size: int = 64, seed: int = 0) -> TrainingTask:
    layout = InputLayout(steps, HORIZON, seasons=(4,), calendar=0, known=0)
    architecture = Architecture("rnn", 4, 1, False, 0.0, layout, static=0, categories=())
    return TrainingTask(windows_of(panel, Covariates.fit(panel), layout), architecture, batch_size, seed)


def assert_same(one: Inputs, other: Inputs) -> None:
    torch.testing.assert_close(vars(one), vars(other), rtol=0, atol=0, equal_nan=True)


@pytest.fixture
def uneven() -> Panel:
    """Series of 60, 1 and 25 integer-time values."""
    random = np.random.default_rng(0)
    return panel_of([random.normal(size=n) for n in (60, 1, 25)], alias="1")


def test_a_batch_is_a_function_of_seed_and_number(uneven):
    limits = uneven.history
    batch = task_on(uneven).batches(limits)
    assert_same(batch(5), task_on(uneven).batches(limits)(5))
    assert_same(batch(5), task_on(uneven).batches(limits, first=2)(3))
    for other in (batch(6), task_on(uneven, seed=1).batches(limits)(5)):
        assert not torch.equal(other.steps, batch(5).steps)


def test_rows_from_the_limits_on_play_no_part(uneven):
    limits = np.array([40, 1, 20])
    values = uneven.values.copy()
    rows = np.arange(len(values)) - np.repeat(uneven.offsets[:-1], np.diff(uneven.offsets))
    values[rows >= np.repeat(limits, np.diff(uneven.offsets))] = 1e6
    other = replace(uneven, values=values)
    for number in range(20):
        one, same = (task_on(p).batches(limits)(number) for p in (uneven, other))
        assert_same(one, same)


def test_a_series_of_one_value_is_never_drawn():
    panel = panel_of([np.arange(30.0), [1e6]], alias="1")
    batch = task_on(panel).batches(panel.history)(0)
    assert (~batch.target.isnan()).any(2).any(1).all()


def test_the_warm_up_is_left_out_and_long_windows_take_turns(uneven):
    limits = uneven.history
    assert task_on(uneven, steps=16).batches(limits)(0).at.tolist() == list(range(2, 16))
    batch = task_on(uneven, steps=300, batch_size=2).batches(limits)
    firsts = set()
    for number in range(30):
        at = batch(number).at
        assert len(at) <= 128
        assert set(at.diff().tolist()) == {3}
        firsts.add(int(at[0]))
    assert firsts == {37, 38, 39}


def test_the_loss_is_the_pinball_loss_of_the_network_s_quantiles(uneven):
    task = task_on(uneven)
    batch = task.batches(uneven.history)(0)
    anchors = batch.target.shape[:2]
    quantiles = torch.randn(*anchors, len(GRID), HORIZON).sort(2).values
    loss, state = task.loss(lambda inputs, state: (quantiles, (inputs is batch, state)), batch, "before")
    assert state == (True, "before")
    torch.testing.assert_close(loss, pinball_loss(quantiles, batch.target, torch.tensor(GRID)))


def test_observed_counts_values_not_rows(make_panel):
    panel = make_panel([[1.0, np.nan, np.nan, 2.0], [5.0, 6.0, 7.0]], rows_after=2)
    assert observed(panel, np.array([3, 2])).tolist() == [1, 2]
    assert observed(panel, panel.history).tolist() == [2, 3]
    assert observed(panel, np.array([0, 0])).tolist() == [0, 0]


def test_of_a_long_horizon_fewer_anchors_have_their_turn(make_panel):
    panel = make_panel([np.arange(400.0) % 7])
    counts = []
    for horizon in (4, 200):
        layout = InputLayout(steps=200, horizon=horizon, seasons=(7,), calendar=0, known=0)
        architecture = Architecture("gru", 4, 1, False, 0.0, layout, 0, ())
        windows = windows_of(panel, Covariates.fit(panel), layout)
        batch = TrainingTask(windows, architecture, 32, 0).batches(panel.history)(0)
        counts.append(len(batch.at))
        assert batch.candidates.numel() < 1 << 20
    assert counts == [88, 8]

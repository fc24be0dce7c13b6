"""Training windows: random, the same for each seed and step, and never beyond the rows they may use."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from foretell.forecasting.any_horizon.inputs import Inputs
from foretell.forecasting.any_horizon.loss import candidate_weight, quantile_loss
from foretell.forecasting.any_horizon.reading import Reading
from foretell.forecasting.covariates.covariates import Covariates
from foretell.forecasting.networks.training_task import TrainingTask, batch_size, observed
from foretell.forecasting.networks.windows import Windows
from foretell.forecasting.panel import Panel
from foretell.forecasting.quantiles import GRID
from foretell.forecasting.settings import ForecastSettings
from foretell.training.settings import TrainingSettings

from ..conftest import panel_of

HORIZON = 3


def task_on(
    panel: Panel, *, steps: int = 16, batch_size: int = 64, seed: int = 0, horizon: int = HORIZON
) -> TrainingTask:
    windows = Windows.of(panel, Covariates.fit(panel), Reading(4, 0, steps), horizon)
    return TrainingTask(windows, horizon, batch_size, seed)


def assert_same(one: Inputs, other: Inputs) -> None:
    torch.testing.assert_close(vars(one), vars(other), rtol=0, atol=0, equal_nan=True)


@pytest.fixture
def uneven() -> Panel:
    """Series of 60, 1 and 25 integer-time values."""
    random = np.random.default_rng(0)
    return panel_of([random.normal(size=n) for n in (60, 1, 25)], alias="1")


def counting(*lengths: int) -> Panel:
    """Series whose values are their rows, from 1 on, and thousands of them from series to series."""
    return panel_of([1000.0 * i + np.arange(1.0, n + 1) for i, n in enumerate(lengths)], alias="1")


def test_a_batch_is_a_function_of_seed_and_number(uneven):
    limits = uneven.history
    batch = task_on(uneven).batches(limits)
    assert_same(batch(5), task_on(uneven).batches(limits)(5))
    assert_same(batch(5), task_on(uneven).batches(limits, first=2)(3))
    for other in (batch(6), task_on(uneven, seed=1).batches(limits)(5)):
        assert not torch.equal(other.steps, batch(5).steps)


@pytest.mark.parametrize("horizon", [HORIZON, 40])
def test_rows_from_the_limits_on_play_no_part(uneven, horizon):
    limits = np.array([40, 1, 20])
    values = uneven.values.copy()
    rows = np.arange(len(values)) - np.repeat(uneven.offsets[:-1], np.diff(uneven.offsets))
    values[rows >= np.repeat(limits, np.diff(uneven.offsets))] = 1e6
    other = replace(uneven, values=values)
    for number in range(20):
        one, same = (task_on(p, horizon=horizon).batches(limits)(number) for p in (uneven, other))
        assert_same(one, same)


def test_a_series_of_one_value_is_never_drawn():
    panel = panel_of([np.arange(30.0), [1e6]], alias="1")
    batch = task_on(panel).batches(panel.history)(0)
    assert (~batch.target.isnan()).any(2).all()


def test_every_anchor_has_something_to_learn_from_but_the_first_rows_of_a_window_are_none():
    panel, steps = counting(60, 25, 2, 9), 16
    limits = np.array([50, 25, 2, 9])
    seen = set()
    for number in range(30):
        batch = task_on(panel, steps=steps).batches(limits)(number)
        width = batch.steps.shape[1]
        assert width <= steps
        assert (batch.at.diff(dim=1) >= 0).all()
        present = batch.present.sum(1).long()
        first = width - present
        # Of a single value nobody knows by how much it varies.
        assert torch.equal(~batch.target[..., 0].isnan(), batch.at > first[:, None])
        # Three rows of warm-up, where there are as many.
        assert (batch.at - first[:, None] >= (present - 1).clamp(max=3)[:, None]).all()
        assert (batch.at < width).all()
        seen |= {(int(p), int(a)) for p, row in zip(present, batch.at, strict=True) for a in row}
    assert {at for present, at in seen if present == steps} == set(range(3, steps))


def rows_of_targets(panel: Panel, limits: np.ndarray, task: TrainingTask, batches: int) -> list[tuple[int, int, int]]:
    """Series, row and steps ahead of each target of some batches."""
    place = {float(value): (i, row) for i in range(len(panel)) for row, value in enumerate(panel.series(i))}
    found = []
    for number in range(batches):
        cuts = []
        cut = task._windows.cut
        task._windows.__dict__["cut"] = lambda *args, cut=cut, cuts=cuts: cuts.append(cut(*args)) or cuts[-1]
        batch = task.batches(limits)(number)
        del task._windows.__dict__["cut"]
        values = (
            cuts[0].scale[:, None, None]
            * (batch.last[..., None] + batch.unit[..., None] * batch.target.double()).numpy()
        )
        for (_, _, h), value in np.ndenumerate(values):
            if not np.isnan(value):
                found.append((*place[round(float(value))], int(batch.step_ahead[h])))
    return found


def test_every_step_ahead_is_learned_however_far_and_every_row_up_to_the_limit_teaches():
    panel, limits, horizon = counting(100, 30), np.array([90, 30]), 45
    found = rows_of_targets(panel, limits, task_on(panel, steps=12, horizon=horizon), 25)
    assert {ahead for series, _, ahead in found if series == 0} == set(range(1, horizon + 1))
    for series in (0, 1):
        rows = {row for which, row, _ in found if which == series}
        assert max(rows) == limits[series] - 1
        assert rows == set(range(min(rows), limits[series]))
        # No window ends before it is half as long as it can be.
        assert min(rows) <= 8


def test_of_a_long_horizon_some_steps_have_their_turn():
    panel = counting(400)
    ahead = [task_on(panel, horizon=200, batch_size=2).batches(panel.history)(k).step_ahead for k in range(60)]
    assert {len(steps) for steps in ahead} == {24}
    assert all((steps.diff() > 0).all() for steps in ahead)
    assert set(torch.cat(ahead).tolist()) == set(range(1, 201))
    short = task_on(panel, horizon=24).batches(panel.history)(0)
    assert short.step_ahead.tolist() == list(range(1, 25))


def test_the_loss_is_that_of_the_network_s_quantiles(uneven):
    task = task_on(uneven)
    batch = task.batches(uneven.history)(0)
    quantiles = torch.randn(*batch.target.shape, len(GRID)).sort(-1).values
    loss, state = task.loss(lambda inputs, state: (quantiles, (inputs is batch, state)), batch, "before")  # type: ignore[arg-type]
    assert state == (True, "before")
    torch.testing.assert_close(loss, quantile_loss(quantiles, batch.target, candidate_weight(batch.candidates)))


@pytest.mark.parametrize("length", [1, 5, 16, 40])
def test_the_losses_of_chunks_sum_to_that_of_the_whole(uneven, small_network, length):
    batch = task_on(uneven).batches(uneven.history)(3)
    whole, _ = TrainingTask.loss(small_network, batch, None)
    total, count, state = 0.0, 0, None
    for chunk in batch.chunks(length):
        loss, state = TrainingTask.loss(small_network, chunk, state)
        seen = int((~chunk.target.isnan()).sum())
        assert seen or loss == 0
        total, count = total + seen * loss, count + seen  # type: ignore[assignment]
    assert count == int((~batch.target.isnan()).sum())
    torch.testing.assert_close(total / count, whole)


def test_batches_of_known_columns_keep_them_in_step(uneven):
    """Prices equal to the values: those at the anchor and ahead are the last value and the targets."""
    ahead = np.full(HORIZON, np.nan)
    values = [np.concatenate([uneven.series(i), ahead]) for i in range(3)]
    panel = panel_of([uneven.series(i) for i in range(3)], alias="1", rows_after=HORIZON)
    panel = replace(panel, known={"price": np.concatenate(values)})
    covariates = Covariates.fit(panel, panel.history)
    windows = Windows.of(panel, covariates, Reading(1, 0, 16), HORIZON)
    batch = TrainingTask(windows, HORIZON, 16, 0).batches(panel.history)(0)
    (price,) = covariates.known.values()
    here = batch.covariates[..., 0].gather(1, batch.at)
    torch.testing.assert_close(here, batch.future[:, :, 0, 1])
    there = batch.future[..., 0]
    moved = (there - here[..., None]).double() * price.spread  # type: ignore[union-attr]
    for row in range(16):
        known = ~batch.target[row].isnan()
        # Up to the scale of the window, a power of two.
        ratio = ((batch.unit[row][:, None] * batch.target[row]) / moved[row])[known]
        assert np.log2(float(ratio[0])) == pytest.approx(round(np.log2(float(ratio[0]))), abs=1e-3)
        torch.testing.assert_close(ratio, ratio[0].expand_as(ratio), rtol=1e-3, atol=1e-3)


def test_observed_counts_values_not_rows(make_panel):
    panel = make_panel([[1.0, np.nan, np.nan, 2.0], [5.0, 6.0, 7.0]], rows_after=2)
    assert observed(panel, np.array([3, 2])).tolist() == [1, 2]
    assert observed(panel, panel.history).tolist() == [2, 3]
    assert observed(panel, np.array([0, 0])).tolist() == [0, 0]


def test_what_comes_before_the_first_value_teaches_nothing():
    panel = panel_of([np.append(np.full(40, np.nan), 5.0 + np.arange(9) % 3), np.arange(49.0)], alias="1")
    early = 0
    for number in range(10):
        batch = task_on(panel, batch_size=16).batches(panel.history)(number)
        begun = batch.present.gather(1, batch.at) > 0
        early += int((~begun).sum())
        assert batch.target[~begun].isnan().all()
        loss, _ = TrainingTask.loss(lambda inputs, _: (torch.zeros(*inputs.target.shape, len(GRID)), None), batch, None)  # type: ignore[arg-type]
        assert loss.isfinite()
    assert early > 0


@pytest.mark.parametrize(
    ("given", "patience", "window", "random", "tuned"),
    [
        (None, 4, 384, 16, 8),
        (None, 4, 100, 32, 28),
        (None, 4, 20, 32, 32),
        (None, 4, 5000, 4, 4),
        (None, None, 384, 32, 16),
        (64, 4, 384, 64, 16),
        (5, 4, 384, 5, 5),
    ],
)
def test_a_batch_has_fewer_long_windows_where_training_ends_by_itself(
    given: int | None, patience: int | None, window: int, random: int, tuned: int
) -> None:
    settings = ForecastSettings(batch_size=given, training=TrainingSettings(patience=patience))
    assert (batch_size(settings, window, tuned=False), batch_size(settings, window, tuned=True)) == (random, tuned)

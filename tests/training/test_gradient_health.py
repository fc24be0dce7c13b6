from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from foretell.errors import TrainingError
from foretell.training.gradient_health import GradientHealth


@given(st.integers(0, 2**31), st.floats(1e-3, 1e3), st.floats(1e-3, 1e3))
def test_clipping_is_that_of_torch(seed: int, scale: float, limit: float) -> None:
    gradient = scale * torch.randn(40, generator=torch.Generator().manual_seed(seed))
    parameter = torch.nn.Parameter(torch.zeros(40))
    parameter.grad = gradient.clone()
    norm = torch.nn.utils.clip_grad_norm_([parameter], limit)
    _, ours, healthy = GradientHealth(limit).check(torch.tensor(1.0), gradient)
    assert healthy
    assert ours == norm.item()
    torch.testing.assert_close(gradient, parameter.grad, rtol=1e-6, atol=0)


@pytest.mark.parametrize(("loss", "entry"), [(math.nan, 1.0), (math.inf, 1.0), (1.0, math.nan), (1.0, -math.inf)])
def test_a_step_that_is_not_finite_is_counted(loss: float, entry: float) -> None:
    health = GradientHealth(1.0)
    assert not health.check(torch.tensor(loss), torch.tensor([1.0, entry]))[2]
    assert (health.healthy, health.skipped, health.in_a_row) == (0, 1, 1)
    assert health.check(torch.tensor(1.0), torch.tensor([1.0]))[2]
    assert (health.healthy, health.skipped, health.in_a_row) == (1, 1, 0)


def _poisoned(task, bad):
    def loss(network, batch, state):
        value, state = task.loss(network, batch[1], state)
        return (value * math.nan if batch[0] in bad else value), state

    return {"batches": lambda n: (n, task.batches(n)), "loss": loss}


def test_one_bad_step_changes_nothing_and_training_goes_on(task) -> None:
    network, weights = task.network(), []
    options = {"on_progress": lambda _: weights.append(task.bits(network))}
    history = task.train(network, **_poisoned(task, {5}), options=options, steps=10, average=0.9)
    assert history.skipped == 1
    assert math.isnan(history.losses[5])
    assert weights[5] == weights[4]
    assert weights[6] != weights[5]
    assert history.reason == "finished"


def test_many_bad_steps_in_a_row_stop_with_the_last_good_weights(task) -> None:
    network, weights = task.network(), []
    options = {"on_progress": lambda _: weights.append(network.out.weight.detach().clone())}
    history = task.train(network, **_poisoned(task, range(8, 99)), options=options, steps=99, max_nonfinite=3)
    assert (history.steps, history.skipped, history.reason) == (11, 3, "non-finite")
    assert "not finite for 3 steps in a row" in history.stopped
    # The weights after step 7 were never seen to give a finite loss; those before it were.
    assert torch.equal(network.out.weight, weights[6])


def test_an_update_that_breaks_the_weights_is_undone(task) -> None:
    network = task.network()

    def loss(net, batch, state):
        value, state = task.loss(net, batch, state)
        return value * 1e3, state

    history = task.train(
        network, loss=loss, steps=50, learning_rate=1e38, optimiser="sgd", clip_norm=None, max_nonfinite=4, average=0.9
    )
    assert history.reason == "non-finite"
    assert all(torch.isfinite(p).all() for p in network.state_dict().values())


def test_no_good_step_at_all_is_an_error_and_leaves_the_network_as_it_was(task, tmp_path) -> None:
    network = task.network()
    before = task.bits(network)
    with pytest.raises(TrainingError, match="not finite in any of the 4 steps"):
        task.train(network, **_poisoned(task, range(99)), options={"checkpoint": tmp_path}, steps=99, max_nonfinite=4)
    assert task.bits(network) == before


def test_a_loss_apart_from_the_weights_is_an_error(task) -> None:
    with pytest.raises(TrainingError, match="does not depend"):
        task.train(task.network(), loss=lambda *_: (torch.tensor(1.0), None), steps=2)

from __future__ import annotations

import math

import pytest

from foretell.errors import TrainingError


def _scripted(task, values, seen):
    values = iter(values)

    def evaluate(network):
        assert not network.training
        seen.append(task.bits(network))
        return next(values)

    return {"evaluate": evaluate}


@pytest.mark.parametrize("average", [None, 0.9])
def test_the_best_weights_come_back_after_a_run_that_got_worse(task, average) -> None:
    network, seen = task.network(), []
    values = [3.0, 1.0, 2.0, math.nan, 5.0]
    history = task.train(network, options=_scripted(task, values, seen), steps=50, evaluate_every=10, average=average)
    assert task.bits(network) == seen[1]
    assert seen[4] != seen[1]
    assert (history.best, history.best_step) == (1.0, 20)
    assert [step for step, _ in history.evaluations] == [10, 20, 30, 40, 50]


def test_patience_ends_the_run(task) -> None:
    network, seen = task.network(), []
    history = task.train(
        network, options=_scripted(task, [3.0, 1.0, 1.0, 2.0], seen), steps=500, evaluate_every=5, patience=2
    )
    assert (history.steps, history.reason) == (20, "patience")
    assert "2 evaluations in a row" in history.stopped
    assert task.bits(network) == seen[1]


def test_the_last_step_is_evaluated_once(task) -> None:
    seen = []
    history = task.train(task.network(), options=_scripted(task, [3.0, 2.0], seen), steps=14, evaluate_every=10)
    assert [step for step, _ in history.evaluations] == [10, 14]


def test_no_finite_evaluation_is_an_error(task) -> None:
    with pytest.raises(TrainingError, match="none of the 2 evaluations"):
        task.train(task.network(), options={"evaluate": lambda _: math.nan}, steps=20, evaluate_every=10)

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


@pytest.mark.parametrize(
    ("values", "evaluations"),
    [
        ([3.0, 1.0, 1.05, 1.2], 4),
        ([3.0, 1.0, 1.2, 1.05, 1.2], 5),  # the second lies on the plateau
        ([3.0, 1.0, 1.2, 0.9, 1.0, 1.0], 6),
        ([3.0, 1.0, 1.09, 1.09, 1.09, 1.09], 6),
        ([3.0, -2.0, -1.9, -1.7], 4),
        ([3.0, 1.0, math.nan, math.nan, 1.0, 1.0], 6),
    ],
)
def test_a_clear_rise_takes_half_of_the_patience(task, values, evaluations) -> None:
    options = _scripted(task, values, [])
    history = task.train(task.network(), options=options, steps=500, evaluate_every=5, patience=4, rise=0.1)
    assert (history.reason, len(history.evaluations)) == ("patience", evaluations)


def test_a_run_that_rose_before_it_was_killed_has_no_patience_left(task, tmp_path) -> None:
    def stop(progress):
        if progress.step == 20:
            raise InterruptedError

    settings = {"steps": 500, "evaluate_every": 5, "checkpoint_every": 10, "patience": 4, "rise": 0.1}
    options = _scripted(task, [3.0, 1.0, 1.2, 1.2], []) | {"checkpoint": tmp_path}
    with pytest.raises(InterruptedError):
        task.train(task.network(), options=options | {"on_progress": stop}, **settings)
    # The evaluation after 20 steps is still to come: by then a value lies above the best for the second time.
    history = task.train(task.network(), options=_scripted(task, [1.2, 1.2], []) | {"checkpoint": tmp_path}, **settings)
    again = task.train(task.network(), options=_scripted(task, [], []) | {"checkpoint": tmp_path}, **settings)
    assert (history.steps, again.steps) == (20, 20)


def test_the_last_step_is_evaluated_once(task) -> None:
    seen = []
    history = task.train(task.network(), options=_scripted(task, [3.0, 2.0], seen), steps=14, evaluate_every=10)
    assert [step for step, _ in history.evaluations] == [10, 14]


def test_no_finite_evaluation_is_an_error(task) -> None:
    with pytest.raises(TrainingError, match="none of the 2 evaluations"):
        task.train(task.network(), options={"evaluate": lambda _: math.nan}, steps=20, evaluate_every=10)

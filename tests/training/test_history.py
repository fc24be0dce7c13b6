from __future__ import annotations

import json
import math

import numpy as np
import pytest

from foretell.training import History, Progress
from foretell.training.history import Record


def test_a_history_survives_strict_json() -> None:
    history = History(
        losses=np.array([1.5, math.nan, math.inf]),
        gradient_norms=np.array([0.1, math.nan, 2.0]),
        learning_rates=np.array([1e-3, 2e-3, 3e-3]),
        evaluations=((2, 0.5), (3, math.nan)),
        best=0.5,
        best_step=2,
        skipped=2,
        seconds=1.25,
        reason="time",
        stopped="time: over",
    )
    back = History.from_json(json.loads(json.dumps(history.to_json(), allow_nan=False)))
    np.testing.assert_array_equal(back.losses, history.losses)
    np.testing.assert_array_equal(back.gradient_norms, history.gradient_norms)
    assert back.evaluations[0] == (2, 0.5)
    assert math.isnan(back.evaluations[1][1])
    assert (back.best, back.best_step, back.skipped, back.seconds) == (0.5, 2, 2, 1.25)
    assert (back.reason, back.stopped, back.steps) == ("time", "time: over", 3)


def test_the_smoothed_loss_passes_over_what_is_not_finite() -> None:
    record = Record()
    assert math.isnan(record.smoothed_loss)
    for loss in (2.0, math.nan, 2.0, math.inf):
        record.add(loss, 1.0, 1.0)
    assert record.smoothed_loss == pytest.approx(2.0)
    assert Record(record.losses).smoothed_loss == record.smoothed_loss


def test_progress_says_where_the_run_stands(task) -> None:
    seen: list[Progress] = []
    options = {"on_progress": seen.append, "evaluate": task.evaluate}
    history = task.train(task.network(), options=options, steps=10, evaluate_every=4, learning_rate=0.01)
    assert [p.step for p in seen] == list(range(1, 11))
    assert seen[4].fraction == 0.5
    assert seen[-1].seconds_left == 0
    assert [p.gradient_norm for p in seen] == history.gradient_norms.tolist()
    assert [p.learning_rate for p in seen] == history.learning_rates.tolist()
    assert [p.evaluation for p in seen[3:6]] == [None, *[history.evaluations[0][1]] * 2]
    assert max(history.learning_rates) <= 0.01
    assert history.reason == "finished"

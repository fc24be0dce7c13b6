"""One step of a run, seen from inside: what changes, and what an exception or a bad step leaves as it was."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from foretell.training import TrainingSettings
from foretell.training.hardware import Hardware
from foretell.training.run import Run


def run_of(task: Any, *, loss: Any = None, batches: Any = None, carry: bool = False, **settings: Any) -> Run:
    network = task.network().train()
    hardware = Hardware("cpu", "32-true")
    return Run(network, batches or task.batches, loss or task.loss, TrainingSettings(**settings), hardware, carry=carry)


def test_a_step_changes_weights_and_record(task: Any) -> None:
    run = run_of(task)
    before = run.weights.vector.clone()
    run.step(0.3)
    assert not torch.equal(run.weights.vector, before)
    assert torch.equal(run.last_good.vector, before)
    assert (run.steps, run.batch, run.chunk, run.health.healthy) == (1, 1, 0, 1)
    assert len(run.record.losses) == len(run.record.gradient_norms) == 1
    with torch.no_grad():
        assert torch.equal(torch.cat([p.reshape(-1) for p in run.network.parameters()]), run.weights.vector)


def test_an_exception_in_the_loss_leaves_the_run_as_it_was(task: Any) -> None:
    def failing(*_: Any) -> Any:
        raise OSError("the disk is gone")

    run = run_of(task, loss=failing)
    before = run.weights.vector.clone()
    with pytest.raises(OSError, match="the disk is gone"):
        run.step(0.0)
    assert torch.equal(run.weights.vector, before)
    assert (run.steps, run.batch, run.record.losses) == (0, 0, [])


def test_a_step_that_is_not_finite_updates_nothing_and_drops_the_state(task: Any) -> None:
    def infinite(network: Any, batch: Any, state: Any) -> Any:
        loss, state = task.loss(network, batch, state)
        return loss * torch.inf, state

    run = run_of(task, loss=infinite, carry=True)
    before, buffers = run.weights.vector.clone(), [b.clone() for b in run.weights.buffers()]
    run.step(0.0)
    assert torch.equal(run.weights.vector, before)
    assert all(torch.equal(now, then) for now, then in zip(run.weights.buffers(), buffers, strict=True))
    assert (run.steps, run.health.skipped, run.state) == (1, 1, None)


@pytest.mark.parametrize(("carry", "kept"), [(False, False), (True, True)])
def test_the_state_goes_on_within_a_batch_and_by_carry_beyond_it(task: Any, carry: bool, kept: bool) -> None:
    seen = []

    def watching(network: Any, batch: Any, state: Any) -> Any:
        seen.append(None if state is None else state.requires_grad)
        return task.loss(network, batch, state)

    run = run_of(task, loss=watching, carry=carry, truncate=4)
    for _ in range(3):
        run.step(0.0)
    assert seen == [None, False, False if kept else None]
    assert (run.batch, run.chunk) == (1, 1)


def test_evaluation_sees_the_average_and_training_goes_on_with_its_own_weights(task: Any) -> None:
    run = run_of(task, average=0.9)
    for _ in range(4):
        run.step(0.5)
    own = run.weights.vector.clone()
    shown = []

    def note(network: Any) -> float:
        assert not network.training
        assert not torch.is_grad_enabled()
        shown.append(torch.cat([p.reshape(-1) for p in network.parameters()]))
        return 1.0

    assert run.evaluate(note) == 1.0
    assert torch.equal(shown[0], run.average.vector)
    assert not torch.equal(shown[0], own)
    assert torch.equal(run.weights.vector, own)
    assert run.network.training
    run.settle()
    assert torch.equal(run.weights.vector, shown[0])

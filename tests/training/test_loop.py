from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor, nn

from foretell.errors import SettingsError
from foretell.training import TrainingSettings, loop, train


class Clock:
    """Time that passes by what happens."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(loop, "monotonic", clock)
    return clock


def test_it_learns() -> None:
    x = torch.randn(64, 3, generator=torch.Generator().manual_seed(0))
    y = x @ torch.tensor([[1.0], [-2.0], [0.5]]) + 3
    network = nn.Linear(3, 1)
    loss = lambda net, batch, _: ((net(batch[0]) - batch[1]).square().mean(), None)  # noqa: E731
    for optimiser in ("adam", "adamw", "nadam", "sgd"):
        settings = TrainingSettings(steps=400, learning_rate=0.1, optimiser=optimiser)  # type: ignore[arg-type]
        history = train(network, lambda _: (x, y), loss, settings=settings, device="cpu")
        assert history.losses[-1] < 1e-4
        nn.init.normal_(network.weight, generator=torch.Generator().manual_seed(1))


def test_one_step_is_that_of_torch(task) -> None:
    network, by_hand = task.network().eval(), task.network()
    by_hand.drop.p = network.drop.p = 0.0
    optimiser = torch.optim.AdamW(by_hand.parameters(), lr=0.01, weight_decay=0.1)
    by_hand.train()
    for n in range(5):
        optimiser.zero_grad()
        task.loss(by_hand, task.batches(n), None)[0].backward()
        nn.utils.clip_grad_norm_(by_hand.parameters(), 0.5)
        optimiser.step()
    task.train(
        network, steps=5, optimiser="adamw", learning_rate=0.01, weight_decay=0.1, clip_norm=0.5, schedule="constant"
    )
    for name, theirs in by_hand.state_dict().items():
        torch.testing.assert_close(network.state_dict()[name], theirs, rtol=1e-4, atol=1e-6)


def test_the_time_budget_ends_the_run_and_drives_the_schedule(task, clock: Clock) -> None:
    def batches(n):
        clock.now += 3
        return task.batches(n)

    def evaluate(_):
        clock.now += 15
        return 1.0

    settings = {"steps": 1000, "minutes": 1.0, "evaluate_every": 5, "schedule": "cosine", "learning_rate": 1.0}
    history = task.train(task.network(), batches=batches, options={"evaluate": evaluate}, **settings)
    # 5 steps (15 s), evaluation (30 s), 5 steps (45 s), evaluation (60 s).
    assert (history.steps, history.reason, history.seconds) == (10, "time", 60.0)
    assert "the budget was used up after 10 steps" in history.stopped
    assert history.learning_rates[5] == pytest.approx(0.5)


def test_seconds_count_on_when_resumed(task, clock: Clock, tmp_path) -> None:
    def batches(n):
        clock.now += 1
        return task.batches(n)

    def stop(progress):
        if progress.step == 20:
            raise KeyboardInterrupt

    settings, options = {"steps": 1000, "minutes": 0.5}, {"checkpoint": tmp_path}
    with pytest.raises(KeyboardInterrupt):
        task.train(task.network(), batches=batches, options=options | {"on_progress": stop}, **settings)
    clock.now += 5000
    history = task.train(task.network(), batches=batches, options=options, **settings)
    assert (history.steps, history.seconds) == (30, 30.0)


def test_a_dataclass_is_a_batch(task) -> None:
    @dataclass(frozen=True)
    class Batch:
        x: Tensor
        y: Tensor
        weight: Tensor | None = None

    history = task.train(
        task.network(),
        batches=lambda n: Batch(*task.batches(n)),
        loss=lambda net, batch, state: task.loss(net, (batch.x, batch.y), state),
        steps=3,
    )
    assert history.steps == 3


def test_mixed_precision_trains_and_keeps_the_weights_in_full(task) -> None:
    network, kinds = task.network(), []

    def loss(net, batch, state):
        kinds.append(net.out(torch.ones(1, 6)).dtype)
        return task.loss(net, batch, state)

    history = task.train(network, loss=loss, options={"evaluate": task.evaluate}, steps=4, precision="bf16-mixed")
    assert history.skipped == 0
    assert set(kinds) == {torch.bfloat16}
    assert network.out.weight.dtype == torch.float32


@pytest.mark.parametrize("device", ["cuda:x", "abacus", "cuda:99"])
def test_a_device_that_is_not_there_is_told(task, device: str) -> None:
    with pytest.raises(SettingsError, match="device="):
        train(task.network(), task.batches, task.loss, settings=TrainingSettings(steps=1), device=device)


def test_the_network_is_left_in_evaluation_mode(task) -> None:
    network = task.network()
    assert network.training
    task.train(network, steps=2)
    assert not network.training


def test_importing_the_package_does_not_bring_torch_and_training_on_the_cpu_neither_fabric_nor_the_compiler() -> None:
    code = (
        "import sys, foretell.training as t; s = t.TrainingSettings(steps=1); assert 'torch' not in sys.modules; "
        "t.train; import torch; n = torch.nn.Linear(1, 1); "
        "t.train(n, lambda _: torch.ones(1, 1), lambda n, x, _: (n(x).sum(), None), settings=s, device='cpu'); "
        "assert not {'lightning_fabric', 'torch._dynamo'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)

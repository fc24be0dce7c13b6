from __future__ import annotations

import torch

from foretell.training.averaging import MovingAverage


def test_it_is_the_plain_formula() -> None:
    values = torch.randn(50, 9, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    average, expected = MovingAverage(values[0], 0.8), values[0].clone()
    for t, value in enumerate(values[1:], start=1):
        average.update(value)
        decay = min(0.8, (1 + t) / (10 + t))
        expected = decay * expected + (1 - decay) * value
    torch.testing.assert_close(average.vector, expected, rtol=1e-14, atol=1e-14)
    assert average.updates == 49


def test_it_leaves_the_weights_alone() -> None:
    start = torch.zeros(3)
    MovingAverage(start, 0.9).update(torch.ones(3))
    assert torch.equal(start, torch.zeros(3))


def test_a_run_ends_with_the_average_of_its_weights(task) -> None:
    network, seen = task.network(), []
    options = {"on_progress": lambda _: seen.append(network.out.weight.detach().clone())}
    expected = network.out.weight.detach().clone()
    task.train(network, options=options, steps=30, average=0.7)
    for t, value in enumerate(seen, start=1):
        decay = min(0.7, (1 + t) / (10 + t))
        expected = decay * expected + (1 - decay) * value
    torch.testing.assert_close(network.out.weight.detach(), expected, rtol=1e-5, atol=1e-6)
    assert not torch.equal(network.out.weight, seen[-1])

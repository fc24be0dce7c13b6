"""A small network and data, with dropout and buffers, so that random numbers and running means are at stake."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from foretell.training import History, TrainingSettings, train


class Small(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.GRU(2, 6, batch_first=True)
        self.norm = nn.BatchNorm1d(6)
        self.drop = nn.Dropout(0.3)
        self.out = nn.Linear(6, 1)

    def forward(self, x: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        hidden, state = self.rnn(x, state)
        return self.out(self.drop(self.norm(hidden.transpose(1, 2)).transpose(1, 2))), state


def batches(number: int) -> tuple[Tensor, Tensor]:
    x = torch.randn(4, 8, 2, generator=torch.Generator().manual_seed(number))
    return x, x.cumsum(1)[..., :1]


def loss(network: nn.Module, batch: Any, state: Any) -> tuple[Tensor, Any]:
    y, state = network(batch[0], state)
    return (y - batch[1]).square().mean(), state


def evaluate(network: nn.Module) -> float:
    return float(loss(network, batches(10**6), None)[0])


def bits(network: nn.Module) -> dict[str, bytes]:
    return {name: t.numpy().tobytes() for name, t in network.state_dict().items()}


class Task:
    """The pieces above, and a run of them on the CPU."""

    batches = staticmethod(batches)
    loss = staticmethod(loss)
    evaluate = staticmethod(evaluate)
    bits = staticmethod(bits)

    @staticmethod
    def network() -> Small:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(7)
            return Small()

    @classmethod
    def train(
        cls,
        network: nn.Module,
        *,
        batches: Callable[[int], Any] = batches,
        loss: Any = loss,
        options: Any = (),
        **settings: Any,
    ) -> History:
        return train(network, batches, loss, settings=TrainingSettings(**settings), device="cpu", **dict(options))


@pytest.fixture
def task() -> type[Task]:
    return Task

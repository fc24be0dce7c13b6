from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from foretell.text.language_model import task
from foretell.text.language_model.characters import NONE
from foretell.text.language_model.network import build
from foretell.text.language_model.settings import LanguageSettings
from foretell.text.language_model.task import Streams, evaluate, loss, side_by_side
from foretell.training import TrainingSettings, train


def by_hand(network: Any, numbers: Any) -> float:
    """Bits a character, from one call over the whole text."""
    read = torch.from_numpy(np.concatenate([[NONE], numbers[:-1]]).astype(np.int64))[None]
    with torch.no_grad():
        chances = network(read)[0][0].log_softmax(-1)
    return -float(chances[torch.arange(len(numbers)), torch.from_numpy(numbers).long()].mean()) / math.log(2)


@pytest.fixture
def network(tiny: Callable[..., LanguageSettings]) -> Any:
    torch.manual_seed(0)
    network = build(tiny(), 9).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(2)  # far from even chances
    return network


@pytest.fixture
def numbers() -> Any:
    return np.random.default_rng(0).integers(1, 9, 3000).astype(np.int32)


@pytest.mark.parametrize("at_once", [1, 7, 300, 10**6])
def test_in_chunks_with_its_state_carried_on_it_is_one_pass(
    at_once: int, network: Any, numbers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = numbers[:300]
    monkeypatch.setattr(task, "_CHARACTERS_AT_ONCE", at_once)
    score = evaluate(network, numbers)
    assert score.bits == pytest.approx(by_hand(network, numbers), rel=1e-6)
    assert (score.characters, score.unknown) == (300, 0)


def test_without_its_state_it_would_be_another(network: Any, numbers: Any) -> None:
    parts = [by_hand(network, part) for part in np.split(numbers, 30)]
    assert abs(sum(parts) / 30 - evaluate(network, numbers).bits) > 1e-3


@pytest.mark.parametrize("streams", [2, 7, 32])
def test_side_by_side_every_character_counts_once_and_nearly_the_same(streams: int, network: Any, numbers: Any) -> None:
    score = evaluate(network, numbers, streams)
    assert score.characters == 3000
    assert score.bits == pytest.approx(evaluate(network, numbers).bits, rel=1e-5)


def test_few_characters_in_many_streams(network: Any, numbers: Any) -> None:
    for count in (1, 2, 5):
        assert evaluate(network, numbers[:count], 4).characters == count
        assert evaluate(network, numbers[:count], 4).bits == pytest.approx(by_hand(network, numbers[:count]), rel=1e-5)
    assert side_by_side(numbers[:10]) == 1
    assert side_by_side(numbers) == 2
    assert side_by_side(np.zeros(10**6, dtype=np.int32)) == 32


class Knowing(nn.Module):
    """Says the number after the last one's, of ten, and is as sure as it is told to be."""

    def __init__(self, sure: float) -> None:
        super().__init__()
        self.head = nn.Linear(1, 10)
        self.sure = sure

    def forward(self, read: Any, state: Any = None) -> Any:
        return nn.functional.one_hot((read + 1) % 10, 10) * self.sure, state


def test_bits_and_accuracy() -> None:
    numbers = (np.arange(1, 51) % 10).astype(np.int32)
    right = math.log2(1 + 9 * math.exp(-4.0))
    score = evaluate(Knowing(4.0), numbers)
    assert (score.accuracy, score.characters, score.unknown) == (1.0, 50, 5)
    assert score.bits == pytest.approx(right, rel=1e-5)
    numbers[20] = 7
    score = evaluate(Knowing(4.0), numbers)
    assert score.accuracy == pytest.approx(48 / 50)
    assert score.bits == pytest.approx(right + 2 * 4.0 / math.log(2) / 50, rel=1e-5)


def test_the_gradient_stops_at_the_border_of_a_chunk_and_the_state_does_not(
    network: Any, numbers: Any, tiny: Callable[..., LanguageSettings]
) -> None:
    streams = Streams(numbers, 4, 16)
    seen: list[Any] = []

    def spied(net: nn.Module, chunk: Any, state: Any) -> Any:
        value, after = loss(net, chunk, state)
        weights = {name: p.detach().clone() for name, p in net.named_parameters()}
        seen.append((chunk, state, after, weights, value.item()))
        return value, after

    settings = TrainingSettings(steps=3, learning_rate=0.01, clip_norm=None)
    history = train(network, streams.chunk, spied, settings=settings, carry=True, device="cpu")
    assert seen[0][1] is None
    for before, now in pairwise(seen):
        for carried, handed in zip(before[2][0], now[1][0], strict=True):
            assert torch.equal(carried, handed)
            assert carried.requires_grad
            assert not handed.requires_grad

    # The third step's gradient is that with the state as a constant, not that through all three chunks.
    chunk, state, _, weights, value = seen[2]
    again = build(tiny(), 9)
    again.load_state_dict(weights)
    alone = loss(again, chunk, state)[0]
    assert alone.item() == pytest.approx(value, rel=1e-5)
    norm = gradient_norm(again, alone)
    assert norm == pytest.approx(float(history.gradient_norms[2]), rel=1e-4)
    through: Any = None
    for number in range(3):
        last, through = loss(again, streams.chunk(number), through)
    assert gradient_norm(again, last) != pytest.approx(norm, rel=1e-3)


def gradient_norm(network: nn.Module, value: Any) -> float:
    gradients = torch.autograd.grad(value, [*network.parameters()])
    return float(torch.cat([g.flatten() for g in gradients]).norm())


def counted(length: int) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    return np.arange(1, length + 1, dtype=np.int32)


def test_each_stream_goes_on_where_it_was() -> None:
    streams = Streams(counted(100), 3, 7)
    assert (streams.count, streams.length) == (3, 7)
    before = streams.chunk(0)
    assert before["read"].dtype == before["due"].dtype == torch.int64
    assert before["read"][:, 0].tolist() == [NONE, 33, 67]
    for number in range(1, 60):
        chunk = streams.chunk(number)
        assert torch.equal(chunk["read"][:, 0], before["due"][:, -1])
        assert torch.equal(chunk["read"][:, 1:], chunk["due"][:, :-1])
        # The text is a ring: 0 stands between its end and its beginning.
        assert torch.equal((chunk["read"] + 1) % 101, chunk["due"])
        before = chunk


def test_every_character_is_read_equally_often() -> None:
    streams = Streams(counted(100), 3, 7)
    read = Counter(n for k in range(101) for n in streams.chunk(k)["due"].flatten().tolist())
    assert set(read) == set(range(101))
    assert set(read.values()) == {21}


@pytest.mark.parametrize(
    ("length", "streams", "chunk", "due"),
    [(2, 64, 128, (1, 3)), (40, 64, 8, (5, 8)), (127, 64, 128, (1, 128)), (40, 2, 8, (2, 8))],
)
def test_a_short_text_has_fewer_streams_and_shorter_chunks(
    length: int, streams: int, chunk: int, due: tuple[int, int]
) -> None:
    found = Streams(counted(length), streams, chunk)
    assert (found.count, found.length) == due
    assert found.chunk(5)["read"].shape == due


def test_a_chunk_is_a_function_of_its_number() -> None:
    one, two = (Streams(counted(50), 4, 5) for _ in range(2))
    for _ in range(9):
        one.chunk(3)
    assert torch.equal(one.chunk(9)["due"], two.chunk(9)["due"])
    assert one.chunk(10**12)["due"].max() <= 50

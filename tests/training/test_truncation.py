from __future__ import annotations

from collections import namedtuple
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from foretell.errors import SettingsError
from foretell.training.truncation import chunks, detach, flatten, unflatten


@given(st.integers(1, 20), st.integers(1, 25))
def test_chunks_put_together_are_the_whole(steps: int, length: int) -> None:
    x, y = torch.arange(2 * steps).view(2, steps), torch.arange(6 * steps).view(2, steps, 3)
    pieces = chunks({"x": x, "y": y, "static": torch.ones(2, 5)}, length, whole=["static"])
    assert all(p["x"].shape[1] <= length and p["static"].shape == (2, 5) for p in pieces)
    assert torch.equal(torch.cat([p["x"] for p in pieces], 1), x)
    assert torch.equal(torch.cat([p["y"] for p in pieces], 1), y)
    assert torch.equal(torch.cat(chunks(x, length), 1), x)
    assert all(isinstance(p, tuple) for p in chunks((x, y), length))


@pytest.mark.parametrize("batch", [(torch.ones(2, 5), torch.ones(2, 6)), (torch.ones(2, 5), torch.ones(2)), "text"])
def test_what_cannot_be_cut_is_refused(batch) -> None:
    with pytest.raises(SettingsError):
        chunks(batch, 2)


def test_state_is_detached_and_packed_whatever_its_shape() -> None:
    pair = namedtuple("pair", "h c")
    leaf = torch.ones(2, requires_grad=True) * 2
    state: Any = {"a": (leaf, [leaf + 1, None]), "b": pair(leaf, leaf)}
    free: Any = detach(state)
    assert isinstance(free["b"], pair)
    assert not free["a"][0].requires_grad
    shape, tensors = flatten(free)
    back: Any = unflatten(shape, tensors)
    assert back["a"][1][1] is None
    assert torch.equal(back["a"][1][0], leaf + 1)
    assert torch.equal(back["b"][1], leaf)
    assert unflatten(*flatten(None)) is None
    with pytest.raises(SettingsError):
        detach("text")  # type: ignore[arg-type]


def _rnn():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        return nn.RNN(2, 4, batch_first=True)


def test_each_chunk_updates_by_its_own_gradient_and_the_state_goes_on(task) -> None:
    batch = torch.randn(3, 10, 2, generator=torch.Generator().manual_seed(3))
    network, by_hand = _rnn(), _rnn()
    history = task.train(
        network,
        batches=lambda _: batch,
        loss=lambda net, x, s: (lambda y, s: (y.square().mean(), s))(*net(x, s)),
        steps=6,
        truncate=4,
        schedule="constant",
        learning_rate=0.1,
        optimiser="adam",
        clip_norm=None,
    )
    optimiser, losses, norms = torch.optim.Adam(by_hand.parameters(), lr=0.1), [], []
    for _ in range(2):
        state = None
        for start in (0, 4, 8):
            y, state = by_hand(batch[:, start : start + 4], state)
            state = state.detach()
            loss = y.square().mean()
            optimiser.zero_grad()
            loss.backward()
            losses.append(loss.item())
            norms.append(torch.nn.utils.get_total_norm([p.grad for p in by_hand.parameters()]).item())
            optimiser.step()
    torch.testing.assert_close(torch.tensor(history.losses), torch.tensor(losses).double(), rtol=1e-5, atol=0)
    torch.testing.assert_close(torch.tensor(history.gradient_norms), torch.tensor(norms).double(), rtol=1e-5, atol=0)
    for ours, theirs in zip(network.parameters(), by_hand.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)


def _observed(task, *, carry, settings, batch):
    outputs = []

    def loss(network, x, state):
        y, state = network(x, state)
        outputs.append(y.detach())
        return (y.square().mean() * 0).sum() + 0 * y.sum(), state

    network = _rnn()
    task.train(network, batches=batch, loss=loss, options={"carry": carry}, **settings)
    return network, outputs


def test_carried_state_gives_the_values_of_the_full_pass(task) -> None:
    whole = torch.randn(3, 12, 2, generator=torch.Generator().manual_seed(3))
    full = _rnn()(whole)[0]
    _, outputs = _observed(task, carry=False, settings={"steps": 3, "truncate": 4}, batch=lambda _: whole)
    torch.testing.assert_close(torch.cat(outputs, 1), full)
    # Across batches: batch n is the n-th stretch of the series, itself a list of two chunks.
    parts = [[whole[:, 6 * n : 6 * n + 3], whole[:, 6 * n + 3 : 6 * n + 6]] for n in range(2)]
    _, outputs = _observed(task, carry=True, settings={"steps": 4}, batch=lambda n: parts[n])
    torch.testing.assert_close(torch.cat(outputs, 1), full)
    _, outputs = _observed(task, carry=False, settings={"steps": 4}, batch=lambda n: parts[n])
    torch.testing.assert_close(torch.cat(outputs[:2], 1), full[:, :6])
    assert not torch.allclose(outputs[2], full[:, 6:9])


def test_a_batch_cuts_itself_where_it_can(task) -> None:
    class Batch:
        def chunks(self, length):
            return [torch.ones(1, length, 2)] * 2

    _, outputs = _observed(task, carry=False, settings={"steps": 4, "truncate": 5}, batch=lambda _: Batch())
    assert [y.shape[1] for y in outputs] == [5] * 4

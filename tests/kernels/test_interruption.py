"""Signals during a long scan: their handlers run while it does, and what they raise ends it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import torch

from foretell import nn
from foretell.kernels import interruption, native

pytestmark = [
    pytest.mark.skipif(native.library() is None, reason="the compiled kernels are missing or turned off"),
    pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers that send signals"),
]


class StopError(Exception):
    pass


def stop(*_: Any) -> None:
    raise StopError


@pytest.fixture
def raising() -> Iterator[None]:
    """A handler that raises for the timer's signal."""

    old = signal.signal(signal.SIGALRM, stop)
    yield
    signal.signal(signal.SIGALRM, old)


@pytest.fixture
def alarm(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A signal soon after the next compiled call has begun."""

    def address(address: Any = interruption.address) -> int | None:
        signal.setitimer(signal.ITIMER_REAL, 0.02)
        found: int | None = address()
        return found

    monkeypatch.setattr(interruption, "address", address)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)


@pytest.fixture
def ended_early(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What compiled calls returned."""
    found: list[int] = []

    def check(self: Any, failure: int, scan: Any, check: Any = native.Library.check) -> None:
        found.append(failure)
        check(self, failure, scan)

    monkeypatch.setattr(native.Library, "check", check)
    return found


@pytest.mark.usefixtures("raising", "alarm")
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("cell", [nn.LSTM, nn.GRU])
def test_what_a_handler_raises_ends_the_scan(cell: Any, threads: int, ended_early: list[int]) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        layer, x = cell(16, 256), torch.randn(40000, 2, 16)
        for _ in range(2):  # the second time as well
            with pytest.raises(StopError), torch.no_grad():
                layer(x)
            assert ended_early.pop() == interruption.FAILURE
    finally:
        torch.set_num_threads(before)


@pytest.mark.usefixtures("raising", "alarm")
def test_backward_ends_as_well(ended_early: list[int]) -> None:
    layer, x = nn.LSTM(16, 256), torch.randn(16000, 2, 16)
    signal.signal(signal.SIGALRM, signal.SIG_IGN)
    outputs = layer(x)[0]
    signal.signal(signal.SIGALRM, stop)
    with pytest.raises(StopError):
        torch.autograd.backward(outputs, torch.ones_like(outputs))
    assert ended_early.pop() == interruption.FAILURE


@pytest.mark.usefixtures("alarm")
def test_handlers_that_raise_nothing_run_meanwhile(ended_early: list[int]) -> None:
    seen: list[int] = []
    old = signal.signal(signal.SIGALRM, lambda *_: seen.append(len(ended_early)))
    try:
        with torch.no_grad():
            nn.LSTM(16, 256)(torch.randn(25000, 2, 16))
    finally:
        signal.signal(signal.SIGALRM, old)
    assert seen == [0]  # before the call came back


def test_other_threads_are_not_asked() -> None:
    found: list[int | None] = []
    thread = threading.Thread(target=lambda: found.append(interruption.address()))
    thread.start()
    thread.join()
    assert found == [None]
    assert interruption.address() is not None

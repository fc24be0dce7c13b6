from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from foretell.training.interruption import Interruption

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals")


@pytest.fixture(autouse=True)
def _ctrl_c_works() -> Iterator[None]:
    """What a shell starts in the background ignores Ctrl-C, and would hand that on to the tests."""
    former = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, former)


def test_a_signal_waits_until_it_is_delivered() -> None:
    former = signal.getsignal(signal.SIGINT)
    with Interruption(active=True) as interruption:
        signal.raise_signal(signal.SIGINT)
        assert interruption.pending == signal.SIGINT
        assert not interruption.torn
        with pytest.raises(KeyboardInterrupt):
            interruption.deliver()
    assert signal.getsignal(signal.SIGINT) is former


def test_a_second_signal_acts_at_once() -> None:
    with Interruption(active=True) as interruption:
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        assert interruption.torn


def test_a_handler_that_goes_on_still_ends_the_run() -> None:
    seen = []
    former = signal.signal(signal.SIGTERM, lambda number, _: seen.append(number))
    try:
        with Interruption(active=True) as interruption:
            signal.raise_signal(signal.SIGTERM)
            assert not seen
            with pytest.raises(SystemExit) as end:
                interruption.deliver()
    finally:
        signal.signal(signal.SIGTERM, former)
    assert seen == [signal.SIGTERM]
    assert end.value.code == 128 + signal.SIGTERM


def test_ignored_signals_stay_ignored_and_inactive_changes_nothing() -> None:
    former = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with Interruption(active=True):
            assert signal.getsignal(signal.SIGTERM) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGTERM, former)
    with Interruption(active=False):
        assert signal.getsignal(signal.SIGTERM) == former

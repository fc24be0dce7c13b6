"""Signals that end a command: each unwinds it, so that what it was about to write leaves nothing behind."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))


class Terminated(KeyboardInterrupt):
    """One of the signals came; whatever takes note of Ctrl-C takes note of it too."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


@contextmanager
def unwinding() -> Iterator[None]:
    """Within the block those signals raise `Terminated`, unless they are ignored or handled by somebody else.

    Outside the main thread nothing changes.
    """
    former = {}
    if threading.current_thread() is threading.main_thread():
        for number in _SIGNALS:
            if signal.getsignal(number) is signal.SIG_DFL:
                former[number] = signal.signal(number, _raise)
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def _raise(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
    raise Terminated(number)


def status_of(stop: KeyboardInterrupt) -> int:
    """The exit status for it: as shells give it, 128 and the signal's number."""
    return 128 + (stop.number if isinstance(stop, Terminated) else signal.SIGINT)


def name_of(stop: KeyboardInterrupt) -> str:
    """What happened, in a word."""
    return "terminated" if isinstance(stop, Terminated) else "interrupted"

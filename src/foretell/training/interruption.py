"""Ctrl-C, SIGTERM and SIGHUP in training: held back until a step is complete, so that a checkpoint can be written."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any


class Interruption:
    """Within the block a first signal is only noted; `deliver` acts on it. A second Ctrl-C acts at once.

    Where `active` is false, outside the main thread, and for signals that are ignored, nothing changes.
    """

    SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))

    def __init__(self, *, active: bool) -> None:
        self._active = active and threading.current_thread() is threading.main_thread()
        self._former: dict[signal.Signals, Any] = {}
        self.pending: signal.Signals | None = None
        self.torn = False
        """Whether a second signal cut in in the middle of a step, whose state then must not be saved."""

    def __enter__(self) -> Interruption:
        if self._active:
            for number in self.SIGNALS:
                # None: a handler that was not installed from Python and could not be put back.
                if signal.getsignal(number) not in (signal.SIG_IGN, None):
                    self._former[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._put_back()

    def deliver(self) -> None:
        """Act on the signal that came: as if it came now, to the handlers of before. Never returns."""
        number = self.pending
        assert number is not None
        self._put_back()
        signal.raise_signal(number)
        # The former handler took note and returned, yet training must end.
        raise SystemExit(128 + number)

    def _note(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        if self.pending is not None:
            self.torn = True
            self.deliver()
        self.pending = signal.Signals(number)

    def _put_back(self) -> None:
        while self._former:
            number, handler = self._former.popitem()
            signal.signal(number, handler)

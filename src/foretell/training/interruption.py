"""Ctrl-C, SIGTERM and SIGHUP during training: deferred until a step is complete, so a checkpoint can be written."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any


class Interruption:
    """A context that defers the first signal until `deliver` is called; a second Ctrl-C takes effect immediately.

    Nothing changes if `active` is false, outside the main thread, or for signals that are ignored.
    """

    SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))

    def __init__(self, *, active: bool) -> None:
        self._active = active and threading.current_thread() is threading.main_thread()
        self._former: dict[signal.Signals, Any] = {}
        self.pending: signal.Signals | None = None
        self.torn = False
        """True if a second signal arrived in the middle of a step, whose state must then not be saved."""

    def __enter__(self) -> Interruption:
        if self._active:
            for number in self.SIGNALS:
                # None means a handler that was not installed from Python and could not be restored.
                if signal.getsignal(number) not in (signal.SIG_IGN, None):
                    self._former[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._put_back()

    def deliver(self) -> None:
        """Restore the previous handlers and raise the deferred signal again. Never returns."""
        number = self.pending
        assert number is not None
        self._put_back()
        signal.raise_signal(number)
        # The previous handler returned, but training must end.
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

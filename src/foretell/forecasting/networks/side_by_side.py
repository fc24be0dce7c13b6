"""Trainings at the same time, each in a thread of its own with a share of torch's threads.

Much of a training step does not divide among threads, so that two trainings with one thread each end earlier than one
after the other with two threads. Compiled code and torch's operators let other Python threads run meanwhile.

Where fewer trainings are left than lanes, idle lanes prepare batches for those. They take no part in the steps: on more
threads a step would round its sums otherwise, from a moment on that the clock decides.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from functools import partial
from threading import Event, Lock
from typing import Any, TypeVar

import torch

from foretell.forecasting.settings import ForecastSettings
from foretell.training import Progress, processes
from foretell.training.device import device_named
from foretell.training.interruption import Interruption

T = TypeVar("T")
OnProgress = Callable[[str, Progress], None]

_GLANCE = 0.1
"""Seconds between looks at whether a signal has come."""


class _StoppedError(KeyboardInterrupt):
    """Ends a training after a step, as Ctrl-C does, because another one failed or a signal came."""


def lanes_for(count: int, settings: ForecastSettings, device: str) -> int:
    """Return how many of `count` trainings run at the same time: as many as there are threads, on the CPU.

    Dropout draws from torch's generator, of which there is one for all threads; then trainings run one by one.
    """
    if settings.dropout or processes.count() > 1 or device_named(device).type != "cpu":
        return 1
    return max(1, min(count, torch.get_num_threads()))


class SideBySide:
    """Runs trainings in some number of lanes; the threads of a training depend on that number alone."""

    def __init__(self, lanes: int = 1, on_progress: OnProgress | None = None, *, resumable: bool = False) -> None:
        """`on_progress` is called by one thread at a time. Signals wait until the checkpoints of all trainings are
        written if these are `resumable`."""
        self.lanes = lanes
        self._told = on_progress
        self._resumable = resumable
        self._telling = Lock()
        self._stopped = Event()
        self._threads = 1
        self._pool: ThreadPoolExecutor | None = None
        self._running: Sequence[Future[Any]] = ()

    def on_progress(self, stage: str, progress: Progress) -> None:
        """Receive the progress of each training after every step. Raises KeyboardInterrupt if it is to end."""
        if self._stopped.is_set():
            raise _StoppedError
        if self._told is not None:
            with self._telling:
                self._told(stage, progress)

    def run(self, trainings: Sequence[Callable[[], T]]) -> list[T]:
        """Run all trainings and return their results. After an exception of one, or a signal, the others end too."""
        if self.lanes == 1:
            return [training() for training in trainings]
        threads = torch.get_num_threads()
        self._threads = max(1, threads // self.lanes)
        with Interruption(active=self._resumable) as interruption:
            try:
                # Each training seeds torch's generator, and leaves it as it found it: not as the caller left it.
                with torch.random.fork_rng(devices=[]), ThreadPoolExecutor(self.lanes) as pool:
                    running = [pool.submit(self._on_its_share, training) for training in trainings]
                    self._pool, self._running = pool, running
                    try:
                        self._wait_for(running, interruption)
                    except BaseException:
                        self._stopped.set()
                        raise
            finally:
                self._pool = None
                torch.set_num_threads(threads)
            if interruption.pending is not None:
                interruption.deliver()
        failures = [failure for one in running if (failure := one.exception()) is not None]
        if failures:
            raise next((failure for failure in failures if not isinstance(failure, _StoppedError)), failures[0])
        return [one.result() for one in running]

    def prepared(self, batches: Callable[[int], T]) -> Callable[[int], T]:
        """Return the function `batches` of n = 0, 1, ..., whose next value an idle lane computes ahead if there is one.

        It must be a pure function, without torch's random numbers.
        """
        ahead: dict[int, Future[T]] = {}

        def batch(n: int) -> T:
            waiting = ahead.pop(n, None)
            ahead.clear()
            found = batches(n) if waiting is None else waiting.result()
            pool = self._pool
            if pool is not None and sum(not one.done() for one in self._running) < self.lanes:
                with suppress(RuntimeError):  # the pool is closed to new work where all are to end
                    ahead[n + 1] = pool.submit(self._on_its_share, partial(batches, n + 1))
            return found

        return batch

    def _on_its_share(self, work: Callable[[], T]) -> T:
        if self._stopped.is_set():
            raise _StoppedError
        torch.set_num_threads(self._threads)
        return work()

    def _wait_for(self, running: Sequence[Future[T]], interruption: Interruption) -> None:
        while True:
            done, left = wait(running, _GLANCE, FIRST_EXCEPTION)
            if interruption.pending is not None or any(one.exception() is not None for one in done):
                self._stopped.set()
            if not left:
                return

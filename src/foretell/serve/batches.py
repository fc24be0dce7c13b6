"""Batches: requests that wait together are answered together, by one thread."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from foretell.errors import ForetellError

T = TypeVar("T")
R = TypeVar("R")


@dataclass
class _Waiting(Generic[T, R]):
    key: Hashable
    item: T
    size: int
    answer: Callable[[Sequence[T]], Sequence[R | Exception]]
    future: Future[R] = field(default_factory=Future)


class Batches:
    """One thread that computes: whatever waits for the same key when it becomes free makes one batch.

    Nothing waits for others to arrive, so a single request is answered as soon as without batches.
    """

    def __init__(self, most: int, on_batch: Callable[[int], None] = lambda _: None) -> None:
        """`most`: size up to which requests share a batch. `on_batch` receives the number of requests of each."""
        self._most = most
        self._on_batch = on_batch
        self._queue: deque[_Waiting[Any, Any]] = deque()
        self._ready = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="forecasts", daemon=True)
        self._thread.start()

    def submit(
        self, key: Hashable, item: T, answer: Callable[[Sequence[T]], Sequence[R | Exception]], size: int = 1
    ) -> Future[R]:
        """Queue an item; `answer` is called with it and others of the same key, and returns the result of each.

        An exception among the results is raised for its item alone. A key of None is shared by nobody. The future, as
        long as it waits, can be cancelled.
        """
        waiting: _Waiting[T, R] = _Waiting(key, item, size, answer)
        with self._ready:
            if self._closed:
                raise RuntimeError("the batches are closed")
            self._queue.append(waiting)
            self._ready.notify()
        return waiting.future

    def close(self) -> None:
        """Answer what is queued, then end the thread."""
        with self._ready:
            self._closed = True
            self._ready.notify()
        self._thread.join()

    def _run(self) -> None:
        while batch := self._next():
            started = [waiting for waiting in batch if waiting.future.set_running_or_notify_cancel()]
            if started:
                self._on_batch(len(started))
                _answer(started)

    def _next(self) -> list[_Waiting[Any, Any]]:
        with self._ready:
            while not self._queue and not self._closed:
                self._ready.wait()
            if not self._queue:
                return []
            first = self._queue.popleft()
            batch, size, others = [first], first.size, []
            if first.key is not None:
                for waiting in self._queue:
                    if waiting.key == first.key and size + waiting.size <= self._most:
                        batch.append(waiting)
                        size += waiting.size
                    else:
                        others.append(waiting)
                self._queue = deque(others)
            return batch


def _answer(batch: Sequence[_Waiting[Any, Any]]) -> None:
    try:
        results = batch[0].answer([waiting.item for waiting in batch])
    except Exception as error:
        if len(batch) > 1 and isinstance(error, ForetellError):
            # One of them is to blame; the others are to be answered.
            for waiting in batch:
                _answer([waiting])
            return
        for waiting in batch:
            waiting.future.set_exception(error)
        return
    for waiting, result in zip(batch, results, strict=True):
        if isinstance(result, Exception):
            waiting.future.set_exception(result)
        else:
            waiting.future.set_result(result)

"""Several processes that serve the same address, watched by the one that started them."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from time import monotonic
from types import FrameType
from typing import Any

from foretell.errors import ForetellError, ModelError
from foretell.serve.settings import ServiceSettings

_SPAWN = multiprocessing.get_context("spawn")
_TOO_SOON = 10.0
"""Seconds within which the end of a process says that it cannot work at all."""
_REFUSED = 2


def run_workers(
    settings: ServiceSettings, listener: socket.socket, count: int, metrics: Path, on_ready: Callable[[str], None]
) -> None:
    """Serve in `count` processes; one that ends unexpectedly is replaced. Raises ModelError if they cannot start."""
    from foretell.serve.metrics import MULTIPROCESS
    from foretell.serve.server import url_of

    metrics.mkdir()
    os.environ[MULTIPROCESS] = str(metrics)
    ready = _SPAWN.Event()
    running: dict[Any, tuple[SpawnProcess, float]] = {}

    def start() -> None:
        process = _SPAWN.Process(target=_work, args=(settings, listener, count, ready), name="foretell worker")
        process.start()
        running[process.sentinel] = process, monotonic()

    told, failed = False, False
    with _stop_asked() as stop:
        for _ in range(count):
            start()
        while not stop and not failed:
            for sentinel in wait(list(running), timeout=0.2):
                process, began = running.pop(sentinel)
                if monotonic() - began < _TOO_SOON and process.exitcode:
                    failed = True
                else:
                    print(f"A worker ended with status {process.exitcode}; another takes its place.", file=sys.stderr)
                    start()
            if ready.is_set() and not told:
                told = True
                on_ready(url_of(listener))
        listener.close()  # nobody is to wait for a process that accepts no more
        for process, _ in running.values():
            process.terminate()
        for process, _ in running.values():
            process.join()
    if failed:
        raise ModelError("the service cannot start: a worker has ended; what it said stands above")


def _work(settings: ServiceSettings, listener: socket.socket, count: int, ready: Any) -> None:
    """The program of a worker."""
    import torch

    from foretell.serve.server import run_here

    torch.set_num_threads(max(1, (os.cpu_count() or 1) // count))
    try:
        run_here(settings, listener, lambda _: ready.set())
    except ForetellError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(_REFUSED)


@contextmanager
def _stop_asked() -> Iterator[list[int]]:
    """A list that receives the numbers of the signals that ask the service to stop."""
    asked: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        asked.append(number)

    former = {number: signal.signal(number, note) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield asked
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)

"""What runs tasks in several workers, and replaces those that are killed: processes of this machine, or Ray."""

from __future__ import annotations

import multiprocessing
import os
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any

from foretell import optional
from foretell.errors import SettingsError, TrainingError

Task = tuple[Any, ...]
Run = Callable[[Callable[..., int], Sequence[Task]], Iterator[int]]
"""Calls a function with the arguments of each task, and yields the results as they come."""
_SECONDS = 5.0
_ATTEMPTS = 4
"""Times that a task is tried, if its worker is killed; of processes, times in a row that none is finished."""
_ONE_THREAD = {"POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1"}
"""Read by a worker's libraries when they are imported."""


@contextmanager
def started(engine: str, workers: int, address: str | None) -> Iterator[Run]:
    """Start an engine for the block.

    Raises SettingsError for a cluster that is not there, MissingExtraError without Ray.
    """
    if engine == "process":
        if address is not None:
            raise SettingsError("--address names a cluster of Ray: add --engine ray")
        yield lambda call, tasks: _by_processes(call, tasks, workers)
        return
    ray = optional.load("ray", "scores on many machines", "ray")
    if address is not None:
        _require_answer(address)
    try:
        given = {"address": address} if address else {"num_cpus": workers}
        with _environment(_ONE_THREAD):  # of workers on this machine; those of a cluster have their own
            ray.init(**given, include_dashboard=False, log_to_driver=False, logging_level="error")
    except (ConnectionError, RuntimeError, ValueError, TimeoutError) as error:
        raise SettingsError(f"no cluster of Ray answers at {address or 'this machine'}: {_line(error)}") from error
    try:
        yield lambda call, tasks: _by_ray(ray, call, tasks)
    finally:
        ray.shutdown()


def _require_answer(address: str) -> None:
    """Raise SettingsError unless something listens at host:port, for which Ray itself would wait for minutes."""
    host, _, port = address.rpartition("://")[2].rpartition(":")
    if not port.isdigit():
        return  # such as "auto"
    try:
        socket.create_connection((host, int(port)), timeout=_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise SettingsError(f"no cluster of Ray answers at {address}: {_line(error)}") from error


def _by_processes(call: Callable[..., int], tasks: Sequence[Task], workers: int) -> Iterator[int]:
    left = list(range(len(tasks)))
    context = multiprocessing.get_context("spawn")
    failures = 0
    while left and failures < _ATTEMPTS:
        done: set[int] = set()
        try:
            with (
                _environment(_ONE_THREAD),
                ProcessPoolExecutor(workers, mp_context=context, initializer=_alone) as pool,
            ):
                futures = {pool.submit(call, *tasks[number]): number for number in left}
                for future in as_completed(futures):
                    found = future.result()
                    done.add(futures[future])
                    yield found
        except BrokenProcessPool:
            pass
        left = [number for number in left if number not in done]
        failures = 0 if done else failures + 1
    if left:
        raise TrainingError(
            f"workers were killed {_ATTEMPTS} times in a row, with {len(left)} partitions to go: if memory ran out, "
            "use fewer workers or more partitions"
        )


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables for the processes that are started within the block."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _alone() -> None:
    """Compute with one thread, since the workers share the cores."""
    import torch

    torch.set_num_threads(1)


def _by_ray(ray: Any, call: Callable[..., int], tasks: Sequence[Task]) -> Iterator[int]:
    def alone(*task: Any) -> int:
        _alone()
        return call(*task)

    remote = ray.remote(max_retries=_ATTEMPTS - 1, num_cpus=1)(alone)
    waiting = [remote.remote(*task) for task in tasks]
    while waiting:
        ready, waiting = ray.wait(waiting)
        for one in ready:
            try:
                yield ray.get(one)
            except ray.exceptions.RayTaskError as error:
                raise error.cause from error
            except ray.exceptions.RayError as error:
                raise TrainingError(f"Ray gave a partition up: {_line(error)}") from error


def _line(error: BaseException) -> str:
    return next(iter(str(error).splitlines()), "") or type(error).__name__

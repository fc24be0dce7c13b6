"""Trials: another process reads a binary file first, since damage can make polars end the process that reads it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from threading import Event, Lock, Timer
from typing import Any

import polars as pl

from foretell.errors import TableError

_TRIAL = "import sys; sys.path[:] = sys.argv[1:]; from foretell.tables.trial import trials; trials()"
# Seconds that the other process may take: some, and one for so many bytes. A damaged file can make it hang.
_PATIENCE, _BYTES_PER_SECOND = 120, 1 << 20

_LARGE = 1 << 23
"""Bytes of a file above which its process is not kept, since it may hold on to much memory."""

Decode = Callable[[bytes], pl.DataFrame]


def read_tried(data: bytes, where: str, kind: str, decode: Decode) -> pl.DataFrame:
    """The table that `decode`, a function of a module, finds in the bytes of a file, once another process has read it.

    `where` names the file in errors, and `kind` its format. Raises `TableError` for a file that is damaged or empty.
    """
    reason = _complaint(data, kind, decode)
    if reason is None:
        try:
            return _decoded(data, decode)
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, TableError) as error:
            reason = _first_line(error, kind)
    raise TableError(f"{where}: {reason}")


@contextmanager
def process_kept() -> Iterator[None]:
    """Within the block, the process that has read a sound file is kept for the next one, as starting one takes longer
    than reading most files."""
    _Kept.blocks += 1
    try:
        yield
    finally:
        _Kept.blocks -= 1
        if not _Kept.blocks and (process := _Kept.take()) is not None:
            process.end()


def trials() -> None:
    """Read the files that come on standard input, and answer each by a line: null, or the reason why it cannot be read.

    This ends with the first that cannot be read, since polars may be left in any state.
    """
    for line in sys.stdin.buffer:
        module, name, kind, size = json.loads(line)
        reason = None
        try:
            _decoded(sys.stdin.buffer.read(size), getattr(import_module(module), name))
        except BaseException as error:
            reason = _first_line(error, kind)
        print(json.dumps(reason), flush=True)
        if reason is not None:
            return


def damaged(kind: str, reason: str) -> str:
    """What is said of a damaged file."""
    return f"the {kind} file is damaged or cut short ({reason}); fetch it again"


class _Process:
    """A process of `trials`."""

    def __init__(self) -> None:
        """Raise OSError where no process can be started."""
        # In a group of its own: Ctrl-C is for the process that waits for the answer.
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-c", _TRIAL, *sys.path],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, process_group=0,
        )  # fmt: skip
        self.used = False

    def answer(self, data: bytes, kind: str, decode: Any, seconds: float) -> str | None:
        """The reason why it cannot read a file, or None. Raises EOFError where it ended instead, TimeoutError where it
        took too long and was ended."""
        self.used = True
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        late = Event()

        def stop() -> None:
            late.set()
            self._process.kill()

        clock = Timer(seconds, stop)
        clock.start()
        try:
            with suppress(BrokenPipeError):
                stdin.write(json.dumps([decode.__module__, decode.__name__, kind, len(data)]).encode() + b"\n" + data)
                stdin.flush()
            line = stdout.readline()
        except BaseException:
            self._process.kill()
            raise
        finally:
            clock.cancel()
        if not line:
            raise TimeoutError if late.is_set() else EOFError
        answer: str | None = json.loads(line)
        return answer

    def end(self) -> int:
        """End it, if it has not ended; return its exit status."""
        with suppress(BrokenPipeError):
            self._process.communicate()
        return self._process.wait()


class _Kept:
    """The process that waits for the next file, while a block of `process_kept` lasts."""

    blocks = 0
    _waiting: _Process | None = None
    _lock = Lock()

    @classmethod
    def take(cls) -> _Process | None:
        with cls._lock:
            process, cls._waiting = cls._waiting, None
        return process

    @classmethod
    def give(cls, process: _Process) -> None:
        with cls._lock:
            if cls.blocks and cls._waiting is None:
                cls._waiting = process
                return
        process.end()

    @classmethod
    def forget(cls) -> None:
        """After a fork the process is that of the parent."""
        cls._waiting, cls._lock = None, Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_Kept.forget)


def _decoded(data: bytes, decode: Decode) -> pl.DataFrame:
    table = decode(data)
    if table.is_empty():
        raise TableError("it holds no rows of values")
    return table


def _complaint(data: bytes, kind: str, decode: Any) -> str | None:
    """Why another process cannot read the file; None where it can, or where no process can be started."""
    try:
        process = _Kept.take() or _Process()
    except OSError:
        return None
    seconds, used = _PATIENCE + len(data) / _BYTES_PER_SECOND, process.used
    try:
        reason = process.answer(data, kind, decode, seconds)
    except TimeoutError:
        process.end()
        return damaged(kind, f"its reader had not ended after {seconds:.0f} seconds")
    except EOFError:
        status = process.end()
        if used:  # it may have ended of something else
            return _complaint(data, kind, decode)
        return damaged(kind, "its reader broke down on it") if status < 0 else None
    if reason is None and len(data) <= _LARGE:
        _Kept.give(process)
    else:
        process.end()
    return reason


def _first_line(error: BaseException, kind: str) -> str:
    line = next(iter(str(error).splitlines()), type(error).__name__)
    return line if isinstance(error, TableError) else damaged(kind, line)

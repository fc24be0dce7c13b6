"""Trials: another process reads a binary file first, since damage can make polars end the process that reads it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

import polars as pl

from foretell.errors import TableError

_TRIAL = "import sys; sys.path[:] = sys.argv[2:]; from foretell.tables.trial import trial; trial(sys.argv[1])"
_REFUSED = 3
# Seconds that the other process may take: some, and one for so many bytes. A damaged file can make it hang.
_PATIENCE, _BYTES_PER_SECOND = 120, 1 << 20

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


def trial(place: str) -> None:
    """Read the file on standard input by the function at `module:name:kind` and exit: with `_REFUSED`, the reason on
    standard output, where it cannot be."""
    module, name, kind = place.split(":")
    try:
        _decoded(sys.stdin.buffer.read(), getattr(import_module(module), name))
    except BaseException as error:
        print(_first_line(error, kind))
        sys.exit(_REFUSED)


def damaged(kind: str, reason: str) -> str:
    """What is said of a damaged file."""
    return f"the {kind} file is damaged or cut short ({reason}); fetch it again"


def _decoded(data: bytes, decode: Decode) -> pl.DataFrame:
    table = decode(data)
    if table.is_empty():
        raise TableError("it holds no rows of values")
    return table


def _complaint(data: bytes, kind: str, decode: Any) -> str | None:
    """Why another process cannot read the file; None where it can, or where no process can be started."""
    place = f"{decode.__module__}:{decode.__name__}:{kind}"
    try:
        ended = subprocess.run(
            [sys.executable, "-I", "-c", _TRIAL, place, *sys.path],
            input=data, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False,
            timeout=_PATIENCE + len(data) / _BYTES_PER_SECOND,
        )  # fmt: skip
    except OSError:
        return None
    except subprocess.TimeoutExpired as error:
        return damaged(kind, f"its reader had not ended after {error.timeout:.0f} seconds")
    if ended.returncode == _REFUSED:
        return ended.stdout.decode(errors="replace").strip() or damaged(kind, "no reason was given")
    return damaged(kind, "its reader broke down on it") if ended.returncode < 0 else None


def _first_line(error: BaseException, kind: str) -> str:
    line = next(iter(str(error).splitlines()), type(error).__name__)
    return line if isinstance(error, TableError) else damaged(kind, line)

"""Parquet files, read where a damaged one can do no harm."""

from __future__ import annotations

import io
import subprocess
import sys

import polars as pl

from foretell.errors import TableError

_TRIAL = "import sys; sys.path[:] = sys.argv[1:]; from foretell.tables.parquet import trial; trial()"
_REFUSED = 3
_MAGIC = b"PAR1"
# Seconds that the other process may take: some, and one for so many bytes. A damaged file can make it hang.
_PATIENCE, _BYTES_PER_SECOND = 120, 1 << 20
# Cells of 8 bytes that a file may hold, whatever its size; and how many times its own size where that is more.
_ROOM, _DENSEST = 1 << 30, 1_000


def read_parquet(data: bytes, where: str) -> pl.DataFrame:
    """The table in a Parquet file's bytes; `where` names the file in errors.

    Another process reads it first: damage can make polars ask for memory that no machine has, which ends the process.
    Raises `TableError` for a file that is damaged, empty, or far larger than it looks.
    """
    reason = _complaint(data)
    if reason is None:
        try:
            return _decoded(data)
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, TableError) as error:
            reason = _first_line(error)
    raise TableError(f"{where}: {reason}")


def trial() -> None:
    """Read the file on standard input and exit: with `_REFUSED`, the reason on standard output, where it cannot be."""
    try:
        _decoded(sys.stdin.buffer.read())
    except BaseException as error:
        print(_first_line(error))
        sys.exit(_REFUSED)


def _decoded(data: bytes) -> pl.DataFrame:
    cells = _cells(data)
    if 8 * cells > max(_ROOM, _DENSEST * len(data)):
        raise TableError(
            f"its {len(data):,} bytes unpack to {cells:,} cells, more than {_DENSEST:,} times its size; split the table"
        )
    table = pl.read_parquet(io.BytesIO(data))
    if table.is_empty():
        raise TableError("it holds no rows of values")
    return table


def _cells(data: bytes) -> int:
    lazy = pl.scan_parquet(io.BytesIO(data))
    return int(lazy.select(pl.len()).collect().item()) * len(lazy.collect_schema())


def _complaint(data: bytes) -> str | None:
    """Why another process cannot read the file; None where it can, or where no process can be started."""
    if data[-4:] != _MAGIC or not 0 < int.from_bytes(data[-8:-4], "little") <= len(data) - 12:
        return _damaged("it has no footer")
    try:
        ended = subprocess.run(
            [sys.executable, "-I", "-c", _TRIAL, *sys.path],
            input=data, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False,
            timeout=_PATIENCE + len(data) / _BYTES_PER_SECOND,
        )  # fmt: skip
    except OSError:
        return None
    except subprocess.TimeoutExpired as error:
        return _damaged(f"its reader had not ended after {error.timeout:.0f} seconds")
    if ended.returncode == _REFUSED:
        return ended.stdout.decode(errors="replace").strip() or _damaged("no reason was given")
    return _damaged("its reader broke down on it") if ended.returncode < 0 else None


def _damaged(reason: str) -> str:
    return f"the Parquet file is damaged or cut short ({reason}); fetch it again"


def _first_line(error: BaseException) -> str:
    line = next(iter(str(error).splitlines()), type(error).__name__)
    return line if isinstance(error, TableError) else _damaged(line)

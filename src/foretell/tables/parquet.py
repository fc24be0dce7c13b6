"""Parquet files, read where a damaged one can do no harm."""

from __future__ import annotations

import io

import polars as pl

from foretell.errors import TableError
from foretell.tables.trial import damaged, read_tried

_KIND = "Parquet"
_MAGIC = b"PAR1"
# Cells of 8 bytes that a file may hold, whatever its size; and how many times its own size where that is more.
_ROOM, _DENSEST = 1 << 30, 1_000


def read_parquet(data: bytes, where: str) -> pl.DataFrame:
    """The table in a Parquet file's bytes; `where` names the file in errors.

    Raises `TableError` for a file that is damaged, empty, or far larger than it looks.
    """
    if data[-4:] != _MAGIC or not 0 < int.from_bytes(data[-8:-4], "little") <= len(data) - 12:
        raise TableError(f"{where}: {damaged(_KIND, 'it has no footer')}")
    return read_tried(data, where, _KIND, decoded)


def decoded(data: bytes) -> pl.DataFrame:
    """The table in a sound file. Raises `TableError` for one of far more cells than its size suggests."""
    cells = _cells(data)
    if 8 * cells > max(_ROOM, _DENSEST * len(data)):
        raise TableError(
            f"its {len(data):,} bytes unpack to {cells:,} cells, more than {_DENSEST:,} times its size; split the table"
        )
    return pl.read_parquet(io.BytesIO(data))


def _cells(data: bytes) -> int:
    lazy = pl.scan_parquet(io.BytesIO(data))
    return int(lazy.select(pl.len()).collect().item()) * len(lazy.collect_schema())

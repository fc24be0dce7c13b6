"""Arrow files, Feather among them, and streams, read where a damaged one can do no harm."""

from __future__ import annotations

import io

import polars as pl

from foretell.tables.trial import read_tried

FILE = b"ARROW1"
"""How a file begins."""
STREAM = b"\xff\xff\xff\xff"
"""How a stream begins: its first message, of a length that follows."""


def read_arrow(data: bytes, where: str) -> pl.DataFrame:
    """The table in the bytes of an Arrow file or stream; `where` names it in errors.

    Raises `TableError` for one that is damaged or empty.
    """
    return read_tried(data, where, "Arrow", decoded)


def decoded(data: bytes) -> pl.DataFrame:
    """The table in a sound file or stream."""
    source = io.BytesIO(data)
    return pl.read_ipc(source) if data.startswith(FILE) else pl.read_ipc_stream(source)

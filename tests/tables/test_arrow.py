"""Arrow: files and streams become tables, and no damaged one takes the process along."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.feather
import pytest

from foretell.errors import TableError
from foretell.tables.files import parse_table, read_table

TABLE = pl.DataFrame({"id": ["a", "b"], "ds": [date(2024, 1, 1)] * 2, "y": [1.5, None]})


def written(*, stream: bool, compression: Any = "uncompressed") -> bytes:
    buffer = io.BytesIO()
    write: Any = TABLE.write_ipc_stream if stream else TABLE.write_ipc
    write(buffer, compression=compression)
    return buffer.getvalue()


@pytest.mark.parametrize("stream", [True, False])
def test_files_and_streams(stream: bool) -> None:
    assert parse_table(written(stream=stream, compression="lz4" if stream else "zstd"), "t").equals(TABLE)


def test_feather_as_pyarrow_writes_it(tmp_path: Path) -> None:
    pa.feather.write_feather(TABLE.to_arrow(), tmp_path / "t.feather")
    assert read_table(tmp_path / "t.feather").equals(TABLE)


@pytest.mark.parametrize("stream", [True, False])
def test_damaged_ones(stream: bool) -> None:
    for damage in (written(stream=stream)[:-100], written(stream=stream)[:20]):
        with pytest.raises(
            TableError, match=r"^t: (the Arrow file is damaged or cut short \(.+\); fetch it again|it hol)"
        ):
            parse_table(damage, "t")

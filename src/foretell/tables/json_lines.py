"""Tables as JSON lines: one object per line, with a value for each column."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

import polars as pl

from foretell.errors import TableError
from foretell.tables.json_records import parse_json, records_table


def lines_table(data: bytes, where: str) -> pl.DataFrame:
    """Return the table of UTF-8 JSON lines, or of one JSON list of objects; blank lines do not count.

    Raises TableError, naming the line or the record and the column, for anything that is not a value of a table.
    """
    if data.lstrip()[:1] == b"[":
        return records_table(parse_json(data, where), where)
    rows = [
        parse_json(line, f"{where}, line {number:,},")
        for number, line in enumerate(data.splitlines(), 1)
        if line.strip()
    ]
    return records_table(rows, where)


def as_lines(df: pl.DataFrame) -> bytes:
    """Return JSON lines; times are in ISO 8601, and what is missing is null."""
    lines = (json.dumps(row, default=_plain, ensure_ascii=False) for row in df.fill_nan(None).iter_rows(named=True))
    return "".join(f"{line}\n" for line in lines).encode()


def _plain(value: Any) -> str:
    if isinstance(value, date | datetime):
        return value.isoformat()
    raise TableError(f"a {type(value).__name__} has no form in JSON")

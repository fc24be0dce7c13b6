"""Tables in JSON: a list of records, one object per row, with a value for each column."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from foretell.errors import TableError

_LARGEST = 2**63
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def parse_json(data: bytes, where: str) -> Any:
    """Return the value that a JSON text holds; `where` names it in errors. NaN, which JSON lacks, stands for null.

    Raises TableError for text that is not JSON, for half a surrogate pair, and for values nested too deeply.
    """
    try:
        value = json.loads(data.decode("utf-8-sig"), parse_constant=_constant)
        if _SURROGATE.search(data):
            json.dumps(value, ensure_ascii=False).encode()
        return value
    except UnicodeEncodeError as error:
        half = error.object[error.start]
        raise TableError(
            f"{where} holds \\u{ord(half):04x}, which is half of a character; write both halves"
        ) from error
    except UnicodeDecodeError as error:
        raise TableError(f"{where} is not UTF-8 text (byte 0x{data[error.start]:02x} at {error.start:,})") from error
    except json.JSONDecodeError as error:
        raise TableError(
            f"{where} is not valid JSON: {error.msg} (line {error.lineno:,}, column {error.colno:,})"
        ) from error
    except (ValueError, RecursionError) as error:
        deep = isinstance(error, RecursionError)
        raise TableError(f"{where} {'is nested too deeply' if deep else f'is not valid JSON: {error}'}") from error


def records_table(rows: Any, where: str) -> pl.DataFrame:
    """Return the table of a list of objects; a column that some of them lack is null there.

    A column of numbers, or of true and false, becomes one; any other holds text as it is written. Raises TableError,
    naming the record (counted from 1) and the column, for anything that is not a value of a table.
    """
    if not isinstance(rows, list):
        raise TableError(f'{where} holds {_kind(rows)}, not a list of records such as [{{"ds": "2024-01-01", "y": 1}}]')
    columns = _columns_alike(rows) or _columns(rows, where)
    if not columns:
        raise TableError(f"{where} holds no records with values")
    return pl.DataFrame([_column(name, cells) for name, cells in columns.items()])


def _columns_alike(rows: list[Any]) -> dict[str, Sequence[Any]] | None:
    """Return the cells by column of records that all have the same columns; None for others, and for what is none."""
    if not rows or set(map(type, rows)) != {dict}:
        return None
    names = tuple(rows[0])
    if any(tuple(row) != names for row in rows):
        return None
    columns = dict(zip(names, zip(*(row.values() for row in rows), strict=True), strict=True))
    return None if any({dict, list} & set(map(type, cells)) for cells in columns.values()) else columns


def _columns(rows: list[Any], where: str) -> dict[str, Sequence[Any]]:
    """Return the cells by column of any records, None where a record lacks one."""
    columns: dict[str, list[Any]] = {}
    for at, row in enumerate(rows):
        if not isinstance(row, Mapping):
            raise TableError(f"{where}: record {at + 1:,} is {_kind(row)}, not an object of columns and values")
        for name, value in row.items():
            if isinstance(value, dict | list):
                raise TableError(
                    f"{where}: record {at + 1:,} holds {_kind(value)} in column {name!r}; give a number, a text, true, "
                    "false or null"
                )
            cells = columns.setdefault(name, [])
            cells.extend([None] * (at - len(cells)))
            cells.append(value)
    return {name: cells + [None] * (len(rows) - len(cells)) for name, cells in columns.items()}


def _column(name: str, cells: Sequence[Any]) -> pl.Series:
    kinds = set(map(type, cells)) - {type(None)}
    if kinds <= {bool}:
        return pl.Series(name, cells, dtype=pl.Boolean)
    if kinds == {str}:
        return pl.Series(name, cells, dtype=pl.String)
    if kinds == {float}:
        return pl.Series(name, cells, dtype=pl.Float64)
    if kinds == {int} and all(cell is None or -_LARGEST <= cell < _LARGEST for cell in cells):
        return pl.Series(name, cells, dtype=pl.Int64)
    if kinds <= {int, float}:
        return pl.Series(name, [None if cell is None else _float(cell) for cell in cells], dtype=pl.Float64)
    return pl.Series(name, [_text(cell) for cell in cells], dtype=pl.String)


def _float(number: float) -> float:
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def _text(cell: Any) -> str | None:
    return cell if cell is None or isinstance(cell, str) else json.dumps(cell)


def _constant(name: str) -> float | None:
    return None if name == "NaN" else float(name)


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")

"""Excel workbooks (.xlsx): the table on the first sheet with cells."""

from __future__ import annotations

import csv
import io
import math
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

import polars as pl

from foretell import optional
from foretell.errors import SettingsError, TableError

MAGIC = b"PK\x03\x04"
_ROOM, _DENSEST = 1 << 30, 200
"""Bytes that a workbook may unpack to, whatever its size; and how many times its own size where that is more."""
_MOST_ROWS = 1_048_576
_SHEET = "xl/workbook.xml"


def sheet_as_csv(data: bytes, where: str) -> bytes:
    """Return the first sheet with cells as CSV text, dates in ISO 8601, so that it is read as any other text.

    `where` names the file in errors. Raises TableError for what is no workbook, is damaged, or unpacks without end,
    MissingExtraError without openpyxl.
    """
    openpyxl = optional.load("openpyxl", "reads Excel workbooks", "excel")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
            if _SHEET not in names:
                raise TableError(
                    f"{where} is a zip archive, not an Excel workbook; unpack it, and give the table in it"
                )
            size = sum(member.file_size for member in archive.infolist())
        if size > max(_ROOM, _DENSEST * len(data)):
            raise TableError(f"{where}: its {len(data):,} bytes unpack to {size:,}; save the sheet as CSV")
        workbook = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        text = io.StringIO(newline="")
        writer = csv.writer(text)
        for sheet in workbook.worksheets:
            rows = list(_rows(sheet))
            if rows:
                width = max(map(len, rows))
                writer.writerows([*row, *[""] * (width - len(row))] for row in rows)
                return text.getvalue().encode()
    except TableError:
        raise
    except Exception as error:  # openpyxl has none of its own for a damaged workbook
        reason = next(iter(str(error).splitlines()), "") or type(error).__name__
        raise TableError(f"{where}: the Excel workbook is damaged ({reason}); save it again, or as CSV") from error
    raise TableError(f"{where} is an Excel workbook without a cell; it needs a header row and rows of values")


def as_workbook(df: pl.DataFrame) -> bytes:
    """Return a workbook of one sheet; text stays text, even where it begins as a formula does.

    Times with a zone become text, since Excel has none. Raises SettingsError for more rows than a sheet has,
    MissingExtraError without openpyxl.
    """
    openpyxl = optional.load("openpyxl", "writes Excel workbooks", "excel")
    if len(df) >= _MOST_ROWS:
        raise SettingsError(f"an Excel sheet holds {_MOST_ROWS - 1:,} rows, but there are {len(df):,}: write .csv")
    cell_of = openpyxl.cell.WriteOnlyCell
    workbook = openpyxl.Workbook(write_only=True)
    sheet = workbook.create_sheet("forecast")

    def cell(value: Any) -> Any:
        if isinstance(value, float) and not math.isfinite(value):
            return None
        if isinstance(value, datetime) and value.tzinfo is not None:
            value = value.isoformat(sep=" ")
        if not isinstance(value, str):
            return value
        made = cell_of(sheet, value=value)
        made.data_type = "s"
        return made

    sheet.append([cell(name) for name in df.columns])
    for row in df.iter_rows():
        sheet.append([cell(value) for value in row])
    file = io.BytesIO()
    workbook.save(file)
    return file.getvalue()


def _rows(sheet: Any) -> Iterator[list[str]]:
    """Yield the rows that have a cell, without the empty columns at their ends."""
    for row in sheet.iter_rows(values_only=True):
        cells = [_text(value) for value in row]
        while cells and not cells[-1]:
            cells.pop()
        if cells:
            yield cells


def _text(value: Any) -> str:
    if value is None or (isinstance(value, str) and value.startswith("#") and value.rstrip("!?/A0").isupper()):
        return ""  # the error of a formula, such as #N/A, is no value
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(sep=" ")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value.total_seconds())
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)

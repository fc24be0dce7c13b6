"""Excel workbooks, read as any other text of a table and written without formulas."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from foretell.errors import TableError
from foretell.tables import excel
from foretell.tables.files import parse_table, read_table, write_table

openpyxl = pytest.importorskip("openpyxl")


def workbook(*sheets: list[list[Any]]) -> bytes:
    book = openpyxl.Workbook(write_only=True)
    for rows in sheets:
        sheet = book.create_sheet()
        for row in rows:
            sheet.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def test_cells_of_every_kind_on_the_first_sheet_with_cells() -> None:
    rows: list[list[Any]] = [
        [],
        ["shop", "day", "sold", "open", "note"],
        ["001", datetime(2024, 1, 1), 5, True, None],
        ["002", datetime(2024, 1, 2, 6, 30), 2.5, False, "#N/A", None],
    ]
    table = parse_table(workbook([], rows, [["other"], [1]]), "t.xlsx", as_written=lambda *_: ["shop"])
    assert table.to_dict(as_series=False) == {
        "shop": ["001", "002"],
        "day": ["2024-01-01", "2024-01-02 06:30:00"],
        "sold": [5, 2.5],
        "open": ["true", "false"],
        "note": [None, None],
    }


def test_text_stays_text_when_it_is_written(tmp_path: Path) -> None:
    table = pl.DataFrame(
        {
            "id": ["=1+1", "a"],
            "ds": [date(2024, 1, 1), None],
            "at": [datetime(2024, 1, 1, 5), None],
            "y": [0.5, float("inf")],
        }
    )
    write_table(table, tmp_path / "t.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "t.xlsx").active
    assert [[cell.data_type for cell in row] for row in sheet.iter_rows(min_row=2, max_row=2)] == [["s", "d", "d", "n"]]
    assert read_table(tmp_path / "t.xlsx")["id"].to_list() == ["=1+1", "a"]
    assert read_table(tmp_path / "t.xlsx")["y"].to_list() == [0.5, None]


def test_what_is_no_workbook(monkeypatch: pytest.MonkeyPatch) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("sales.csv", "a\n1\n")
    with pytest.raises(TableError, match=r"t\.zip is a zip archive, not an Excel workbook; unpack it"):
        parse_table(file.getvalue(), "t.zip")
    with pytest.raises(TableError, match="Excel workbook without a cell"):
        parse_table(workbook([]), "t.xlsx")
    monkeypatch.setattr(excel, "_ROOM", 100)
    monkeypatch.setattr(excel, "_DENSEST", 1)
    with pytest.raises(TableError, match=r"t\.xlsx: its [0-9,]+ bytes unpack to [0-9,]+; save the sheet as CSV"):
        parse_table(workbook([["a"], *[[1]] * 2000]), "t.xlsx")

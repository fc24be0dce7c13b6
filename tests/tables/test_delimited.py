"""Delimited text: separators and headers, types, and rows that do not fit."""

from __future__ import annotations

import polars as pl
import pytest

from foretell.errors import TableError
from foretell.tables.delimited import parse_delimited


def parsed(text: str) -> dict[str, list[object]]:
    return parse_delimited(text.encode(), "file.csv").to_dict(as_series=False)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_separators_are_found(separator: str, end: str) -> None:
    lines = [("ds", "y"), ("2024-01-01", "1"), ("2024-01-02", "2.5")]
    text = end.join(separator.join(cells) for cells in lines)
    assert parsed(text) == {"ds": ["2024-01-01", "2024-01-02"], "y": [1.0, 2.5]}


def test_a_separator_or_a_line_end_in_quotes_is_part_of_the_cell() -> None:
    assert parsed('id,y\n"a,\nb",1\nc,2\n') == {"id": ["a,\nb", "c"], "y": [1, 2]}


def test_types() -> None:
    table = parse_delimited(b"code,whole,real,word,none\n007,1,1.5,NA,\n008,,2,x,\n", "file.csv")
    assert table.schema == {
        "code": pl.String, "whole": pl.Int64, "real": pl.Float64, "word": pl.String, "none": pl.String,
    }  # fmt: skip
    assert table["whole"].to_list() == [1, None]
    assert table["word"].to_list() == ["NA", "x"]


def test_a_decimal_comma_that_one_column_settles_holds_for_the_others() -> None:
    assert parsed("a;b\n1,5;1,234\n2,25;5,678\n") == {"a": [1.5, 2.25], "b": [1.234, 5.678]}


def test_row_numbers_and_trailing_separators_are_no_columns() -> None:
    assert parsed(",ds,y\n0,a,1\n1,b,2\n") == {"ds": ["a", "b"], "y": [1, 2]}
    assert parsed("ds,y\na,1,\nb,2,\n") == {"ds": ["a", "b"], "y": [1, 2]}
    assert parsed("ds,y\n1,a,1\n2,b,2\n") == {"ds": ["a", "b"], "y": [1, 2]}
    assert parsed(",y\nmon,1\ntue,2\n") == {"index": ["mon", "tue"], "y": [1, 2]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "file.csv is empty"),
        (" \n\n", "file.csv is empty"),
        ("ds,y\n", "a header and no rows"),
        ("ds,y\na,1\nb,2,3\n", "row 3 has 3 fields where the header has 2"),
        ("ds,y,y\na,1,2\n", r"'y' is named twice \(columns 2 and 3\)"),
        ("1.5,2.5\n3,4\n", r"its first row holds values \(1.5"),
        ("2020-01-01,5\n2020-01-02,6\n", r"its first row holds values \(2020-01-01"),
        ('ds,y\n"a,1\nb,2\n', "near row 2 is opened and never closed"),
    ],
)
def test_what_is_refused(text: str, message: str) -> None:
    with pytest.raises(TableError, match=message):
        parsed(text)


def test_untyped_cells_stay_as_they_are_written() -> None:
    table = parse_delimited(b"text,label\n007,1.0\n12,0\n", "t.csv", typed=False)
    assert table.rows() == [("007", "1.0"), ("12", "0")]

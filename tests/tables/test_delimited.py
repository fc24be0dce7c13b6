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
        ("5.1,3.5,0.2,setosa\n4.9,3.0,0.2,setosa\n", r"its first row holds values \(5.1"),
        ("1.5,2.5\n3,4\n", r"its first row holds values \(1.5"),
        ("2020-01-01,5\n2020-01-02,6\n", r"its first row holds values \(2020-01-01"),
        ('ds,y\n"6\'2 tall and 5" wide,bad\nx,1\n', "row 2: a cell that begins with a quotation mark .* goes on after"),
        (r'ds,y|a,1|"say \"hi\" to",2|'.replace("|", "\n"), "row 3: a quotation mark is written .* .after a backslash"),
        ('ds,y\n"a",1\nthe "b, c" d,2\n', "row 3: a quotation mark begins within a cell"),
        ('Title\n\nds,y\n"a",1\n"b"c,2\n', r"row 3 \(the header is row 1\): a cell that begins"),
        ("Title\n\nds,y\na,1\nb,2,3\n", r"row 3 \(the header is row 1\) has 3 fields"),
        ("sep=:\na:b\n1:2\n", "its first line says that ':' separates the fields"),
        ('ds,y\n"a,1\nb,2\n', "row 2: a quotation mark .* is opened and never closed"),
    ],
)
def test_what_is_refused(text: str, message: str) -> None:
    with pytest.raises(TableError, match=message):
        parsed(text)


def test_untyped_cells_stay_as_they_are_written() -> None:
    table = parse_delimited(b"text,label\n007,1.0\n12,0\n", "t.csv", typed=False)
    assert table.rows() == [("007", "1.0"), ("12", "0")]


DAYS = {"ds": ["2024-01-01", "2024-01-02", "2024-01-03"], "y": [1, 2, 3]}
ROWS = "2024-01-01,1\n2024-01-02,2\n2024-01-03,3\n"


@pytest.mark.parametrize(
    "above",
    [
        "sep=,\nds,y\n",
        '"sep=,"\nds,y\n',
        "# station 5\n# unit: m, cm\nds,y\n",
        "# ds,y\n",
        "# station\n# ds,y\n",
        "Sales report\n\nds,y\n",
        "Sales report,\n,\nds,y\n",
        "Sales; by region, of 2024, in EUR\nds,y\n",
        "Station,5\nUnit,m\nds,y\n",
        "\n,\nds,y\n",
    ],
)
def test_what_stands_above_the_header(above: str) -> None:
    assert parsed(above + ROWS) == DAYS


@pytest.mark.parametrize("units", ["yyyy-mm-dd,m\n", ",kg\n", "TS,RN\n,Smp\n", "date,y\nday,unit\nISO,EUR\n"])
def test_rows_of_units_count_as_blank(units: str) -> None:
    blank = units.count("\n")
    assert parsed("ds,y\n" + units + ROWS) == {name: [None] * blank + cells for name, cells in DAYS.items()}  # type: ignore[operator]


def test_words_in_the_first_row_are_no_units_where_nothing_else_says_so() -> None:
    assert parsed("id,y\nfoo,NA\nbar,1\nbaz,2\n") == {"id": ["foo", "bar", "baz"], "y": [None, 1, 2]}
    assert parsed("id,kind\nred,car\nblue,boat\n") == {"id": ["red", "blue"], "kind": ["car", "boat"]}
    assert parsed("ds,y\n2024-01-01,shut\n2024-01-02,5\n")["y"] == ["shut", "5"]
    table = parse_delimited(b"text,stars\nfine,many\nbad,1\ngood,5\n", "t.csv", typed=False)
    assert table["stars"].to_list() == ["many", "1", "5"]


def test_comments_among_the_rows_count_as_blank() -> None:
    assert parsed("ds,y\na,1\n# gap\nb,2\n# end") == {"ds": ["a", None, "b"], "y": [1, None, 2]}
    assert parsed("# x\nds,y\na,1\n# p, q, r\nb,2\n")["y"] == [1, None, 2]
    assert parsed("#,y\n1,5\n2,6\n")["y"] == [5, 6]
    tags = parse_delimited(b"text,label\nfine,a\n#nice,b\n", "t.csv", typed=False)
    assert tags["text"].to_list() == ["fine", "#nice"]


def test_quotation_marks_that_enclose_no_cell_are_letters() -> None:
    assert parsed('a,b\n5" pipe,x\n6" pipe,y\n') == {"a": ['5" pipe', '6" pipe'], "b": ["x", "y"]}
    assert parsed('a,b\nthe "best" one,"x"\n"",y\n') == {"a": ['the "best" one', None], "b": ["x", "y"]}


LONG = 60_000


@pytest.mark.parametrize(
    ("odd", "dtype", "value"),
    [
        ("5", pl.Int64, 5), (" 5", pl.Int64, 5), ("", pl.Int64, None), ("NA", pl.Float64, None),
        ("2.5", pl.Float64, 2.5), ("1e3", pl.Float64, 1000.0), ("007", pl.String, "007"), ("-007", pl.String, "-007"),
        ("shut", pl.String, "shut"), ("5 kg", pl.String, "5 kg"), ('"7"', pl.Int64, 7), ('"07"', pl.String, "07"),
        ("$5", pl.Float64, 5.0),
    ],
)  # fmt: skip
def test_a_cell_far_below_decides_as_one_at_the_top_would(odd: str, dtype: pl.DataType, value: object) -> None:
    lines = [f"2024-01-01 00:00:00,{i},x" for i in range(LONG)]
    lines[-2] = f"2024-01-01 00:00:00,{odd},x"
    table = parse_delimited(("ds,y,z\n" + "\n".join(lines)).encode(), "t.csv")
    assert (table.height, table["y"].dtype, table["y"][-2]) == (LONG, dtype, value)
    short = parse_delimited(("ds,y,z\n" + "\n".join(lines[-5:])).encode(), "t.csv")
    assert (short["y"].dtype, short["y"][-2]) == (dtype, value)


def test_a_decimal_comma_far_below() -> None:
    text = "a;b\n" + "1.234;5\n" * 200_000 + "1.234;5,5\n"
    assert parse_delimited(text.encode(), "t.csv")[-1].row(0) == (1234.0, 5.5)


def test_a_wide_table_is_read_as_a_narrow_one_is() -> None:
    cells = ["1", "2.5", "", "NA", "007", "x", " 3", "4"]
    names = [f"c{i}" for i in range(2_100)]
    rows = [[cells[(i + r * (i % 3)) % len(cells)] for i in range(len(names))] for r in range(3)]
    rows[1][77] = "$5"
    wide = parse_delimited("\n".join(",".join(row) for row in [names, *rows]).encode(), "t.csv")
    narrow = parse_delimited("\n".join(",".join(row[:100]) for row in [names, *rows]).encode(), "t.csv")
    assert wide[:, :100].equals(narrow)
    assert wide[:, :100].schema == narrow.schema
    assert wide[:, 96:].schema == {f"c{i + 96}": dtype for i, dtype in enumerate(wide[:, : 2_100 - 96].dtypes)}


def test_a_wide_table_of_decimal_commas() -> None:
    names = [f"c{i}" for i in range(2_100)]
    text = "\n".join(";".join(row) for row in [names, ["1,5"] * 2_099 + ["1.234"], ["2,5"] * 2_100])
    table = parse_delimited(text.encode(), "t.csv")
    assert (table["c0"].to_list(), table["c2099"].to_list()) == ([1.5, 2.5], [1234.0, 2.5])

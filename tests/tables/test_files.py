"""Files: whatever is in them becomes a table or a clear error."""

from __future__ import annotations

import gzip
import io
import sys
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from foretell.errors import SettingsError, TableError
from foretell.tables.files import read_table, write_table


def read(folder: Path, data: bytes | str, encoding: str | None = None) -> dict[str, list[object]]:
    path = folder / "table.csv"
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return read_table(path, encoding).to_dict(as_series=False)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_separators_and_line_ends(tmp_path: Path, separator: str, end: str) -> None:
    text = end.join(
        separator.join(row) for row in (["ds", "a b", "y#"], ["2001-01-01", "x", "1"], ["2001-01-02", "", "2"])
    )
    expected = {"ds": ["2001-01-01", "2001-01-02"], "a b": ["x", None], "y#": [1, 2]}
    assert read(tmp_path, text) == expected
    assert read(tmp_path, text + end + end) == expected


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_byte_order_marks(tmp_path: Path, encoding: str) -> None:
    assert read(tmp_path, "café,y\nü,1\n".encode(encoding)) == {"café": ["ü"], "y": [1]}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a;b\n1;1,5\n2;2,25\n", {"a": [1, 2], "b": [1.5, 2.25]}),
        ("a;b\n1;1.234,5\n2;-2\n", {"a": [1, 2], "b": [1234.5, -2.0]}),
        ('a,b\n1,"1,234"\n2,"1,234,567.5"\n', {"a": [1, 2], "b": [1234.0, 1234567.5]}),
        ("a,b\n001,1\n002,NA\n", {"a": ["001", "002"], "b": [1.0, None]}),
        ("a,b\n1,x\n2,NA\n", {"a": [1, 2], "b": ["x", "NA"]}),
        (",y\n0,5\n1,6\n", {"y": [5, 6]}),
        (",y\n2001-01-01,5\n", {"index": ["2001-01-01"], "y": [5]}),
        ("a,b\n1,2,\n3,4,\n", {"a": [1, 3], "b": [2, 4]}),
        ("a,b\nr,1,2\ns,3,4\n", {"index": ["r", "s"], "a": [1, 3], "b": [2, 4]}),
        ("a,b\n1,2\n\n3,4\n", {"a": [1, None, 3], "b": [2, None, 4]}),
        ('a,b\n"x,""y""",2\n"two\nlines",3\n', {"a": ['x,"y"', "two\nlines"], "b": [2, 3]}),
        ("y\n1e300\n1e-300\n", {"y": [1e300, 1e-300]}),
        ("0,1\n5.5,6\n", {"0": [5.5], "1": [6]}),
    ],
)
def test_contents(tmp_path: Path, text: str, expected: dict[str, list[object]]) -> None:
    assert read(tmp_path, text) == expected


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty"),
        (b"\n \n", "is empty|names no columns"),
        (b"a,b\n", "header and no rows"),
        (b"a,b\n,\n", "header and no rows"),
        (b"a,b\n1,2\n3\n", r"row 3 has 1 fields? where the header has 2"),
        (b"a,b\n1,2\n3,4\n5,6,7\n", r"row 4 has 3 fields?"),
        (b"a,b,a\n1,2,3\n", r"'a' is named twice \(columns 1 and 3\)"),
        (b'a,b\n1,2\n"3,4\n', "row 3: a quotation mark .* is opened and never closed"),
        (b"2001,5.5\n2002,6\n", "add a header row"),
        (b"a,b\n1,2\ncaf\xe9\x81,3\n", r"row 3 is not UTF-8 text \(byte 0xe9\).*--encoding or encoding="),
        (b"a,b\n1,2\ncaf\xe9\x02,3\n", r"row 3 is not UTF-8 text \(byte 0xe9\).*--encoding or encoding="),
        (b"a,b\n1,\x00\n", "row 2 holds zero bytes"),
        ("a,b\n1,2\n".encode("utf-16-le"), "row 1 holds zero bytes.*if it is UTF-16"),
        (b'{"a": 1}\n{"a": 2', r"line 2, is not valid JSON: .*"),
        (b'{"a": 1}\n{"a": [2]}', "record 2 holds a list in column 'a'"),
        (b'[{"a": ' + b"[" * 10_000, "is nested too deeply"),
        (b"ARROW1abc", "Arrow file is damaged or cut short"),
        (b"FEA1abc", "Feather file of version 1; write it again"),
        (b"<!DOCTYPE html>\n<p>404</p>", "is a web page; export the table as CSV"),
        (b"\x1f\x8b\x08abc", "damaged or cut short"),
        (b"PAR1abc", "damaged or cut short"),
        (b"PK\x03\x04rest", "the Excel workbook is damaged .*; save it again, or as CSV"),
        (b"\xd0\xcf\x11\xe0rest", "an old Excel workbook; save the sheet as CSV"),
    ],
)
def test_what_is_refused(tmp_path: Path, data: bytes, message: str) -> None:
    with pytest.raises(TableError, match=message):
        read(tmp_path, data)


def test_text_of_windows_is_read_and_said(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match=r"is not UTF-8 text: it was read as cp1252, .* row 2 holds 'Köln'"):
        assert read(tmp_path, "city;€\nKöln;1\n".replace("€", "y").encode("cp1252")) == {"city": ["Köln"], "y": [1]}
    with pytest.warns(UserWarning, match="row 1 holds '€'"):
        assert read(tmp_path, "city;€\nKöln;1\n".encode("cp1252")) == {"city": ["Köln"], "€": [1]}


def test_encodings_by_name(tmp_path: Path) -> None:
    assert read(tmp_path, "é\n1\n".encode("cp1252"), "cp1252") == {"é": [1]}
    with pytest.raises(SettingsError, match="'klingon' is not known"):
        read(tmp_path, b"a\n1\n", "klingon")


def test_missing_file_names_the_near_ones(tmp_path: Path) -> None:
    (tmp_path / "sales.csv").write_text("a\n1\n")
    with pytest.raises(TableError, match=r"did you mean .*sales\.csv"):
        read_table(tmp_path / "sale.csv")
    with pytest.raises(TableError, match="no folder"):
        read_table(tmp_path / "no" / "sale.csv")
    with pytest.raises(TableError, match="is a folder"):
        read_table(tmp_path)


def test_a_small_gzip_file_that_unpacks_without_end(tmp_path: Path) -> None:
    text = b"y\n" + b"0\n" * (33 << 20)
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(text))
    with pytest.raises(TableError, match=r"t\.csv\.gz: these [0-9,]+ gzipped bytes unpack to more than 67,108,864"):
        read_table(path)
    path.write_bytes(gzip.compress(b"y\n1\n") + gzip.compress(b"2\n"))
    assert read_table(path)["y"].to_list() == [1, 2]


class Stdin:
    def __init__(self, data: bytes) -> None:
        self.buffer = io.BytesIO(data)


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    buffer = io.BytesIO()
    pl.DataFrame({"y": [1.5]}).write_parquet(buffer)
    for data in (b"y\n1.5\n", gzip.compress(b"y\n1.5\n"), buffer.getvalue()):
        monkeypatch.setattr(sys, "stdin", Stdin(data))
        assert read_table("-")["y"].to_list() == [1.5]


@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.csv.gz", "t.parquet", "t.arrow", "t.feather", "t.jsonl"])
def test_write_and_read_again(tmp_path: Path, name: str) -> None:
    table = pl.DataFrame({"unique_id": ["a, b", "c"], "y": [0.1, None]})
    write_table(table, tmp_path / name)
    assert read_table(tmp_path / name).equals(table)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_times_are_written_no_longer_than_need_be(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    hours = pl.DataFrame({"ds": [datetime(2001, 1, 1, 5), datetime(2001, 1, 2)]})
    write_table(hours, path)
    assert path.read_text() == "ds\n2001-01-01 05:00:00\n2001-01-02 00:00:00\n"
    write_table(hours.with_columns(pl.col("ds").dt.truncate("1d")), path)
    assert path.read_text() == "ds\n2001-01-01\n2001-01-02\n"
    write_table(hours.with_columns(pl.col("ds").dt.replace_time_zone("Europe/Berlin")), path)
    assert path.read_text() == "ds\n2001-01-01 05:00:00+01:00\n2001-01-02 00:00:00+01:00\n"


def test_where_nothing_can_be_written(tmp_path: Path) -> None:
    table = pl.DataFrame({"y": [1]})
    for name, message in (
        ("no/t.csv", "no folder"),
        ("t.doc", r"end its name in one of \.csv"),
        ("d.csv", "is a folder"),
    ):
        (tmp_path / "d.csv").mkdir(exist_ok=True)
        with pytest.raises(SettingsError, match=message):
            write_table(table, tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["d.csv"]


CSV_LIKE = st.text(st.sampled_from('ab1290.,;|\t\n\r" -:/#eé'), max_size=60).map(str.encode)


@pytest.mark.filterwarnings("ignore:.*is not UTF-8 text")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=300)
@given(st.binary(max_size=60) | CSV_LIKE | CSV_LIKE.map(lambda b: b"PAR1" + b) | CSV_LIKE.map(lambda b: b"a,b\n" + b))
def test_any_bytes_make_a_table_or_a_table_error(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "any.csv"
    path.write_bytes(data)
    try:
        table = read_table(path)
    except TableError:
        return
    assert table.height > 0
    assert table.width > 0


CELL = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=6)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(
        st.tuples(CELL, st.integers(-(2**62), 2**62), st.floats(allow_nan=False, allow_infinity=False)), min_size=1
    )
)
def test_cells_survive(tmp_path: Path, rows: list[tuple[str, int, float]]) -> None:
    table = pl.DataFrame(rows, schema={"s": pl.String, "i": pl.Int64, "f": pl.Float64}, orient="row")
    table = table.with_columns(s="x" + pl.col("s") + "x")
    path = tmp_path / "cells.csv"
    table.write_csv(path)
    again = read_table(path)
    assert again["s"].to_list() == table["s"].to_list()
    assert again["i"].to_list() == table["i"].to_list()
    assert again["f"].to_list() == table["f"].to_list()


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.csv.gz"])
def test_formulas_stand_as_they_are_or_are_quoted(tmp_path: Path, name: str) -> None:
    texts = ['=HYPERLINK("http://x")', "+1", "-x", "@sum", "plain", "a=b", None, "'=x"]
    table = pl.DataFrame({"=id": texts, "y": [-1.5] * 8, "n": [-2] * 8})
    write_table(table, tmp_path / name)
    assert read_table(tmp_path / name, typed=False)["=id"].to_list() == texts
    write_table(table, tmp_path / name, quote_formulas=True)
    again = read_table(tmp_path / name)
    assert again.columns == ["'=id", "y", "n"]
    assert again["'=id"].to_list() == ["'" + text if text and text[0] in "=+-@" else text for text in texts]
    assert again["y"].to_list() == [-1.5] * 8
    assert again["n"].to_list() == [-2] * 8


def test_parquet_knows_no_formulas(tmp_path: Path) -> None:
    table = pl.DataFrame({"id": ["=x"]})
    write_table(table, tmp_path / "a.parquet", quote_formulas=True)
    assert read_table(tmp_path / "a.parquet").equals(table)

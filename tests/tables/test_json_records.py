"""Tables in JSON: what becomes of their values, and what is refused."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from foretell.errors import TableError
from foretell.tables.json_records import parse_json, records_table


def test_columns_have_the_types_of_their_values() -> None:
    rows = [
        {"id": "007", "ds": "2024-01-01", "y": 1, "open": True, "code": 1},
        {"id": "008", "y": 2.5, "open": None, "code": "x", "late": 3},
    ]
    table = records_table(rows, "the body")
    assert table.schema == {
        "id": pl.String, "ds": pl.String, "y": pl.Float64, "open": pl.Boolean, "code": pl.String, "late": pl.Int64,
    }  # fmt: skip
    assert table["ds"].to_list() == ["2024-01-01", None]
    assert table["y"].to_list() == [1.0, 2.5]
    assert table["code"].to_list() == ["1", "x"]
    assert table["late"].to_list() == [None, 3]


@pytest.mark.parametrize("cells", [[1, 2], [1, 2.5], [1.5, None], ["a", None], ["a", 1], [True, None], [None, None]])
def test_records_with_their_columns_in_any_order_make_the_same_table(cells: list[Any]) -> None:
    alike = [{"ds": f"2024-01-0{i + 1}", "y": cell} for i, cell in enumerate(cells)]
    unlike = [alike[0], dict(reversed(alike[1].items()))]
    assert records_table(alike, "the body").equals(records_table(unlike, "the body"))
    assert records_table(alike, "the body").schema == records_table(unlike, "the body").schema


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b'[{"y": NaN}]', [{"y": None}]),
        (b'\xef\xbb\xbf[{"y": 1}]', [{"y": 1}]),
        (b"[1e400]", [float("inf")]),
        (b'"\\ud83d\\ude00"', "\N{GRINNING FACE}"),
    ],
)
def test_what_clients_write_is_read(text: bytes, value: Any) -> None:
    assert parse_json(text, "the body") == value


def test_a_number_beyond_floats_is_infinite() -> None:
    assert records_table([{"y": 10**400}], "the body")["y"].to_list() == [float("inf")]
    assert records_table([{"y": 2**63}], "the body")["y"].to_list() == [2.0**63]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"[" * 10_000 + b"]" * 10_000, "the body is nested too deeply"),
        (b'{"a":' * 10_000, "the body is nested too deeply"),
        (b'[{"y": 1}', "the body is not valid JSON: Expecting ',' delimiter (line 1, column 10)"),
        (b"\xff\xfe", "the body is not UTF-8 text (byte 0xff at 0)"),
        (b"", "the body is not valid JSON: Expecting value (line 1, column 1)"),
        (b'[{"y": "\\ud800"}]', "the body holds \\ud800, which is half of a character; write both halves"),
        (b'{"\\uDFFF": 1}', "the body holds \\udfff, which is half of a character"),
        (b"1" * 5000, "the body is not valid JSON: Exceeds the limit"),
    ],
)
def test_text_that_is_no_json_is_refused(text: bytes, said: str) -> None:
    with pytest.raises(TableError) as raised:
        parse_json(text, "the body")
    assert str(raised.value).startswith(said)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ({"y": 1}, "the body holds an object, not a list of records"),
        ([{"y": 1}, 2], "the body: record 2 is a number, not an object of columns and values"),
        ([{"y": 1}, {"y": [1]}], "the body: record 2 holds a list in column 'y'"),
        ([{"y": {"a": 1}}], "the body: record 1 holds an object in column 'y'"),
        ([], "the body holds no records with values"),
        ([{}], "the body holds no records with values"),
    ],
)
def test_what_is_no_table_is_refused_by_record(rows: Any, said: str) -> None:
    with pytest.raises(TableError) as raised:
        records_table(rows, "the body")
    assert str(raised.value).startswith(said)

"""Commands that read from a database and write the forecast back to it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import DAYS

QUERY = "SELECT day, sold FROM sales WHERE shop = 'a' ORDER BY day"


@pytest.fixture
def sales(tmp_path: Path) -> Path:
    path = tmp_path / "sales.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE sales (shop TEXT, day TEXT, sold REAL)")
        rows = [(shop, str(day), float(i % 7 + len(shop))) for i, day in enumerate(DAYS) for shop in "ab"]
        connection.executemany("INSERT INTO sales VALUES (?, ?, ?)", rows)
    connection.close()
    return path


def rows_of(path: Path, sql: str) -> list[Any]:
    connection = sqlite3.connect(path)
    found = connection.execute(sql).fetchall()
    connection.close()
    return found


def test_from_a_query_to_a_table_of_the_same_database(run: Callable[..., Any], sales: Path, tmp_path: Path) -> None:
    ask = ("--sql", QUERY, "--database", "sqlite:///sales.db", "-n", "3", "--preset", "instant", "--quiet")
    out = ("--out-table", "forecasts", "--output", "f.jsonl")
    for more, expected in (((), 3), ((), 6), (("--replace-rows",), 3)):
        done = run("forecast", *ask, *out, *more)
        assert (done.exit_code, done.output) == (0, "")
        assert len(rows_of(sales, "SELECT * FROM forecasts")) == expected
    days = rows_of(sales, 'SELECT ds, "pretrained" BETWEEN "pretrained-lo-80" AND "pretrained-hi-80" FROM forecasts')
    assert days == [("2020-05-30", 1), ("2020-05-31", 1), ("2020-06-01", 1)]
    assert len((tmp_path / "f.jsonl").read_text().splitlines()) == 3
    assert sorted(path.name for path in tmp_path.iterdir()) == ["f.jsonl", "sales.db"]

    before = rows_of(sales, "SELECT * FROM sales")
    done = run("forecast", *ask, "--out-table", "sales")
    assert done.exit_code == 2
    assert "table 'sales' of sqlite:///sales.db has other columns than the forecast: it lacks 'unique" in done.output
    assert "has 'shop', 'day', 'sold' besides" in done.output
    assert rows_of(sales, "SELECT * FROM sales") == before


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--sql", QUERY), "--sql needs the address of a database: add --database"),
        (("sales.csv", "--sql", QUERY, "--database", "sqlite:///sales.db"), "a table (sales.csv) and --sql were given"),
        (("--demo", "--sql", QUERY, "--database", "sqlite:///sales.db"), "--demo and --sql were given"),
        (("--demo", "--out-table", "f"), "--out-table needs the address of a database: add --database"),
        (("--demo", "--replace-rows"), "--replace-rows says what becomes of a table's rows: name it with --out-table"),
        (("--demo", "--out-table", "f", "--database", "oracle://x"), "oracle://x is no address of a database"),
        (("--sql", "SELECT 1", "--database", "sqlite:///no.db"), "there is no database no.db"),
        (("s3:///a.csv.zip", "--output", "f.doc"), "end its name in one of"),
    ],
)
def test_what_is_refused(
    run: Callable[..., Any], refused: Callable[..., None], tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    before = sorted(tmp_path.rglob("*"))
    refused(run("forecast", "-n", "3", "--preset", "instant", *options), tmp_path, before, said)

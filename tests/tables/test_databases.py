"""Tables of databases: SQLite and DuckDB, and PostgreSQL where it is installed."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from foretell.errors import SettingsError, TableError
from foretell.tables.databases import read_query, require_database, write_rows

ROWS = pl.DataFrame(
    {
        "unique_id": ["a", "b"],
        "ds": [date(2024, 1, 1), date(2024, 1, 2)],
        "auto": [0.5, None],
        "auto-lo-80": [-1.0, 2.0],
    }
)


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server that is started for the tests, reached by a socket in a folder of its own."""
    pytest.importorskip("adbc_driver_postgresql")
    binaries = [Path(shutil.which("pg_ctl") or "").parent, *sorted(Path("/usr/lib/postgresql").glob("*/bin"))]
    folder = next((b for b in binaries[::-1] if (b / "initdb").exists()), None)
    if folder is None:
        pytest.skip("PostgreSQL is not installed")
    user: Any = {}
    data = tmp_path_factory.mktemp("postgresql")
    if os.geteuid() == 0:  # which PostgreSQL refuses
        user = {"user": "postgres"}
        for place in (data, *data.parents):
            if place != Path("/tmp") and str(place).startswith("/tmp/"):
                place.chmod(0o755)
        shutil.chown(data, "postgres")

    def call(*command: str) -> None:
        subprocess.run([str(folder / command[0]), *command[1:]], check=True, capture_output=True, **user)

    try:
        call("initdb", "-D", str(data / "db"), "-A", "trust", "-U", "tester", "--no-sync")
    except (subprocess.CalledProcessError, OSError, LookupError) as error:
        pytest.skip(f"PostgreSQL cannot be started here: {error}")
    options = f"-k {data} -c listen_addresses='' -c fsync=off"
    subprocess.run(
        [str(folder / "pg_ctl"), "-D", str(data / "db"), "-o", options, "-w", "-l", str(data / "log"), "start"],
        check=True,
        stdout=subprocess.DEVNULL,
        **user,
    )
    yield f"postgresql://tester@/postgres?host={data}"
    stop = [str(folder / "pg_ctl"), "-D", str(data / "db"), "-m", "immediate", "-w", "stop"]
    subprocess.run(stop, check=False, capture_output=True, **user)


@pytest.fixture(params=["sqlite", "duckdb", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgresql":
        address: str = request.getfixturevalue("postgresql")
        _executed(address, "DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        return address
    if request.param == "duckdb":
        pytest.importorskip("duckdb")
    return f"{request.param}:///{tmp_path}/sales.db"


def _executed(address: str, sql: str) -> None:
    """Run statements by the driver itself."""
    if address.startswith("sqlite"):
        with sqlite3.connect(address.removeprefix("sqlite:///")) as connection:
            connection.executescript(sql)
        connection.close()
    elif address.startswith("duckdb"):
        import duckdb

        with duckdb.connect(address.removeprefix("duckdb:///")) as connection:  # type: ignore[assignment]
            connection.execute(sql)
    else:
        from adbc_driver_postgresql import dbapi

        with dbapi.connect(address) as connection, connection.cursor() as cursor:
            for statement in sql.split(";"):
                cursor.execute(statement)
            connection.commit()


def read(database: str, sql: str = 'SELECT * FROM "forecasts" ORDER BY unique_id') -> dict[str, Any]:
    table = read_query(sql, database)
    times = [name for name, dtype in table.schema.items() if dtype.is_temporal()]
    return table.with_columns(pl.col(times).cast(pl.Date).cast(pl.String)).to_dict(as_series=False)


EXPECTED = {"unique_id": ["a", "b"], "ds": ["2024-01-01", "2024-01-02"], "auto": [0.5, None], "auto-lo-80": [-1.0, 2.0]}


def test_rows_are_added_and_replaced(database: str) -> None:
    write_rows(ROWS, "forecasts", database)
    assert read(database) == EXPECTED
    write_rows(ROWS[:1].select(reversed(ROWS.columns)), "forecasts", database)  # in any order of columns
    assert read(database)["unique_id"] == ["a", "a", "b"]
    write_rows(ROWS, "forecasts", database, replace=True)
    assert read(database) == EXPECTED


def test_a_table_with_other_columns_is_refused(database: str) -> None:
    _executed(database, 'CREATE TABLE forecasts (unique_id TEXT, ds DATE, "auto" DOUBLE PRECISION, model TEXT)')
    with pytest.raises(SettingsError) as refused:
        write_rows(ROWS, "forecasts", database)
    assert "'forecasts'" in str(refused.value)
    assert "it lacks 'auto-lo-80' and has 'model' besides; name another table" in str(refused.value)


def test_what_goes_wrong_in_the_middle_leaves_the_table_as_it_was(database: str) -> None:
    columns = 'unique_id TEXT, ds DATE, "auto" DOUBLE PRECISION, "auto-lo-80" DOUBLE PRECISION'
    _executed(database, f'CREATE TABLE forecasts ({columns} CHECK ("auto-lo-80" < 1))')
    write_rows(ROWS[:1], "forecasts", database)
    before = read(database)
    for replace in (False, True):
        with pytest.raises(SettingsError, match="cannot be written, and is as it was: "):
            write_rows(ROWS, "forecasts", database, replace=replace)
        assert read(database) == before


def test_a_query_cannot_write(database: str) -> None:
    write_rows(ROWS, "forecasts", database)
    for sql in ("DELETE FROM forecasts", "DROP TABLE forecasts", "SELECT nothing FROM forecasts", "SELEC 1"):
        with pytest.raises(TableError, match=r"^the query of \w+://.* (failed|returned no rows)"):
            read_query(sql, database)
    assert read(database) == EXPECTED
    with pytest.raises(TableError, match="returned no rows"):
        read_query("SELECT * FROM forecasts WHERE unique_id = 'c'", database)
    with pytest.raises(TableError, match="two columns named 'unique_id'; name one with AS"):
        read_query("SELECT unique_id, unique_id FROM forecasts", database)


def test_times_of_a_clock(database: str) -> None:
    rows = pl.DataFrame({"unique_id": ["a"], "ds": [datetime(2024, 1, 1, 5, 30)], "auto": [1.0]})
    write_rows(rows, "hourly", database)
    found = read_query("SELECT ds FROM hourly", database)["ds"][0]
    assert str(found) == "2024-01-01 05:30:00"


def test_a_killed_connection_leaves_nothing(postgresql: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from adbc_driver_manager import dbapi

    _executed(postgresql, "DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    write_rows(ROWS, "forecasts", postgresql)
    ingest = dbapi.Cursor.adbc_ingest

    def killed(self: Any, *arguments: Any, **options: Any) -> Any:
        found = ingest(self, *arguments, **options)
        _executed(
            postgresql,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = "
            "'client backend'",
        )
        return found

    with monkeypatch.context() as patched:
        patched.setattr(dbapi.Cursor, "adbc_ingest", killed)
        with pytest.raises(SettingsError, match="cannot be written, and is as it was: "):
            write_rows(ROWS, "forecasts", postgresql, replace=True)
    assert read(postgresql) == EXPECTED


def test_addresses(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="mysql://host/db is no address of a database: give one such as sqlite:"):
        require_database("mysql://me:secret@host/db")
    with pytest.raises(SettingsError, match=r"names no file: give one such as sqlite:///sales\.db"):
        require_database("sqlite://")
    with pytest.raises(SettingsError, match="there is no folder"):
        require_database(f"sqlite:///{tmp_path}/no/sales.db")
    with pytest.raises(TableError, match="there is no database"):
        read_query("SELECT 1", f"sqlite:///{tmp_path}/sales.db")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "text.db").write_text("this is no database, but long enough to be looked at as one" * 20)
    with pytest.raises(TableError, match=r"the query of sqlite://.* failed: file is not a database"):
        read_query("SELECT * FROM sales", f"sqlite:///{tmp_path}/text.db")

"""Tables in databases: SQLite by the standard library, DuckDB, and PostgreSQL by ADBC.

An address is sqlite:///sales.db (or sqlite:////var/sales.db for a path from the root), duckdb:///sales.duckdb, or
postgresql://user@host/database.
"""

from __future__ import annotations

import math
import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

import polars as pl

from foretell import optional
from foretell.errors import ForetellError, SettingsError, TableError
from foretell.storage.addresses import shown
from foretell.tables.json_records import records_table
from foretell.tables.times_as_text import with_times_as_text

_EXAMPLES = "sqlite:///sales.db, duckdb:///sales.duckdb or postgresql://user@host/database"
_PATIENCE = 30.0
"""Seconds to wait for a database that another process writes to."""


class _Database(Protocol):
    """One kind of database; each method raises what its driver raises."""

    def query(self, sql: str) -> pl.DataFrame:
        """Return the result of a query, in a connection that cannot write."""

    def columns(self, table: str) -> list[str] | None:
        """Return the columns of a table, None if there is no such table."""

    def append(self, df: pl.DataFrame, table: str, *, create: bool, replace: bool) -> None:
        """Add rows to a table in one transaction, after creating it or, with `replace`, deleting its rows."""


def require_database(address: str) -> None:
    """Raise SettingsError for an address of no known kind, MissingExtraError without its driver."""
    _database(address)


def read_query(sql: str, address: str) -> pl.DataFrame:
    """Return the result of a query, which cannot change the database.

    Raises TableError for a query that fails or has no rows, SettingsError for an address of no known kind, and
    MissingExtraError without the driver.
    """
    database = _database(address)
    with _said(TableError, f"the query of {shown(address)} failed"):
        table = database.query(sql)
    if table.is_empty():
        raise TableError(f"the query of {shown(address)} returned no rows")
    decimals = [name for name, dtype in table.schema.items() if dtype == pl.Decimal]
    return table.with_columns(pl.col(decimals).cast(pl.Float64))


def write_rows(df: pl.DataFrame, table: str, address: str, *, replace: bool = False) -> None:
    """Add the rows to a table of a database, which is created if it is not there, in one transaction.

    With `replace` the rows that the table held are deleted in the same transaction. Whatever goes wrong leaves the
    database as it was. Raises SettingsError for a table with other columns, naming them, and where the database cannot
    be written, MissingExtraError without the driver.
    """
    database = _database(address)
    failed = f"{shown(address)} cannot be written, and is as it was"
    with _said(SettingsError, failed):
        there = database.columns(table)
    if there is not None and set(there) != set(df.columns):
        missing = [name for name in df.columns if name not in there]
        others = [name for name in there if name not in df.columns]
        parts = [f"lacks {_listed(missing)}"] if missing else []
        parts += [f"has {_listed(others)} besides"] if others else []
        raise SettingsError(
            f"table {table!r} of {shown(address)} has other columns than the forecast: it {' and '.join(parts)}; name "
            "another table"
        )
    with _said(SettingsError, failed):
        database.append(df.select(there or df.columns), table, create=there is None, replace=replace)


def _database(address: str) -> _Database:
    scheme, found, rest = address.partition("://")
    kind = scheme.lower().partition("+")[0]
    if not found or kind not in ("sqlite", "duckdb", "postgresql", "postgres"):
        raise SettingsError(f"--database {shown(address)} is no address of a database: give one such as {_EXAMPLES}")
    if kind in ("postgresql", "postgres"):
        optional.load("pyarrow", "reads what PostgreSQL returns", "postgresql")
        return _PostgreSQL(
            f"postgresql://{rest}", optional.load("adbc_driver_postgresql.dbapi", "reads PostgreSQL", "postgresql")
        )
    if not rest.startswith("/") or len(rest) < 2:
        raise SettingsError(f"--database {address} names no file: give one such as {kind}:///sales.db")
    path = Path(rest[1:])
    if not path.parent.is_dir():
        raise SettingsError(f"--database {address}: there is no folder {path.parent}")
    if kind == "sqlite":
        return _SQLite(path)
    optional.load("pyarrow", "reads what DuckDB returns", "duckdb")
    return _DuckDB(path, optional.load("duckdb", "reads DuckDB's databases", "duckdb"))


class _SQLite:
    def __init__(self, path: Path) -> None:
        self._path = path

    def query(self, sql: str) -> pl.DataFrame:
        with self._connected("ro") as connection:
            cursor = connection.execute(sql)
            names = [column[0] for column in cursor.description or ()]
            repeated = {name for name in names if names.count(name) > 1}
            if repeated:
                raise TableError(f"the query returns two columns named {min(repeated)!r}; name one with AS")
            rows = [dict(zip(names, map(_plain, row), strict=True)) for row in cursor]
        return records_table(rows, "the query's result") if rows else pl.DataFrame()

    def columns(self, table: str) -> list[str] | None:
        if not self._path.exists():
            return None
        with self._connected("ro") as connection:
            found = connection.execute(f"PRAGMA table_info({_quoted(table)})").fetchall()
        return [row[1] for row in found] or None

    def append(self, df: pl.DataFrame, table: str, *, create: bool, replace: bool) -> None:
        df = with_times_as_text(df)
        dates = [name for name, dtype in df.schema.items() if dtype.is_temporal()]
        df = df.with_columns(df[name].dt.to_string("iso") for name in dates)
        with self._connected("rwc") as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                if create:
                    columns = [f"{_quoted(column)} {_sqlite_type(dtype)}" for column, dtype in df.schema.items()]
                    connection.execute(f"CREATE TABLE {_quoted(table)} ({', '.join(columns)})")
                elif replace:
                    connection.execute(f"DELETE FROM {_quoted(table)}")
                connection.executemany(_insertion(df, table), df.iter_rows())
                connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _connected(self, mode: str) -> Iterator[sqlite3.Connection]:
        if mode == "ro" and not self._path.is_file():
            raise TableError(f"there is no database {self._path}")
        uri = f"{self._path.resolve().as_uri()}?mode={mode}"
        connection = sqlite3.connect(uri, uri=True, timeout=_PATIENCE, isolation_level=None)
        try:
            yield connection
        finally:
            connection.close()


class _DuckDB:
    def __init__(self, path: Path, driver: Any) -> None:
        self._path, self._driver = path, driver

    def query(self, sql: str) -> pl.DataFrame:
        if not self._path.is_file():
            raise TableError(f"there is no database {self._path}")
        with self._driver.connect(str(self._path), read_only=True) as connection:
            found = connection.sql(sql)
            if found is None:
                raise TableError("the query returned no rows")
            return _of_arrow(found.to_arrow_table())

    def columns(self, table: str) -> list[str] | None:
        if not self._path.is_file():
            return None
        with self._driver.connect(str(self._path), read_only=True) as connection:
            return _listed_columns(connection.execute, table, "?")

    def append(self, df: pl.DataFrame, table: str, *, create: bool, replace: bool) -> None:
        with self._driver.connect(str(self._path)) as connection:
            connection.register("foretell_rows", df.to_arrow())
            connection.execute("BEGIN")
            try:
                name = _quoted_path(table)
                if create:
                    connection.execute(f"CREATE TABLE {name} AS SELECT * FROM foretell_rows")
                else:
                    if replace:
                        connection.execute(f"DELETE FROM {name}")
                    connection.execute(f"INSERT INTO {name} BY NAME SELECT * FROM foretell_rows")
                connection.execute("COMMIT")
            except BaseException:
                with suppress(self._driver.Error):
                    connection.execute("ROLLBACK")
                raise


class _PostgreSQL:
    def __init__(self, address: str, driver: Any) -> None:
        self._address, self._driver = address, driver

    def query(self, sql: str) -> pl.DataFrame:
        with self._driver.connect(self._address) as connection, connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION READ ONLY")
            cursor.execute(sql)
            return _of_arrow(cursor.fetch_arrow_table())

    def columns(self, table: str) -> list[str] | None:
        with self._driver.connect(self._address) as connection, connection.cursor() as cursor:
            return _listed_columns(lambda sql, given: _executed(cursor, sql, given), table, "$")

    def append(self, df: pl.DataFrame, table: str, *, create: bool, replace: bool) -> None:
        schema, _, name = table.rpartition(".")
        # The driver opens a transaction, which is rolled back unless it is committed.
        with self._driver.connect(self._address) as connection, connection.cursor() as cursor:
            if replace and not create:
                cursor.execute(f"DELETE FROM {_quoted_path(table)}")
            more = {"db_schema_name": schema} if schema else {}
            cursor.adbc_ingest(name, df.to_arrow(), mode="create" if create else "append", **more)
            connection.commit()


def _executed(cursor: Any, sql: str, given: Sequence[str]) -> Any:
    cursor.execute(sql, given)
    return cursor


def _listed_columns(execute: Any, table: str, mark: str) -> list[str] | None:
    """Return the columns as the information schema lists them, in their order."""
    schema, _, name = table.rpartition(".")
    first, second = ("?", "?") if mark == "?" else ("$1", "$2")
    own = second if schema else "current_schema()"
    rows = execute(
        f"SELECT column_name FROM information_schema.columns WHERE table_name = {first} AND table_schema = {own} "
        "ORDER BY ordinal_position",
        [name, schema] if schema else [name],
    ).fetchall()
    return [row[0] for row in rows] or None


def _of_arrow(table: Any) -> pl.DataFrame:
    names = table.column_names
    repeated = {name for name in names if names.count(name) > 1}
    if repeated:
        raise TableError(f"the query returns two columns named {min(repeated)!r}; name one with AS")
    found = pl.from_arrow(table)
    assert isinstance(found, pl.DataFrame)
    return found


@contextmanager
def _said(kind: type[ForetellError], what: str) -> Iterator[None]:
    """Turn what a driver raises into an error of one line."""
    try:
        yield
    except ForetellError:
        raise
    except Exception as error:  # each driver raises its own
        lines = str(error).splitlines()
        reason = re.sub(r"://[^\s/@]*@", "://", lines[0] if lines else type(error).__name__)
        raise kind(f"{what}: {reason}") from error


def _plain(cell: Any) -> Any:
    """Return a cell of SQLite as a record holds it."""
    if isinstance(cell, bytes):
        raise TableError("the query returns binary values; leave that column out")
    return None if isinstance(cell, float) and math.isnan(cell) else cell


def _sqlite_type(dtype: pl.DataType) -> str:
    return "TEXT" if dtype == pl.String else "INTEGER" if dtype.is_integer() else "REAL"


def _insertion(df: pl.DataFrame, table: str) -> str:
    names, marks = ", ".join(map(_quoted, df.columns)), ", ".join("?" * df.width)
    return f"INSERT INTO {_quoted(table)} ({names}) VALUES ({marks})"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _quoted_path(table: str) -> str:
    return ".".join(map(_quoted, table.split(".")))


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names))

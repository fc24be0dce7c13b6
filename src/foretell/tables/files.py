"""Tables in files: CSV, TSV, Parquet and Arrow, compressed or not, read and written."""

from __future__ import annotations

import gzip
import io
import re
import sys
from datetime import time
from pathlib import Path

import polars as pl

from foretell.errors import SettingsError, TableError
from foretell.forked import require_polars
from foretell.plain_text import as_utf8, contents, named
from foretell.storage.whole_file import replace_file
from foretell.tables.arrow import FILE, STREAM, read_arrow
from foretell.tables.delimited import AsWritten, parse_delimited
from foretell.tables.parquet import read_parquet

_FOREIGN = {
    b"PK\x03\x04": "a zip archive or an Excel workbook; save the sheet as CSV",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook; save the sheet as CSV",
    b"\x89HDF": "an HDF5 file; export the table as CSV or Parquet",
    b"%PDF": "a PDF; export the table as CSV",
    b"BZh": "compressed by bzip2; unpack it, or compress it by gzip",
    b"\xfd7zXZ": "compressed by xz; unpack it, or compress it by gzip",
    b"\x28\xb5\x2f\xfd": "compressed by zstd; unpack it, or compress it by gzip",
    b"<!DOCTYPE": "a web page; export the table as CSV",
    b"<html": "a web page; export the table as CSV",
    b"<?xml": "XML; export the table as CSV",
    b'{"': "JSON; export the table as CSV",
    b"[{": "JSON; export the table as CSV",
}
_FORMULA = "^[=+@\t\r-]"
"""How text begins that a spreadsheet takes for a formula."""
_WRITTEN = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".parquet", ".pq")


def read_table(
    path: str | Path, encoding: str | None = None, *, typed: bool = True, as_written: AsWritten | None = None
) -> pl.DataFrame:
    """The table in a CSV, TSV, Parquet or Arrow file, gzipped or not; `-` reads standard input. Told apart by content.

    The separator is found among comma, semicolon, tab and vertical bar; text is UTF-8 or has a byte-order mark, unless
    `encoding` names another. Columns of numbers become numbers; with `typed=False` the cells of delimited text stay
    strings, and so do those of the columns that `as_written` chooses, such as ids. Raises `TableError` for whatever
    cannot be read, naming the file and the row.
    """
    return parse_table(contents(path, TableError), named(path), encoding, typed=typed, as_written=as_written)


def parse_table(
    data: bytes, where: str, encoding: str | None = None, *, typed: bool = True, as_written: AsWritten | None = None
) -> pl.DataFrame:
    """The table in a file's bytes, which are no longer gzipped; `where` names the file in errors. See `read_table`."""
    require_polars()
    if not data.strip():
        raise TableError(f"{where} is empty; it needs a header row and rows of values")
    if data[:4] == b"PAR1":
        return read_parquet(data, where)
    if data.startswith((FILE, STREAM)):
        return read_arrow(data, where)
    for magic, what in _FOREIGN.items():
        if data.startswith(magic):
            raise TableError(f"{where} is {what}")
    data = as_utf8(data, encoding, where, TableError)
    return parse_delimited(data, where, typed=typed, as_written=as_written)


def write_table(df: pl.DataFrame, path: str | Path, *, quote_formulas: bool = False) -> None:
    """Write a table as CSV, TSV (both also `.gz`) or Parquet by its name's ending; `-` writes CSV to standard output.

    In delimited text, names that begin as a formula does (`=HYPERLINK(...)`) stand as they are; with `quote_formulas`
    an apostrophe goes before them, so that no spreadsheet computes them.

    The file appears whole or not at all: it is written under a temporary name in the same folder, synced and renamed.
    Raises `SettingsError` for an ending that is not known, a folder that is missing or not writable.
    """
    require_polars()
    if quote_formulas and not str(path).lower().endswith((".parquet", ".pq")):
        df = _without_formulas(df)
    if str(path) == "-":
        sys.stdout.buffer.write(delimited(df, ","))
        sys.stdout.buffer.flush()
        return
    path = Path(path)
    name = path.name.lower()
    if not name.endswith(_WRITTEN):
        raise SettingsError(
            f"output {path}: end its name in one of {', '.join(_WRITTEN)}, or give - for standard output"
        )
    if path.is_dir():
        raise SettingsError(f"output {path} is a folder; give a file's name")
    if not path.parent.is_dir():
        raise SettingsError(f"output {path}: there is no folder {path.parent}; make it first")
    if name.endswith((".parquet", ".pq")):
        buffer = io.BytesIO()
        df.write_parquet(buffer)
        data = buffer.getvalue()
    else:
        data = delimited(df, "\t" if ".tsv" in name[-7:] else ",")
        data = gzip.compress(data, mtime=0) if name.endswith(".gz") else data
    replace_file(path, data)


def _without_formulas(df: pl.DataFrame) -> pl.DataFrame:
    texts = [name for name, dtype in df.schema.items() if dtype in (pl.String, pl.Categorical, pl.Enum)]
    columns = [df[name].cast(pl.String).str.replace(_FORMULA, "'$0") for name in texts]
    return df.with_columns(columns).rename({name: re.sub(_FORMULA, r"'\g<0>", name) for name in df.columns})


def delimited(df: pl.DataFrame, separator: str) -> bytes:
    """The table as delimited text, with times as `with_times_as_text` writes them."""
    return with_times_as_text(df).write_csv(separator=separator).encode()


def with_times_as_text(df: pl.DataFrame, between: str = " ") -> pl.DataFrame:
    """The table with times as text, no longer than need be: dates alone where every clock shows midnight.

    `between`: what stands between date and time of day.
    """
    for name, dtype in df.schema.items():
        if isinstance(dtype, pl.Datetime):
            times = (
                df[name].dt.convert_time_zone(dtype.time_zone).dt.replace_time_zone(None)
                if dtype.time_zone
                else df[name]
            )
            clock = times.dt.time().drop_nulls()
            if not dtype.time_zone and (clock == time(0)).all():
                pattern = "%Y-%m-%d"
            else:
                whole = not (times.dt.microsecond() > 0).any()
                pattern = f"%Y-%m-%d{between}%H:%M:%S" + ("" if whole else "%.6f") + ("%:z" if dtype.time_zone else "")
            df = df.with_columns(pl.col(name).dt.strftime(pattern))
    return df

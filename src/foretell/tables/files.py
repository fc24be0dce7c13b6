"""Tables in files: CSV, TSV, Parquet, Arrow, Excel and JSON lines, compressed or not, read and written."""

from __future__ import annotations

import gzip
import io
import re
import sys
import warnings
from pathlib import Path

import polars as pl

from foretell.errors import SettingsError, TableError
from foretell.forked import require_polars
from foretell.plain_text import as_utf8, contents, named
from foretell.storage.addresses import is_address, put
from foretell.storage.outputs import TABLE_ENDINGS
from foretell.storage.whole_file import replace_file
from foretell.tables import excel
from foretell.tables.arrow import FILE, STREAM, read_arrow
from foretell.tables.delimited import AsWritten, parse_delimited
from foretell.tables.json_lines import as_lines, lines_table
from foretell.tables.parquet import read_parquet
from foretell.tables.times_as_text import with_times_as_text

_FOREIGN = {
    b"\xd0\xcf\x11\xe0": "an old Excel workbook; save the sheet as CSV",
    b"\x89HDF": "an HDF5 file; export the table as CSV or Parquet",
    b"FEA1": "a Feather file of version 1; write it again as Arrow or Parquet",
    b"%PDF": "a PDF; export the table as CSV",
    b"BZh": "compressed by bzip2; unpack it, or compress it by gzip",
    b"\xfd7zXZ": "compressed by xz; unpack it, or compress it by gzip",
    b"\x28\xb5\x2f\xfd": "compressed by zstd; unpack it, or compress it by gzip",
    b"<!DOCTYPE": "a web page; export the table as CSV",
    b"<html": "a web page; export the table as CSV",
    b"<?xml": "XML; export the table as CSV",
}
_DELIMITED = (".csv", ".csv.gz", ".tsv", ".tsv.gz")
_FORMULA = "^[=+@\t\r-]"
"""How text begins that a spreadsheet takes for a formula."""
_WINDOWS = "cp1252"
_CONTROLS = re.compile(rb"[\0-\x08\x0e-\x1f\x7f]")
_BEYOND_ASCII = re.compile(rb"[^\s\"',;|]*[\x80-\xff][^\s\"',;|]*")
_JSON = re.compile(rb'\s*(\{\s*"|\{\s*\}|\[\s*(\{|\]))')


def read_table(
    path: str | Path, encoding: str | None = None, *, typed: bool = True, as_written: AsWritten | None = None
) -> pl.DataFrame:
    """The table in a CSV, TSV, Parquet, Arrow, Excel or JSON lines file, gzipped or not, told apart by content.

    `path` may be an address such as s3://bucket/sales.csv or https://host/sales.csv; `-` reads standard input.

    The separator is found among comma, semicolon, tab and vertical bar; text is UTF-8 or has a byte-order mark, unless
    `encoding` names another; what is no UTF-8 is read as cp1252, with a warning. Columns of numbers become numbers;
    with `typed=False` the cells of delimited text stay strings, and so do those of the columns that `as_written`
    chooses, such as ids. Raises `TableError` for whatever cannot be read, naming the file and the row.
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
    if data.startswith(excel.MAGIC):
        return parse_delimited(excel.sheet_as_csv(data, where), where, typed=typed, as_written=as_written)
    for magic, what in _FOREIGN.items():
        if data.startswith(magic):
            raise TableError(f"{where} is {what}")
    try:
        data = as_utf8(data, encoding, where, TableError)
    except TableError:
        if encoding is not None or not _is_of_windows(data, where):
            raise
        data = as_utf8(data, _WINDOWS, where, TableError)
    if _JSON.match(data):
        return lines_table(data, where)
    return parse_delimited(data, where, typed=typed, as_written=as_written)


def _is_of_windows(data: bytes, where: str) -> bool:
    """Return whether text that is not UTF-8 can be of the encoding that spreadsheets write on Windows in western
    languages; then warns (`UserWarning`), with the first word that shows whether it is."""
    at = _BEYOND_ASCII.search(data)
    if at is None or _CONTROLS.search(data):
        return False
    try:
        data.decode(_WINDOWS)
    except UnicodeDecodeError:
        return False
    row = data.count(b"\n", 0, at.start()) + 1
    warnings.warn(
        f"{where} is not UTF-8 text: it was read as {_WINDOWS}, the encoding of western languages on Windows, in which "
        f"row {row} holds {at[0].decode(_WINDOWS)!r}; name another with --encoding or encoding=",
        UserWarning,
        stacklevel=4,
    )
    return True


def write_table(df: pl.DataFrame, path: str | Path, *, quote_formulas: bool = False) -> None:
    """Write a table in the format that its name's ending says; `-` writes CSV to standard output.

    .csv and .tsv (both also .gz), .parquet, .arrow, .feather, .xlsx and .jsonl; `path` may be an address such as
    s3://bucket/forecast.parquet.

    In delimited text, names that begin as a formula does (`=HYPERLINK(...)`) stand as they are; with `quote_formulas`
    an apostrophe goes before them, so that no spreadsheet computes them.

    The file appears whole or not at all: it is written under a temporary name in the same folder, synced and renamed.
    Raises `SettingsError` for an ending that is not known, a folder that is missing or not writable.
    """
    require_polars()
    if quote_formulas and (str(path) == "-" or str(path).lower().endswith(_DELIMITED)):
        df = _without_formulas(df)
    if str(path) == "-":
        sys.stdout.buffer.write(delimited(df, ","))
        sys.stdout.buffer.flush()
        return
    address, path = (str(path), Path(path)) if is_address(path) else (None, Path(path))
    name = path.name.lower()
    if not name.endswith(TABLE_ENDINGS):
        raise SettingsError(
            f"output {path}: end its name in one of {', '.join(TABLE_ENDINGS)}, or give - for standard output"
        )
    if address is not None:
        put(address, _encoded(df, name), SettingsError)
        return
    if path.is_dir():
        raise SettingsError(f"output {path} is a folder; give a file's name")
    if not path.parent.is_dir():
        raise SettingsError(f"output {path}: there is no folder {path.parent}; make it first")
    replace_file(path, _encoded(df, name))


def _encoded(df: pl.DataFrame, name: str) -> bytes:
    """The table in the format that the ending of a name says."""
    buffer = io.BytesIO()
    if name.endswith((".parquet", ".pq")):
        df.write_parquet(buffer)
        return buffer.getvalue()
    if name.endswith((".arrow", ".feather")):
        df.write_ipc(buffer)
        return buffer.getvalue()
    if name.endswith(".xlsx"):
        return excel.as_workbook(df)
    if name.endswith((".jsonl", ".ndjson")):
        return as_lines(df)
    data = delimited(df, "\t" if ".tsv" in name[-7:] else ",")
    return gzip.compress(data, mtime=0) if name.endswith(".gz") else data


def _without_formulas(df: pl.DataFrame) -> pl.DataFrame:
    texts = [name for name, dtype in df.schema.items() if dtype in (pl.String, pl.Categorical, pl.Enum)]
    columns = [df[name].cast(pl.String).str.replace(_FORMULA, "'$0") for name in texts]
    return df.with_columns(columns).rename({name: re.sub(_FORMULA, r"'\g<0>", name) for name in df.columns})


def delimited(df: pl.DataFrame, separator: str) -> bytes:
    """The table as delimited text, with times as `with_times_as_text` writes them."""
    return with_times_as_text(df).write_csv(separator=separator).encode()

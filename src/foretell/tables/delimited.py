"""Delimited text, CSV and its kin, as a table: separators, header, ragged rows and types."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretell.errors import TableError
from foretell.tables.numerals import read_numbers
from foretell.tables.times import time_share

_SEPARATORS = {b",": "commas", b";": "semicolons", b"\t": "tabs", b"|": "vertical bars"}
_SAMPLE = 1 << 18


@dataclass(frozen=True)
class _Lines:
    """Where the lines of a text end, and how many separators each holds outside quotes."""

    ends: NDArray[np.int64]
    separators: NDArray[np.int64]
    blank: NDArray[np.bool_]


def _lines(data: bytes, separator: bytes, where: str) -> _Lines:
    text = np.frombuffer(data, dtype=np.uint8)
    newline, mark = text == ord("\n"), text == separator[0]
    if b'"' in data:
        quotes = text == ord('"')
        outside = np.cumsum(quotes, dtype=np.uint8) & 1 == 0
        if not outside[-1]:
            row = data[: int(np.flatnonzero(quotes)[-1])].count(b"\n") + 1
            raise TableError(f'{where}: a quotation mark (") near row {row} is opened and never closed; mend that row')
        newline &= outside
        mark &= outside
    ends = np.flatnonzero(newline)
    if not len(ends) or ends[-1] != len(text) - 1:
        ends = np.append(ends, len(text))
    until = np.searchsorted(np.flatnonzero(mark), ends)
    ink = np.searchsorted(np.flatnonzero((text > ord(" ")) & ~mark), ends)
    return _Lines(ends, np.diff(until, prepend=0), np.diff(ink, prepend=0) == 0)


def _sniff(data: bytes, where: str) -> bytes:
    """The separator that the first lines agree on best; a comma where there is but one column."""
    sample = data[:_SAMPLE]
    if len(data) > _SAMPLE:
        sample = sample[: sample.rfind(b"\n") + 1] or data
        if sample.count(b'"') % 2:
            sample = data
    best, separator = (0.0, 0), b","
    for candidate in _SEPARATORS:
        lines = _lines(sample, candidate, where)
        counts = lines.separators[~lines.blank]
        if len(counts) and counts[0] > 0:
            agreeing = float(np.mean(counts[1:] == counts[0])) if len(counts) > 1 else 1.0
            best, separator = max((best, separator), ((agreeing, int(counts[0])), candidate), key=lambda pair: pair[0])
    return separator


def _cells(data: bytes, separator: bytes, width: int, where: str) -> pl.DataFrame:
    # The line put before the text keeps polars from taking a cell such as "x^" for the mark of compressed data.
    try:
        return pl.read_csv(
            io.BytesIO(separator.join([b"0"] * width) + b"\n" + data),
            separator=separator.decode(),
            has_header=False,
            schema={str(i): pl.String for i in range(width)},
        )[1:]
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise TableError(f"{where}: not a table of {_SEPARATORS[separator]}: {str(error).splitlines()[0]}") from error


def parse_delimited(data: bytes, where: str, *, typed: bool = True) -> pl.DataFrame:
    """The table in UTF-8 text whose first line names the columns; `where` names the file in errors.

    Cells that are all numbers become Int64 or Float64, save where a leading zero shows that they are names; all others
    stay strings, null where empty; all do if not `typed`. Row `i` of the table is row `i + 2` of the
    text. Raises `TableError`.
    """
    data = data.replace(b"\r\n", b"\n")
    if b"\n" not in data:
        data = data.replace(b"\r", b"\n")
    data = data.strip(b"\n")
    if not data.strip():
        raise TableError(f"{where} is empty; it needs a header row and rows of values")
    separator = _sniff(data, where)
    lines = _lines(data, separator, where)
    filled = np.flatnonzero(~lines.blank)
    if not len(filled) or filled[0] != 0:
        raise TableError(f"{where}: its first row names no columns; it needs a header row and rows of values")
    rows = filled[1:]
    if not len(rows):
        raise TableError(f"{where} holds a header and no rows of values below it")
    width = int(lines.separators[0]) + 1
    header = list(_cells(data[: lines.ends[0]], separator, width, where).row(0))
    names = [(name or "").strip() for name in header]
    wider = bool(np.all(lines.separators[rows] == width))
    if not wider:
        ragged = rows[lines.separators[rows] != width - 1]
        if len(ragged):
            row, found = int(ragged[0]), int(lines.separators[ragged[0]]) + 1
            raise TableError(
                f"{where}: row {row + 1} has {found} field{'s' if found > 1 else ''} where the header has {width} "
                f"(separated by {_SEPARATORS[separator]}); mend that row, or quote cells that hold the separator"
            )
    table = _cells(data[lines.ends[0] + 1 :], separator, width + wider, where)
    table = table[: int(rows[-1])]
    # One field more than names in every row: either a separator ends each row, or the row names have no header (R).
    if wider:
        if table[:, -1].str.strip_chars().fill_null("").eq("").all():
            table = table[:, :-1]
        else:
            names = ["", *names]
    named = _named(table, names, where)
    return _typed(named) if typed else named


def _named(table: pl.DataFrame, names: list[str], where: str) -> pl.DataFrame:
    seen: dict[str, int] = {}
    for i, name in enumerate(names):
        if name and name in seen:
            raise TableError(
                f"{where}: the column {name!r} is named twice (columns {seen[name] + 1} and {i + 1}); rename one"
            )
        seen[name] = i
    counted = names in ([str(i) for i in range(len(names))], [str(i + 1) for i in range(len(names))])
    if not counted and all(name == "" or _is_value(name) for name in names) and names[0]:
        raise TableError(f"{where}: its first row holds values ({names[0]}, ...), not column names; add a header row")
    keep, final = [], []
    for i, name in enumerate(names):
        column = table.to_series(i)
        if name in ("", "Unnamed: 0") and (_is_row_number(column) if i == 0 else column.is_null().all()):
            continue
        keep.append(i)
        # A blank first name is what pandas writes for a nameless index.
        final.append(name or ("index" if i == 0 and "index" not in seen else f"column {i + 1}"))
    if not keep:
        raise TableError(f"{where} holds nothing but row numbers; it needs a column of values")
    if len(set(final)) < len(final):
        raise TableError(f"{where}: a column has no name; name every column in the header")
    return table[:, keep].rename(dict(zip((str(i) for i in keep), final, strict=True)))


def _is_value(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return time_share(pl.Series([text])) == 1.0
    return True


def _is_row_number(column: pl.Series) -> bool:
    number = column.cast(pl.Int64, strict=False)
    first = number[0]
    return first in (0, 1) and bool((number == pl.int_range(first, first + len(number), eager=True)).all())


def _typed(table: pl.DataFrame) -> pl.DataFrame:
    """Numbers where every cell is one; `NA` and the like are missing in such columns, names elsewhere."""
    every = pl.all()
    nulls = table.select(every.null_count()).row(0)
    as_float = table.select(every.cast(pl.Float64, strict=False))
    as_integer = table.select(every.cast(pl.Int64, strict=False))
    coded = table.select(every.str.contains(r"^\s*[+-]?0[0-9]").any()).row(0)
    columns: list[pl.Series | None] = []
    decimal = None
    for i, column in enumerate(table):
        if nulls[i] == len(column) or coded[i]:
            columns.append(column)
        elif as_integer.to_series(i).null_count() == nulls[i]:
            columns.append(as_integer.to_series(i))
        elif as_float.to_series(i).null_count() == nulls[i]:
            columns.append(as_float.to_series(i))
        else:
            numbers = read_numbers(column)
            decimal = decimal or (numbers.decimal if not len(numbers.wrong) else None)
            columns.append(None)
    for i, column in enumerate(table):
        if columns[i] is None or (decimal == "," and not coded[i] and nulls[i] < len(column)):
            numbers = read_numbers(column, "," if decimal == "," else None)
            if len(numbers.wrong):
                stripped = column.str.strip_chars()
                columns[i] = stripped.set(stripped == "", None)
            else:
                columns[i] = pl.Series(column.name, numbers.values).fill_nan(None)
    return pl.DataFrame([column for column in columns if column is not None])

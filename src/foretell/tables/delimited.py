"""Delimited text, CSV and its kin, as a table: separators, header, ragged rows and types."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import polars as pl

from foretell.errors import TableError
from foretell.tables.cell_types import settles_decimal_comma, typed_columns, typed_rows
from foretell.tables.header import are_values, below_header, cells_of, find_start, without_comments
from foretell.tables.lines import SEPARATORS, MisquotedError, filled_end, lines_of, pieces, quoted, survey

# Tables this wide are read as one column of cells: an expression a column would take too long.
_WIDE = 2_000
# What pandas and R call a column without a name; and R the names of rows.
_NAMELESS = ("", "Unnamed: 0")
_OF_ROWS = (*_NAMELESS, "rownames", "row.names", "...1")
_DECIMAL = re.compile(r"[+-]?[0-9]*[.,][0-9]+")
_SAMPLE_ROWS = 12


@dataclass(frozen=True)
class _Text:
    """A table's text from its header on."""

    data: bytes
    start: int
    """Where the rows begin."""
    stop: int
    """Where the last row ends that is not blank."""
    separator: bytes
    width: int
    """How many fields the rows have."""
    quotes: bool
    where: str


AsWritten = Callable[[Mapping[str, pl.Series]], Collection[str]]
"""From a table's typed columns by name, which of them are to stay text as it is written."""


def parse_delimited(
    data: bytes, where: str, *, typed: bool = True, as_written: AsWritten | None = None
) -> pl.DataFrame:
    """The table in UTF-8 text whose first line names the columns; `where` names the file in errors.

    Above the header there may be a line such as `sep=;`, comments that begin with `#`, and titles; below it up to three
    rows of units or descriptions, which count as blank. Cells that are all numbers become Int64 or Float64, save where
    a leading zero shows that they are names; all others stay strings, null where empty; all do if not `typed`, and
    those that `as_written` chooses. Row `i` of the table is row `i + 2` of the text, whose header is row 1. Raises
    `TableError`.
    """
    data = data.replace(b"\r\n", b"\n")
    if b"\n" not in data:
        data = data.replace(b"\r", b"\n")
    data = data.lstrip(b"\n")
    if not data.strip():
        raise TableError(f"{where} is empty; it needs a header row and rows of values")
    begin = find_start(data, where)
    above, data = data[: begin.offset], data[begin.offset :]
    counted = " (the header is row 1)" if above.strip() else ""
    try:
        return _parsed(data, begin.separator, where, counted, typed, as_written, commented=b"#" in above)
    except MisquotedError as error:
        raise TableError(
            f"{where}: row {error.row}{counted}: {error.problem}; put the whole cell in quotation marks and write each "
            'of its own twice (""), or leave them out'
        ) from error


def _parsed(
    data: bytes, separator: bytes, where: str, counted: str, typed: bool, as_written: AsWritten | None, *,
    commented: bool,
) -> pl.DataFrame:  # fmt: skip
    quotes = quoted(data, separator)
    names, start = _header(data, separator, quotes=quotes)
    if not any(names):
        raise TableError(f"{where}: its first row names no columns; it needs a header row and rows of values")
    data = without_comments(data, start, separator, len(names), above=commented)
    if typed:
        data = _without_units(data, start, separator, quotes=quotes)
    text = _Text(data, start, filled_end(data, start, separator), separator, len(names), quotes, where)
    if text.start == text.stop:
        raise TableError(f"{where} holds a header and no rows of values below it")
    found = survey(data, text.start, text.stop, separator, text.width, quotes=quotes)
    if found.ragged is not None and not found.wider:
        raise TableError(
            f"{where}: row {found.ragged + 2}{counted} has {found.found} field{'s' if found.found > 1 else ''} where "
            f"the header has {text.width} (separated by {SEPARATORS[separator]}); mend that row, or quote cells that "
            "hold the separator"
        )
    text = replace(text, width=text.width + found.wider)
    columns = _typed(text, found.padded) if typed else _strings(text).get_columns()
    # One field more than names in every row: either a separator ends each row, or the row names have no header (R).
    if found.wider:
        if _is_empty(columns[-1]):
            columns.pop()
        else:
            names = ["", *names]
    if as_written is not None and typed:
        chosen = as_written({name: column for name, column in zip(names, columns, strict=True) if name})
        fields = [i for i, name in enumerate(names) if name in chosen and columns[i].dtype.is_numeric()]
        for i, text_cells in zip(fields, _strings(text, fields) if fields else [], strict=True):
            stripped = text_cells.str.strip_chars()
            columns[i] = stripped.set(columns[i].is_null(), None)
    return _named(columns, names, where)


def _header(data: bytes, separator: bytes, *, quotes: bool) -> tuple[list[str], int]:
    """The names in the first line, and where it ends."""
    end = data.find(b"\n") + 1 or len(data)
    while quotes and data.count(b'"', 0, end) % 2 and end < len(data):
        end = data.find(b"\n", end) + 1 or len(data)
    return cells_of(data[:end].removesuffix(b"\n"), separator), end


def _without_units(data: bytes, start: int, separator: bytes, *, quotes: bool) -> bytes:
    """The text with rows of units and descriptions below its header as blank lines, so that rows keep their numbers."""
    stop = start
    for _ in range(_SAMPLE_ROWS):
        stop = data.find(b"\n", stop) + 1 or len(data)
    sample = data[start:stop]
    lines = lines_of(sample, separator, quotes=quotes)
    edges = [*lines.starts.tolist(), len(sample)]
    rows = (cells_of(sample[a:b].removesuffix(b"\n"), separator) for a, b in pairwise(edges))
    count = below_header(rows)
    return data[:start] + b"\n" * count + data[start + edges[count] :] if count else data


def _cells(
    text: _Text,
    schema: Mapping[str, pl.DataType | type[pl.DataType]],
    fields: Sequence[int] | None = None,
    *,
    strict: bool = True,
) -> pl.DataFrame:
    """The fields of all rows, or some of the fields, by their numbers from 0; null where a cell is not of its type if
    not `strict`."""
    data, above = text.data, text.data.count(b"\n", 0, text.start)
    first = data[text.start : data.find(b"\n", text.start) + 1 or None]
    # polars counts the columns in the first row, and takes a text such as x^2 for compressed data.
    propped = data.startswith(b"x^") or len(cells_of(first, text.separator)) != text.width
    if propped:
        data, above = text.separator.join([b"0"] * text.width) + b"\n" + data[text.start :], 0
    try:
        table = pl.read_csv(
            data, has_header=False, skip_lines=above, separator=text.separator.decode(), schema=dict(schema),
            quote_char='"' if text.quotes else None, columns=None if fields is None else list(fields),
            ignore_errors=not strict,
        )  # fmt: skip
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        what = f"not a table of {SEPARATORS[text.separator]}: {str(error).splitlines()[0]}"
        raise TableError(f"{text.where}: {what}") from error
    blank = text.data.count(b"\n", text.stop) + (text.stop < len(text.data) and not data.endswith(b"\n"))
    return table[int(propped) : len(table) - blank] if propped or blank else table


def _strings(text: _Text, fields: Sequence[int] | None = None) -> pl.DataFrame:
    return _cells(text, {str(i): pl.String for i in range(text.width)}, fields)


def _typed(text: _Text, padded: frozenset[int]) -> list[pl.Series]:
    """The columns, of numbers where all cells are; `padded` are those with a cell such as 007."""
    if text.width > _WIDE and not text.quotes:
        columns = _typed_at_once(text)
        if columns is not None:
            return columns
    first = next(pieces(text.data, text.start, text.stop, text.separator, quotes=text.quotes))[1]
    if first == text.stop:
        return typed_columns(_strings(text).get_columns())
    sample = _strings(replace(text, data=text.data[:first], stop=first)).get_columns()
    guess = {str(i): column.dtype for i, column in enumerate(typed_columns(sample))}
    if settles_decimal_comma(sample):
        return typed_columns(_strings(text).get_columns())
    columns = _cells(text, guess, strict=False).get_columns()
    doubtful = [i for i, c in enumerate(columns) if c.dtype != pl.String and (c.null_count() or i in padded)]
    for i, column in zip(doubtful, _strings(text, doubtful) if doubtful else [], strict=True):
        columns[i] = column
    texts = [column for column in columns if column.dtype == pl.String]
    if settles_decimal_comma(texts):
        return typed_columns(_strings(text).get_columns())
    read = iter(typed_columns(texts))
    return [next(read) if column.dtype == pl.String else column for column in columns]


def _typed_at_once(text: _Text) -> list[pl.Series] | None:
    """The columns of a wide table, its cells read as one column; None where blank lines stand between the rows."""
    cells = text.data[text.start : text.stop].replace(text.separator, b"\n")
    column = _cells(_Text(cells, 0, len(cells), text.separator, 1, False, text.where), {"0": pl.String})["0"]
    rows = text.data.count(b"\n", text.start, text.stop) + (not cells.endswith(b"\n"))
    # Blank lines have fewer cells.
    return typed_rows(column, text.width) if len(column) == rows * text.width else None


def _holds_values(names: list[str]) -> bool:
    """Whether the first row holds numbers and times alone, or mostly numbers of which some have decimals."""
    if not all(are_values(names[:1])):
        return False
    values = are_values([name for name in names if name])
    decimal = any(_DECIMAL.fullmatch(name.strip()) for name in names)
    return all(values) or (decimal and sum(values) > 0.5 * len(values))


def _named(columns: list[pl.Series], names: list[str], where: str) -> pl.DataFrame:
    counted = names in ([str(i) for i in range(len(names))], [str(i + 1) for i in range(len(names))])
    if names[0] and not counted and _holds_values(names):
        raise TableError(f"{where}: its first row holds values ({names[0]}, ...), not column names; add a header row")
    seen: dict[str, int] = {}
    for i, name in enumerate(names):
        if name and name in seen:
            raise TableError(
                f"{where}: the column {name!r} is named twice (columns {seen[name] + 1} and {i + 1}); rename one"
            )
        seen[name] = i
    keep: list[pl.Series] = []
    final: set[str] = set()
    for i, (name, column) in enumerate(zip(names, columns, strict=True)):
        if name in _OF_ROWS and i == 0 and _is_row_number(column):
            continue
        if name in _NAMELESS and i > 0 and _is_empty(column):
            continue
        # A blank first name is what pandas writes for a nameless index.
        name = name or ("index" if i == 0 and "index" not in seen else f"column {i + 1}")
        final.add(name)
        keep.append(column.alias(name))
    if not keep:
        raise TableError(f"{where} holds nothing but row numbers; it needs a column of values")
    if len(final) < len(keep):
        raise TableError(f"{where}: a column has no name; name every column in the header")
    return pl.DataFrame(keep)


def _is_empty(column: pl.Series) -> bool:
    if column.dtype != pl.String:
        return column.null_count() == len(column)
    return bool(column.str.strip_chars().fill_null("").eq("").all())


def _is_row_number(column: pl.Series) -> bool:
    number = column.cast(pl.Int64, strict=False)
    first = number[0]
    return first in (0, 1) and bool((number == pl.int_range(first, first + len(number), eager=True)).all())

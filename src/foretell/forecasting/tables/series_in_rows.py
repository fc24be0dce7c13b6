"""Tables with one series per row: the columns that describe the series, and those that are its steps."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import polars as pl

from foretell.errors import TableError
from foretell.forecasting.tables.cell_kinds import is_numeric
from foretell.forecasting.tables.column_names import ID_NAMES, TARGET_NAMES, usual_name
from foretell.forecasting.tables.composite_columns import id_cells, joined_name, parts_of
from foretell.tables.numerals import is_text
from foretell.tables.times import parse_times, time_share

_FEWEST_STEPS = 3
_MOST_TOGETHER, _CANDIDATES = 3, 6
_LAST_NUMBER = re.compile(r"^(.*?)([0-9]+)$")
_YEARS = (1500, 2500)
_YEAR_TWICE = r"^([0-9]{4}) \[YR([0-9]{4})\]$"


@dataclass(frozen=True)
class SeriesInRows:
    """Columns of a table with one series per row."""

    id: str
    """Name of the column that names the series, or joint name of several."""
    steps: tuple[str, ...]
    described: tuple[str, ...]
    """Other columns, which describe the series."""


def find_series_in_rows(table: pl.DataFrame, names: Sequence[str], said: str | None = None) -> SeriesInRows | None:
    """Find the columns of a table with one series per row, such as files of the M4 and M5 competitions and the World
    Bank; None for any other table.
    `names`: the columns without another role; `said`: the id column, if the caller names it. Raises `TableError` if
    two rows have the same names.
    """
    if table.width < _FEWEST_STEPS + 1:
        return None
    dated = _dated_steps(table, names)
    steps = dated or _counted_steps(table, names)
    if len(steps) < _FEWEST_STEPS:
        return None
    chosen = set(steps)
    rest = [name for name in names if name not in chosen and table[name].null_count() < len(table)]
    words = [name for name in rest if is_text(table[name]) and not is_numeric(table[name])]
    if not dated and (not (words or said) or usual_name(rest, TARGET_NAMES)):
        return None
    name = said or _telling(table, rest, words)
    if name is None:
        if not dated or not words:
            return None
        raise _alike(table, words)
    return SeriesInRows(name, steps, tuple(n for n in rest if n not in parts_of(name, table.columns)))


def _holds_values(column: pl.Series) -> bool:
    return is_numeric(column) or column.null_count() == len(column)


def _dated_steps(table: pl.DataFrame, names: Sequence[str]) -> tuple[str, ...]:
    """Return the columns whose headers are times, if most are."""
    shaped = [name for name in names if re.search(r"[0-9]", name)]
    if len(shaped) < max(_FEWEST_STEPS, 0.3 * len(names)):
        return ()
    found = [name for name in shaped if _holds_values(table[name])]
    for steps in (found, _same_shape(found)):
        if len(steps) >= _FEWEST_STEPS and times_in_headers(steps) is not None:
            return tuple(steps)
    return ()


def _same_shape(names: list[str]) -> list[str]:
    """Return the largest group of names that differ only in their digits."""
    kinds: dict[str, list[str]] = {}
    for name in names:
        kinds.setdefault(re.sub(r"[0-9]+", "0", name), []).append(name)
    return max(kinds.values(), key=len, default=[])


def times_in_headers(names: Sequence[str]) -> pl.Series | None:
    """Return the headers as times to parse, without words shared by all, such as X in X2001; None if they are not."""
    header = pl.Series("the header", list(names), dtype=pl.String).str.strip_chars()
    if header.str.contains(_YEAR_TWICE).all():
        header = header.str.replace(_YEAR_TWICE, "$1")
    for cells in (header, *_without_shared_words(header)):
        if time_share(cells) == 1.0:
            return cells
        if cells.str.contains(r"^[0-9]{4}$").all():
            years = cells.cast(pl.Int64)
            steps = years.diff().drop_nulls()
            if years.is_between(*_YEARS).all() and (steps > 0).all():
                return cells.alias("year")
        if cells.str.contains(r"^(?:[0-9]{6}|[0-9]{8})$").all() and _are_dates(cells):
            return cells
    return None


def _are_dates(numbers: pl.Series) -> bool:
    try:
        return parse_times(numbers, "the header").values.dtype.kind == "M"
    except TableError:
        return False


def _without_shared_words(header: pl.Series) -> list[pl.Series]:
    before = header.str.extract(r"^([^0-9]*)")
    after = header.str.extract(r"([^0-9]*)$")
    if before.n_unique() > 1 or after.n_unique() > 1 or not (before[0] or after[0]):
        return []
    bare = header.str.strip_prefix(before[0] or "").str.strip_suffix(after[0] or "")
    return [bare, bare.str.replace_all("_", "-")]


def _counted_steps(table: pl.DataFrame, names: Sequence[str]) -> tuple[str, ...]:
    """Return the last columns, named by a shared word and numbers that increase by one, such as d_1, d_2, d_3."""
    steps: list[str] = []
    word, number = "", 0
    for name in reversed(names):
        if not steps and table[name].null_count() == len(table) and not _LAST_NUMBER.match(name):
            continue
        match = _LAST_NUMBER.match(name)
        if match is None or not _holds_values(table[name]):
            break
        if steps and (match[1] != word or int(match[2]) != number - 1):
            break
        word, number = match[1], int(match[2])
        steps.append(name)
    return tuple(reversed(steps))


def _telling(table: pl.DataFrame, rest: Sequence[str], words: Sequence[str]) -> str | None:
    """Return the column, or the fewest columns together, that differ from row to row."""
    whole = [name for name in rest if name not in words and table[name].dtype.is_integer()]
    pool = [*words, *(name for name in rest if name not in words and is_text(table[name])), *whole]
    usual = usual_name(pool, ID_NAMES)
    pool = ([usual] if usual else []) + [name for name in pool if name != usual]
    for name in pool:
        if not table[name].null_count() and table[name].n_unique() == len(table):
            return name
    pool = pool[:_CANDIDATES]
    for size in range(1, _MOST_TOGETHER + 1):
        for chosen in combinations(pool, size):
            name = joined_name(sorted(chosen, key=table.columns.index))
            cells = id_cells(table, name)
            if not cells.null_count() and cells.n_unique() == len(table):
                return name
    return None


def _alike(table: pl.DataFrame, words: Sequence[str]) -> TableError:
    names = pl.DataFrame([table[name] for name in words]).with_row_index("row")
    twice = names.filter(pl.struct(words).is_duplicated())
    first, second = (int(row) + 2 for row in twice.sort(*words, "row", nulls_last=True)["row"][:2])
    shown = "/".join(str(cell) for cell in table.select(words).row(first - 2) if cell is not None)
    return TableError(
        f"the header's times make each row a series, but rows {first} and {second} (the header is row 1) have the same "
        f"name {shown!r}; keep one of them, or name the column that distinguishes them with --id"
    )

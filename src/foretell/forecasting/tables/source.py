"""Source: a table's columns read into arrays, one entry per row, before any time grid."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretell.errors import TableError
from foretell.forecasting.panel import Column
from foretell.forecasting.tables.columns import Roles
from foretell.forecasting.tables.composite_columns import id_cells, parts_of
from foretell.forecasting.tables.composite_times import time_cells
from foretell.forecasting.tables.series_in_rows import times_in_headers
from foretell.tables.clock import Clock
from foretell.tables.grids import Times
from foretell.tables.numerals import is_text, read_numbers, text_of
from foretell.tables.times import check_range, parse_times

_SHORT = 4_096
# Above this the mean of a long series would not be finite.
_LARGEST = 1e302


@dataclass(frozen=True)
class Source:
    """R rows of a table; each has K targets at one time of one owner, which is a series or a whole wide table."""

    names: tuple[str, ...]
    """Names of the owners in long layout; in wide layout there is one owner, and the targets are the series."""
    owner: NDArray[np.int64]
    """(R,)"""
    times: Times
    """(R,)"""
    values: NDArray[np.float64]
    """(R, K)"""
    targets: tuple[str, ...]
    numbers: NDArray[np.int64]
    """(R,) position of each row in the table, counted from 0 below the header."""
    clock: Clock
    time_format: str
    assumed: str | None = None
    known: dict[str, Column] = field(default_factory=dict)
    """Each (R,)."""
    past: dict[str, Column] = field(default_factory=dict)
    """Each (R,)."""
    static: dict[str, Column] = field(default_factory=dict)
    """Each (R,)."""
    stamps: pl.Series | None = None
    """Cells of the time column as they were written, indexed by `numbers`; None if there is no time column."""

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> Source:
        """Return some of the rows, in the order given."""
        return replace(
            self,
            owner=self.owner[rows],
            times=self.times[rows],
            values=self.values[rows],
            numbers=self.numbers[rows],
            known={name: column[rows] for name, column in self.known.items()},
            past={name: column[rows] for name, column in self.past.items()},
            static={name: column[rows] for name, column in self.static.items()},
        )

    def sorted(self) -> Source:
        """Sort by owner, then by time, then by row."""
        later, next_row = np.diff(self.times.astype(np.int64)), np.diff(self.numbers) >= 0
        if np.all((np.diff(self.owner) > 0) | ((np.diff(self.owner) == 0) & ((later > 0) | ((later == 0) & next_row)))):
            return self
        return self.take(np.lexsort((self.numbers, self.times, self.owner)))

    def stamp(self, at: int) -> str:
        """Return the time of one of the rows as it was written."""
        cell = None if self.stamps is None else self.stamps[int(self.numbers[at])]
        return cell.strip() if isinstance(cell, str) else self.clock.show(self.times[at])


def read_source(table: pl.DataFrame, roles: Roles, *, counts: bool = False, day_first: bool | None = None) -> Source:
    """Read the columns that have a role; with `counts`, times in whole numbers are counts whatever they look like.

    `day_first` says whether the day comes before the month in dates where either could, if nothing else settles it.
    Raises `TableError` naming the row and the value that cannot be read.
    """
    numbers = np.arange(len(table))
    stamps = None if roles.time is None else time_cells(table, roles.time)
    if stamps is not None and stamps.null_count():
        parts = [*parts_of(roles.time or "", table.columns), *parts_of(roles.id or "", table.columns)]
        used = [*parts, *roles.targets, *roles.covariates]
        filled = ~table.select(pl.all_horizontal(pl.col(used).is_null())).to_series()
        if not filled.all():
            numbers, table = numbers[filled.to_numpy()], table.filter(filled)
            if not len(table):
                raise TableError("the table holds nothing but blank rows")
    values = _read_targets(table, roles.targets, numbers)
    if roles.layout == "rows":
        return _from_rows(table, roles, values, numbers)
    names: tuple[str, ...] = ("",)
    owner = np.zeros(len(table), np.int64)
    if roles.id is not None:
        names, owner = read_ids(id_cells(table, roles.id), numbers)
    if roles.time is None:
        order = np.argsort(owner, kind="stable")
        times = np.empty(len(owner), np.int64)
        first = np.searchsorted(owner[order], np.arange(len(names)))
        times[order] = np.arange(len(owner)) - first[owner[order]]
        zone, words, assumed = None, "row numbers", None
    else:
        parsed = parse_times(
            time_cells(table, roles.time), roles.time, owner, numbers, counts=counts, day_first=day_first
        )
        times, zone, words, assumed = parsed.values, parsed.zone, parsed.words, parsed.assumed
    known, past, static = (
        {name: read_covariate(table[name], numbers) for name in chosen}
        for chosen in (roles.known, roles.past, roles.static)
    )
    return Source(
        names, owner, times, values, roles.targets, numbers, Clock(zone), words, assumed, known, past, static, stamps
    )  # fmt: skip


def _from_rows(table: pl.DataFrame, roles: Roles, values: NDArray[np.float64], numbers: NDArray[np.int64]) -> Source:
    series, steps = values.shape
    header = times_in_headers(roles.targets)
    times, zone, words, assumed = np.arange(steps), None, "column numbers", None
    if header is not None:
        parsed = parse_times(header, header.name)
        times, zone, words, assumed = parsed.values, parsed.zone, parsed.words, parsed.assumed
    names, owner = read_ids(id_cells(table, roles.id or table.columns[0]), numbers)
    row = np.repeat(np.arange(series), steps)
    static: dict[str, Column] = {name: read_covariate(table[name], numbers)[row] for name in roles.static}
    return Source(
        names, np.repeat(owner, steps), np.tile(times, series), values.reshape(-1, 1), ("value",),
        np.repeat(numbers, steps), Clock(zone), words, assumed, static=static,
    )  # fmt: skip


def read_ids(column: pl.Series, numbers: NDArray[np.int64]) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Return the names in order of appearance, and the index of each row's name among them."""
    if column.dtype == pl.String and len(column) <= _SHORT:
        # A polars expression costs more than a Python loop here.
        cells = column.to_list()
        stripped = {cell: str(cell or "").strip() for cell in dict.fromkeys(cells)}
        places = {name: i for i, name in enumerate(dict.fromkeys(stripped.values()))}
        if "" not in places:
            code = {cell: places[name] for cell, name in stripped.items()}
            return tuple(places), np.array([code[cell] for cell in cells], dtype=np.int64)
    text = _as_text(column, "id", numbers).str.strip_chars()
    if column.dtype.is_float() and bool((column == column.floor()).fill_null(True).all()):
        text = column.cast(pl.Int64, strict=False).cast(pl.String).zip_with(column.abs() < 2.0**63, text)
    absent = text.is_null() | (text == "")
    if absent.any():
        row = numbers[absent.arg_max() or 0] + 2
        raise TableError(f"the id in column {column.name!r} is missing in row {row} (the header is row 1); fill it in")
    unique = text.unique(maintain_order=True)
    codes = text.replace_strict(unique, pl.int_range(len(unique), eager=True), return_dtype=pl.Int64)
    return tuple(unique.to_list()), codes.to_numpy()


def _read_targets(table: pl.DataFrame, names: tuple[str, ...], numbers: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return (R, K), the target columns, NaN where missing."""
    columns = dict(zip(table.columns, table.get_columns(), strict=True))
    chosen = [columns[name] for name in names]
    # Reading very many columns one by one is slow.
    plain = all(column.dtype.is_float() or column.dtype.is_integer() for column in chosen)
    values = [column.to_numpy() for column in chosen] if plain else [read_target(c, numbers) for c in chosen]
    matrix = np.column_stack(values).astype(np.float64, copy=False)
    if plain and np.any(np.abs(matrix) > _LARGEST):
        at = int(np.argmax(np.any(np.abs(matrix) > _LARGEST, axis=0)))
        _refuse_extremes(matrix[:, at], names[at], numbers)
    return matrix


def read_target(column: pl.Series, numbers: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return a target column as float64, NaN where missing."""
    name = column.name
    if not (column.dtype.is_numeric() or is_text(column) or column.dtype in (pl.Boolean, pl.Null)):
        raise TableError(f"the target column {name!r} holds {column.dtype} values, not numbers; see --target")
    read = read_numbers(column)
    if len(read.wrong):
        at = int(read.wrong[0])
        why = "is not a number; correct it, or leave it empty if the value is missing"
        if read.ambiguous:
            why = "may mean thousands or a decimal comma; write it with a point, or without the comma"
        raise TableError(f"column {name!r}, row {numbers[at] + 2} (the header is row 1): {str(column[at])!r} {why}")
    _refuse_extremes(read.values, name, numbers)
    return read.values


def read_covariate(column: pl.Series, numbers: NDArray[np.int64]) -> Column:
    """Return a covariate as float64 with NaN if every cell is a number, otherwise as str objects with None."""
    if column.dtype.is_numeric() or column.dtype in (pl.Boolean, pl.Null):
        values = read_numbers(column).values
    elif is_text(column):
        read = read_numbers(column)
        if len(read.wrong):
            return _strings(text_of(column))
        values = read.values
    else:
        return _strings(_as_text(column, "covariate", numbers))
    _refuse_extremes(values, column.name, numbers)
    return values


def _as_text(column: pl.Series, role: str, numbers: NDArray[np.int64]) -> pl.Series:
    check_range(column, column.name, numbers)
    try:
        return column.cast(pl.String)
    except pl.exceptions.PolarsError as error:
        raise TableError(
            f"the {role} column {column.name!r} holds {column.dtype} values, neither numbers nor text; name another"
        ) from error


def _strings(column: pl.Series) -> NDArray[np.object_]:
    strings = np.empty(len(column), dtype=object)
    strings[:] = column.to_list()
    return strings


def _refuse_extremes(values: NDArray[np.float64], name: str, numbers: NDArray[np.int64]) -> None:
    beyond = np.abs(values) > _LARGEST
    if beyond.any():
        at = int(np.argmax(beyond))
        what = "infinite" if np.isinf(values[at]) else "too large to compute with"
        raise TableError(
            f"column {name!r}, row {numbers[at] + 2} (the header is row 1): the value is {what} ({values[at]}); "
            "correct it, or leave it empty if the value is missing"
        )


def is_missing(column: Column) -> NDArray[np.bool_]:
    """Return a mask of the missing cells of a covariate."""
    if column.dtype == object:
        return np.fromiter((cell is None for cell in column), dtype=bool, count=len(column))
    return np.isnan(column.astype(np.float64))


def differ(one: Column | NDArray[np.float64], other: Column | NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return a mask of the cells in which two arrays differ; missing cells equal one another."""
    unequal = np.asarray(one != other, dtype=bool)
    if one.dtype != object:
        unequal &= ~(np.isnan(one.astype(np.float64)) & np.isnan(other.astype(np.float64)))
    return unequal

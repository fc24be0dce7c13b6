"""Regularisation: a table in any layout becomes a panel, sorted, without duplicates, on a regular grid per series."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from narwhals.typing import IntoFrame
from numpy.typing import NDArray

from foretell.errors import TableError
from foretell.forecasting.panel import Column, Panel, absent_like
from foretell.forecasting.tables.aggregation import aggregated, with_counts
from foretell.forecasting.tables.columns import TOTALS, Aggregate, Columns, Roles
from foretell.forecasting.tables.findings import Findings, describe_frequency
from foretell.forecasting.tables.frames import to_polars
from foretell.forecasting.tables.mixed_frequency import slower_series
from foretell.forecasting.tables.months_in_columns import with_months_in_rows
from foretell.forecasting.tables.roles import find_roles
from foretell.forecasting.tables.source import Source, differ, is_missing, read_source
from foretell.forecasting.tables.time_grid import hours_told_apart, on_grid
from foretell.tables.clock import Clock
from foretell.tables.frequency import Frequency
from foretell.tables.grids import Times

CUT_OFF = "Steps past the last value were cut off"
"""The note on rows after the last value of a series begins with this."""
_ANY = Columns()
# Up to this share of rows that contradict others of their time are slips, not several series or sales.
_FEW_CONFLICTS = 0.005
# A grid this many times longer than its table is due to a wrong time stamp, or to a column that is not the time. Up to
# this many cells it costs nothing; more are allowed if the caller gives the frequency.
_SPARSEST_GRID, _LARGEST_FOUND, _LARGEST_GIVEN = 50, 100_000, 20_000_000


def to_panel(table: IntoFrame, columns: Columns = _ANY, *, keep_empty: bool = False) -> tuple[Panel, Findings]:
    """Return the series of a pandas, polars or pyarrow table, long or wide, and the findings on it; see `Rows`."""
    frame, read, note = with_months_in_rows(to_polars(table), columns)
    return Rows.of(frame, read, note).panel(columns.frequency, keep_empty=keep_empty)


@dataclass(frozen=True)
class Rows:
    """Rows of a table, read, sorted and without duplicates, not yet on a grid."""

    source: Source
    roles: Roles
    notes: tuple[str, ...]
    count: int
    """Number of rows in the table."""
    resorted: bool
    dropped: int
    """Number of duplicate rows dropped."""
    aggregate: Aggregate | None = None
    """How rows within one step are combined."""

    @classmethod
    def of(cls, frame: pl.DataFrame, columns: Columns, note: str | None = None) -> Rows:
        """Read a table, of which there is a note already. Raises `TableError` naming the row or column at fault."""
        if columns.aggregate == "count":
            frame, columns = with_counts(frame, columns)
        roles = find_roles(frame, columns)
        counts = str(columns.frequency).strip().isdigit()
        source = read_source(frame, roles, counts=counts, day_first=columns.day_first)
        notes = [said for said in (note, *roles.notes, source.assumed) if said]
        if columns.aggregate is not None and roles.id is None and roles.layout != "rows":
            notes.append("All rows are of one series; name the column that distinguishes several with --id.")
        if columns.aggregate is not None:
            # Rows that are alike may be several sales.
            ordered = source.sorted()
            resorted = ordered is not source and _is_disordered(source)
            return cls(ordered, roles, tuple(notes), len(frame), resorted, 0, columns.aggregate)
        source, resorted, dropped = _sorted(source, roles, notes)
        return cls(source, roles, tuple(notes), len(frame), resorted, dropped)

    def panel(self, frequency: str | int | None, *, keep_empty: bool = False) -> tuple[Panel, Findings]:
        """Return the series on a grid of that frequency, None for their own, and the findings.

        Steps without a row and missing cells become NaN. Rows after a series' last observed value stay as future rows
        if `columns.known` names covariates, and are cut off otherwise. Series without any value are left out; with
        `keep_empty` they stay, without history, starting at the first of their times after the latest value of the
        others, or at the step after their last. Raises `TableError` naming the row or series at fault.
        """
        notes = list(self.notes)
        source, found = on_grid(self.source, frequency, notes, self.aggregate)
        slower = slower_series(source, found)
        notes += [slower] if slower else []
        panel, facts = _gridded(
            source, found, self.roles, notes, keep_empty, frequency is not None, self.aggregate in TOTALS
        )
        findings = Findings(
            layout=self.roles.layout, id=self.roles.id, time=self.roles.time, targets=self.roles.targets,
            time_format=source.time_format, frequency=found.alias, series=len(panel), rows=self.count,
            missing=facts[0], gaps=facts[1], before=facts[2], after=facts[3],
            duplicates_dropped=self.dropped, resorted=self.resorted, notes=notes,
            time_zone=None if panel.clock.naive else panel.clock.zone,
        )  # fmt: skip
        return panel, findings


def _sorted(source: Source, roles: Roles, notes: list[str]) -> tuple[Source, bool, int]:
    """Sort by owner and time and drop duplicates; also return whether the order changed, and the number dropped."""
    ordered = source.sorted()
    resorted = ordered is not source and _is_disordered(source)
    source = hours_told_apart(ordered, notes)
    twice = (source.times[1:] == source.times[:-1]) & (source.owner[1:] == source.owner[:-1])
    if not twice.any():
        return source, resorted, 0
    at = np.flatnonzero(twice)
    columns = {
        **dict(zip(source.targets, source.values.T, strict=True)),
        **source.known,
        **source.past,
        **source.static,
    }
    unlike = {name: differ(column[at], column[at + 1]) for name, column in columns.items()}
    conflicts = np.any([*unlike.values()], axis=0)
    changing = any(unlike[name].any() for name in source.static)
    if changing or np.sum(conflicts) > _FEW_CONFLICTS * len(source.times):
        name = next(name for name in unlike if unlike[name].any())
        _refuse_conflict(source, roles, int(at[np.argmax(unlike[name])]), name, columns[name])
    twice[at[conflicts]] = False
    source = source.take(np.append(True, ~twice))
    if conflicts.any():
        source = aggregated(source, None, "mean", [])
        notes.append(
            f"{int(np.sum(conflicts)):,} rows repeat the time of another with other values: their mean was taken; "
            "choose otherwise with --aggregate (aggregate=)."
        )
    return source, resorted, len(at) - int(np.sum(conflicts))


def _is_disordered(source: Source) -> bool:
    """Return whether a series has rows that go back in time; whole series may be in any order."""
    order = np.argsort(source.owner, kind="stable")
    return bool(np.any((np.diff(source.times[order].astype(np.int64)) < 0) & (np.diff(source.owner[order]) == 0)))


def _refuse_conflict(source: Source, roles: Roles, at: int, name: str, column: Column) -> None:
    series = f" of series {source.names[source.owner[at]]!r}" if roles.id else ""
    hint = "; if several columns together distinguish the series, join them into one"
    if not roles.id:
        hint = "; if the table holds several series, name the column that distinguishes them with --id"
    raise TableError(
        f"the time {source.stamp(at)}{series} appears twice with different values of {name!r}: "
        f"{column[at]} in row {source.numbers[at] + 2} and {column[at + 1]} in row {source.numbers[at + 1] + 2} "
        f"(the header is row 1); keep one of them, or combine them with --aggregate sum, mean or last (aggregate=)"
        f"{hint}"
    )


def _gridded(
    source: Source, frequency: Frequency, roles: Roles, notes: list[str], keep_empty: bool, given: bool, totals: bool
) -> tuple[Panel, tuple[int, int, int, int]]:
    """Return the panel, and the numbers of values missing in histories, in total and in steps without a row, before
    histories and after them."""
    number, _ = frequency.positions(source.times)
    head = np.searchsorted(source.owner, np.arange(len(source.names)))
    last = np.append(head[1:], len(number)) - 1
    length = number[last] - number[head] + 1
    _refuse_sparse(source, frequency, roles, number[last], number[head], given)
    total = int(length.sum())
    flat = np.repeat(np.cumsum(length) - length - number[head], np.diff(np.append(head, len(number)))) + number
    values = np.full((total, source.values.shape[1]), np.nan)
    values[flat] = source.values
    has_row = np.zeros(total, dtype=bool)
    has_row[flat] = True
    if totals:
        values[_before_last_value(source, flat, length) & ~has_row] = 0.0
    known: dict[str, Column] = {name: _placed(column, flat, total) for name, column in source.known.items()}
    past: dict[str, Column] = {name: _placed(column, flat, total) for name, column in source.past.items()}
    names, starts = source.names, source.times[head]
    if roles.layout == "wide":
        names, width = source.targets, len(source.targets)
        starts, length = np.repeat(starts, width), np.repeat(length, width)
        has_row = np.tile(has_row, width)
        known = {name: _tiled(column, width) for name, column in known.items()}
        past = {name: _tiled(column, width) for name, column in past.items()}
    # In wide layout this concatenates the series; otherwise there is one column.
    series = values.T.ravel()
    static = {name: _constant(column, source, name) for name, column in source.static.items()}
    return _trimmed(
        names, starts, length, series, has_row, known, past, static, frequency, source.clock, notes, keep_empty
    )


def _before_last_value(source: Source, flat: NDArray[np.int64], length: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which steps on the grid come before the last value of their owner, whose rows lie at `flat`."""
    observed = np.flatnonzero(~np.isnan(source.values).all(axis=1))
    last = np.full(len(source.names), -1)
    last[source.owner[observed]] = flat[observed]
    return np.arange(int(length.sum())) < np.repeat(last, length)


def _refuse_sparse(
    source: Source, frequency: Frequency, roles: Roles, last: NDArray[np.int64], first: NDArray[np.int64], given: bool
) -> None:
    """Raise TableError if the grid is far denser than the rows on it."""
    # As floats, since integers so far apart would overflow.
    total = float(np.sum(last.astype(np.float64) - first + 1))
    most = _LARGEST_GIVEN if given else _LARGEST_FOUND
    if total <= _SPARSEST_GRID * len(source.times) or total * source.values.shape[1] <= most:
        return
    column = f"column {roles.time!r}" if roles.time else "the header"
    first_stamp, last_stamp = source.stamp(int(source.times.argmin())), source.stamp(int(source.times.argmax()))
    raise TableError(
        f"the times in {column} run from {first_stamp} to {last_stamp}, "
        f"{total:,.0f} steps ({describe_frequency(frequency.alias)}) for {len(source.times):,} rows: is this really "
        "the time? If not, name another column with --time or time=; if it is, correct the time stamp that is far off, "
        "or give the step with --frequency or frequency="
    )


def _tiled(column: Column, times: int) -> Column:
    return column[np.tile(np.arange(len(column)), times)]


def _placed(column: Column, flat: NDArray[np.int64], total: int) -> Column:
    placed = absent_like(column, total)
    placed[flat] = column
    return placed


def _constant(column: Column, source: Source, name: str) -> Column:
    """Return the single value of a static column in each series."""
    rows = np.flatnonzero(~is_missing(column))
    owners, first = np.unique(source.owner[rows], return_index=True)
    constant = absent_like(column, len(source.names))
    constant[owners] = column[rows[first]]
    changed = rows[np.asarray(column[rows] != constant[source.owner[rows]], dtype=bool)]
    if len(changed):
        at = int(changed[0])
        raise TableError(
            f"the static column {name!r} is not constant within series {source.names[source.owner[at]]!r}: "
            f"{constant[source.owner[at]]} and, in row {source.numbers[at] + 2} (the header is row 1), {column[at]}; "
            "name it with --known instead, or correct it"
        )
    return constant


def _trimmed(
    names: tuple[str, ...], starts: Times, length: NDArray[np.int64], values: NDArray[np.float64],
    has_row: NDArray[np.bool_], known: dict[str, Column], past: dict[str, Column], static: dict[str, Column],
    frequency: Frequency, clock: Clock, notes: list[str], keep_empty: bool,
) -> tuple[Panel, tuple[int, int, int, int]]:  # fmt: skip
    """Start each series at its first observed value; series without any are dropped, or stay without history."""
    offset = np.cumsum(length) - length
    observed = np.flatnonzero(~np.isnan(values))
    first = np.searchsorted(observed, offset)
    after_last = np.append(first[1:], len(observed))
    alive = np.flatnonzero(after_last > first)
    if not len(alive):
        what = f"series {names[0]!r} has" if len(names) == 1 and names[0] else "all series have"
        raise TableError(f"{what} no value at all: every one is missing; give a table with observed values")
    begin, history = offset.copy(), np.zeros(len(names), np.int64)
    begin[alive] = observed[first[alive]]
    history[alive] = observed[after_last[alive] - 1] + 1 - begin[alive]
    if len(alive) < len(names):
        empty = np.setdiff1d(np.arange(len(names)), alive)
        shown = ", ".join(repr(names[i]) for i in empty[:5]) + (" and more" if len(empty) > 5 else "")
        if keep_empty:
            latest = _later(starts[alive], (begin - offset + history - 1)[alive], frequency).max()
            begin[empty] += np.array([_steps_past(frequency, starts[i], latest) for i in empty])
            notes.append(f"{len(empty)} series without any value, forecast from the other series: {shown}.")
        else:
            notes.append(f"{len(empty)} series without any value left out: {shown}.")
    series = np.arange(len(names)) if keep_empty else alive
    begin, history = begin[series], history[series]
    after = np.maximum(offset[series] + length[series] - begin - history, 0)
    if not known and (after * (history > 0)).any():
        notes.append(
            f"{CUT_OFF} ({int(after.sum()):,} in {int((after > 0).sum()):,} series); "
            "if they hold covariates known for the future, name these with --known."
        )
    kept = history + after if known else history
    offsets = np.append(0, np.cumsum(kept))
    rows = np.repeat(begin - offsets[:-1], kept) + np.arange(offsets[-1])
    in_history = np.arange(offsets[-1]) - np.repeat(offsets[:-1], kept) < np.repeat(history, kept)
    panel = Panel(
        ids=tuple(names[i] or "series" for i in series),
        frequency=frequency,
        starts=_later(starts[series], begin - offset[series], frequency),
        offsets=offsets,
        history=history,
        values=values[rows],
        known={name: column[rows] for name, column in known.items()},
        past={name: column[rows] for name, column in past.items()},
        static={name: column[series] for name, column in static.items()},
        clock=clock,
    )
    missing = np.isnan(panel.values) & in_history
    there = history > 0
    ends = (int((begin - offset[series])[there].sum()), int(after[there].sum()))
    return panel, (int(missing.sum()), int((missing & ~has_row[rows]).sum()), *ends)


def _later(starts: Times, steps: NDArray[np.int64], frequency: Frequency) -> Times:
    later = starts.copy()
    for i in np.flatnonzero(steps):
        later[i] = frequency.range(starts[i], int(steps[i]) + 1)[-1]
    return later


def _steps_past(frequency: Frequency, start: Any, latest: Any) -> int:
    """Return the steps from `start` to the first time later than `latest`; 0 if `start` is later itself."""
    numbers = frequency.positions(np.array([start, latest]))[0]
    steps = max(0, int(numbers[1] - numbers[0]))
    return steps + int(frequency.range(start, steps + 1)[-1] <= latest)

"""Known-future covariates: reading them from a separate table, and checking that they cover the horizon."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretell.errors import SettingsError, TableError
from foretell.forecasting.covariates.word_spellings import flags_as_numbers, meaning
from foretell.forecasting.panel import Column, Panel, with_rows_ahead
from foretell.forecasting.tables.columns import Columns, missing_column
from foretell.forecasting.tables.composite_columns import id_cells, parts_of
from foretell.forecasting.tables.composite_times import time_cells
from foretell.forecasting.tables.roles import find_time
from foretell.forecasting.tables.source import differ, is_missing, read_ids, read_target
from foretell.tables.clock import instants, wall_times
from foretell.tables.enclosing_steps import enclosing_steps
from foretell.tables.grids import Times
from foretell.tables.numerals import is_text, text_of
from foretell.tables.times import check_range, parse_times


def check_future(panel: Panel, horizon: int) -> None:
    """Raise `TableError` unless every known column has a value at each of the `horizon` steps after each history."""
    ahead = np.arange(horizon)
    have = np.diff(panel.offsets) - panel.history
    rows = (panel.offsets[:-1] + panel.history)[:, None] + np.minimum(ahead, np.maximum(have[:, None] - 1, 0))
    for name, column in panel.known.items():
        absent = ahead >= have[:, None]
        if len(column):
            absent |= is_missing(column[np.minimum(rows, len(column) - 1).ravel()]).reshape(rows.shape)
        if absent.any():
            series, step = (int(i) for i in np.argwhere(absent)[0])
            first = panel.frequency.range(panel.starts[series], int(panel.history[series]) + step + 1)[-1]
            raise TableError(
                f"the known column {name!r} has no value for {panel.clock.show(first)} in series "
                f"{panel.ids[series]!r}; all {horizon} steps after the last value need one: append rows with an empty "
                "target, or pass them as a separate table"
            )
    check_words(panel, horizon)


def future_rows(panel: Panel, frame: pl.DataFrame, columns: Columns, horizon: int) -> Panel:
    """Add future rows for `horizon` steps to the panel, with known covariates from a separate table.

    That table has a time column, the known columns, and an id column if they differ from series to series. Raises
    `TableError` if a step of the horizon has no value, naming column, series and date.
    """
    if not panel.known:
        raise SettingsError("a table of future values was given, but no known columns are named; use --known")
    for name in panel.known:
        if name not in frame.columns:
            raise missing_column(name, frame.columns, "known")
    numbers = np.arange(len(frame))
    time = future_time(panel, frame, columns)
    if time is None:
        raise TableError("the table of future values has no column of time stamps; name it with --time or time=")
    target, source = _places(panel, frame, time, columns, numbers, horizon)
    panel = with_rows_ahead(panel, horizon)
    flat = panel.offsets[target[:, 0]] + panel.history[target[:, 0]] + target[:, 1]
    known = {}
    for name, column in panel.known.items():
        fresh = future_cells(column, frame[name], numbers)[source]
        filled = column.copy()
        filled[flat] = fresh
        unlike = differ(filled[flat], fresh)
        if unlike.any():
            at = int(np.argmax(unlike))
            raise TableError(
                f"the table of future values holds two values of {name!r} for one time of series "
                f"{panel.ids[target[at, 0]]!r}: {fresh[at]} in row {source[at] + 2} (the header is row 1) and "
                f"{filled[flat[at]]}; keep one"
            )
        known[name] = filled
    extended = replace(panel, known=known)
    check_future(extended, horizon)
    return extended


def future_cells(column: Column, future: pl.Series, numbers: NDArray[np.int64]) -> Column:
    """Return the future cells in the type of the panel's: numbers or strings."""
    if column.dtype != object:
        words = _text(future) if is_text(future) else None
        flags = flags_as_numbers(words) if words is not None else None
        return read_target(future, numbers) if flags is None else flags
    check_range(future, future.name, numbers)
    if future.dtype.is_float() and bool((future == future.floor()).fill_null(True).all()):
        future = future.cast(pl.Int64, strict=False)
    return _text(future.cast(pl.String))


def _text(future: pl.Series) -> NDArray[np.object_]:
    strings = np.empty(len(future), dtype=object)
    strings[:] = text_of(future).to_list()
    return strings


def check_words(panel: Panel, horizon: int) -> None:
    """Warn (`UserWarning`) of words in the horizon of a known column that do not occur in its history.

    Raises `TableError` if none of them occurs there.
    """
    after = np.arange(panel.offsets[-1]) - np.repeat(panel.offsets[:-1] + panel.history, np.diff(panel.offsets))
    for name, column in panel.known.items():
        if column.dtype != object:
            continue
        past = sorted({str(word) for word in column[after < 0] if word is not None})
        meant = meaning(past)
        ahead = [str(word) for word in column[(after >= 0) & (after < horizon)] if word is not None]
        strange = [word for word in ahead if meant(word) is None]
        if not strange or not past:
            continue
        shown, had = (", ".join(map(repr, list(dict.fromkeys(words))[:5])) for words in (strange, past))
        what = f"the known column {name!r} has future values that never occur in its history: {shown}; "
        what += f"the history has {had}"
        if len(strange) == len(ahead):
            raise TableError(f"{what}. Spell them as in the history")
        warnings.warn(
            f"{what}. {len(strange)} of {len(ahead)} future cells count as unknown", UserWarning, stacklevel=3
        )  # fmt: skip


def _places(
    panel: Panel, frame: pl.DataFrame, time: str, columns: Columns, numbers: NDArray[np.int64], horizon: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return (M, 2), series and step of the horizon, and (M,), the row of the table that holds its values."""
    times = in_panel_time(panel, time_cells(frame, time), time, numbers, columns)
    ids = find_ids(panel, frame, time, columns)
    number, place = panel.frequency.positions(times)
    first, grid = panel.frequency.positions(panel.starts)
    if ids is None:
        series, rows = np.repeat(np.arange(len(panel)), len(frame)), np.tile(numbers, len(panel))
    else:
        names, owner = read_ids(id_cells(frame, ids), numbers)
        index = {name: i for i, name in enumerate(panel.ids)}
        # Rows of series that are not forecast are ignored.
        series = np.array([index.get(name, -1) for name in names], dtype=np.int64)[owner]
        rows = numbers[series >= 0]
        series = series[series >= 0]
    step = number[rows] - first[series] - panel.history[series]
    ahead = (step >= 0) & (step < horizon)
    off = ahead & (place[rows] != grid[series])
    if (off.any() and ids is not None) or (off.any() and not np.any(ahead & ~off)):
        at = int(np.argmax(off))
        raise TableError(
            f"the time {panel.clock.show(times[rows[at]])} in row {rows[at] + 2} (the header is row 1) of the table of "
            f"future values is off the grid of series {panel.ids[series[at]]!r}; correct that row"
        )
    ahead &= ~off
    return np.column_stack([series, step])[ahead], rows[ahead]


def in_panel_time(panel: Panel, column: pl.Series, time: str, numbers: NDArray[np.int64], columns: Columns) -> Times:
    """Return a column of times on the clock of the panel, `datetime64[us]` or int64; those of its steps where rows
    within one step are combined. Raises TableError otherwise."""
    times = _on_clock(panel, column, time, numbers, columns.day_first)
    return times if columns.aggregate is None else enclosing_steps(times, panel.frequency).label


def _on_clock(panel: Panel, column: pl.Series, time: str, numbers: NDArray[np.int64], day_first: bool | None) -> Times:
    parsed = parse_times(column, time, None, numbers, day_first=day_first)
    if (parsed.values.dtype.kind == "M") == panel.frequency.is_integer:
        kind = "integers" if panel.frequency.is_integer else "dates"
        raise TableError(f"the times in column {time!r} of the future values must be {kind}, as in the history")
    clock = panel.clock
    if parsed.zone is not None:
        # Days and open hours are in the time zone of the history, if it has one.
        return parsed.values if clock.zone and not clock.wall else wall_times(parsed.values, clock.zone or parsed.zone)
    if clock.zone is not None and clock.naive:
        return instants(parsed.values, clock.zone)
    if clock.zone is not None and not clock.wall and clock.zone != "UTC":
        raise TableError(
            f"the times in column {time!r} of the future values have no time zone, the history is in "
            f"{clock.zone}; give both in one zone"
        )
    return parsed.values


def future_time(panel: Panel, frame: pl.DataFrame, columns: Columns) -> str | None:
    """Return the time column of a table of future values, or the joint name of several: as named, or detected."""
    if columns.time is not None and parts_of(columns.time, frame.columns):
        return columns.time
    others = tuple(name for name in (*panel.known, *panel.past, *panel.static) if name in frame.columns)
    return find_time(frame, Columns(known=others))


def find_ids(panel: Panel, frame: pl.DataFrame, time: str | None, columns: Columns) -> str | None:
    """Return the column that names the series: as named by the caller, or one that contains the name of a series or is
    called `unique_id`; None if there is none."""
    if columns.id is not None:
        return columns.id if parts_of(columns.id, frame.columns) else None
    ids, stamps = set(panel.ids), parts_of(time or "", frame.columns)
    for name in frame.columns:
        column = frame[name]
        likely = (
            name not in panel.known
            and name not in panel.past
            and name not in stamps
            and (is_text(column) or column.dtype.is_integer())
        )
        if likely and ids & set(column.cast(pl.String).drop_nulls().unique().to_list()):
            return name
    return "unique_id" if "unique_id" in frame.columns else None

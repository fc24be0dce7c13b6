"""Time grid of a table's rows: their frequency and clock; times slightly off the grid are moved onto it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from foretell.errors import SettingsError, TableError
from foretell.forecasting.tables.aggregation import aggregated
from foretell.forecasting.tables.columns import Aggregate
from foretell.forecasting.tables.findings import describe_frequency, open_days
from foretell.forecasting.tables.source import Source, differ
from foretell.tables.clock import Clock, show_time
from foretell.tables.frequency import Frequency
from foretell.tables.frequency_inference import infer_frequency
from foretell.tables.grids import DAY, FixedGrid, Times, WeeklyGrid
from foretell.tables.jittered_times import evened
from foretell.tables.time_zones import told_apart, turned_back
from foretell.tables.weekly_pattern import open_slots

_UTC = ("UTC", "Etc/UTC", "GMT", "Etc/GMT", "Zulu")


def on_grid(
    source: Source, wanted: str | int | None, notes: list[str], aggregate: Aggregate | None = None
) -> tuple[Source, Frequency]:
    """Return the source, sorted by owner and time, on a grid of the frequency `wanted`, or its own, and that frequency;
    in local time if steps are days or longer. Rows within one step are combined as `aggregate` says.
    What was moved, left out or assumed is added to `notes`. Raises `TableError` naming the row that is off the grid,
    `SettingsError` for a frequency that does not fit the times.
    """
    given = Frequency.parse(wanted) if wanted is not None else None
    integer = source.times.dtype.kind != "M"
    if given is not None and given.is_integer != integer:
        what = "integers, so give the step as a whole number" if integer else 'dates, so give one such as "D" or "h"'
        raise SettingsError(f"frequency {wanted!r} does not fit the time column, which holds {what}")
    source = _on_wall_clock(source, given, notes)
    if aggregate is not None:
        source = aggregated(source, given, aggregate, notes)
    if given is None and not integer:
        source = _without_closed_rows(source)
    source, frequency = _settled(source, given, notes)
    _refuse_off_grid(source, frequency)
    if given is None and isinstance(frequency.grid, WeeklyGrid) and "@" in frequency.alias:
        step = frequency.alias.split("@")[0]
        notes.append(
            f"There are values only on {open_days(frequency.alias)}: nothing is forecast in between. "
            f"Give --frequency {step} for a forecast of every {'day' if step == 'D' else 'step'}."
        )
    return source, frequency


def _on_wall_clock(source: Source, given: Frequency | None, notes: list[str]) -> Source:
    zone = source.clock.zone
    if zone is None or zone in _UTC or source.clock.naive:
        return source
    local = source.clock.wall_times(source.times)
    hours = not _is_daily(local, given, _bounds(source))
    if hours and (given is not None or not _has_opening_hours(source, local)):
        return source
    what = "open hours" if hours else "days or longer"
    notes.append(f"Steps are {what}, so times are local times in {zone}.")
    return replace(source, times=local, clock=Clock(zone, wall=True))


def _is_daily(local: Times, given: Frequency | None, bounds: NDArray[np.int64]) -> bool:
    if given is not None:
        return given.is_on_wall_clock
    clock = local.astype(np.int64) % DAY
    if not np.any(clock):
        return True
    if np.any(clock != clock[0]):
        return False
    try:
        return infer_frequency(np.split(local, bounds)).is_on_wall_clock
    except TableError:
        # Presumably days, made uneven by holidays.
        return True


def _has_opening_hours(source: Source, local: Times) -> bool:
    try:
        grid = infer_frequency(np.split(source.times, _bounds(source))).grid
    except TableError:
        return False
    if isinstance(grid, WeeklyGrid):
        grid = FixedGrid(grid.width)
    return isinstance(grid, FixedGrid) and open_slots(local, grid.size) is not None


def _without_closed_rows(source: Source) -> Source:
    """Return the source without rows of weekdays and hours that never have a value."""
    observed = (~np.isnan(source.values)).any(axis=1)
    if observed.all() or not observed.any():
        return source
    filled = source.take(np.flatnonzero(observed))
    try:
        grid = infer_frequency(np.split(filled.times, _bounds(filled))).grid
    except TableError:
        return source
    if not isinstance(grid, WeeklyGrid) or open_slots(filled.times, grid.width) is None:
        return source
    kept = observed | (grid.positions(source.times)[1] >= 0)
    every_series = len(np.unique(source.owner[kept])) == len(np.unique(source.owner))
    return source.take(np.flatnonzero(kept)) if every_series else source


def _settled(source: Source, given: Frequency | None, notes: list[str]) -> tuple[Source, Frequency]:
    """Return the source without jitter in its times, and its frequency."""
    failure = None
    frequency = given
    if given is None:
        try:
            frequency = infer_frequency(np.split(source.times, _bounds(source)))
        except TableError as error:
            failure = error
    if frequency is not None:
        if frequency.is_integer:
            return source, frequency
        for other in (frequency, *frequency.relatives):
            if _lies_on(source, other):
                return source, other if given is None else other.anchored(source.times[0])
    moved = evened(source.times, source.owner, given)
    if moved is None or np.array_equal(moved, source.times):
        if frequency is None:
            assert failure is not None
            raise failure
        return source, frequency
    by = np.abs((moved - source.times).astype(np.int64))
    at = int(np.argmax(by))
    notes.append(
        f"{int(np.sum(by > 0)):,} of {len(by):,} time stamps are slightly off a regular grid and were moved onto "
        f"it, by up to {_duration(int(by[at]))} ({source.stamp(at)} to {source.clock.show(moved[at])})."
    )
    return _settled(replace(source, times=moved), given, notes)


def _duration(ticks: int) -> str:
    for unit, size in (("day", DAY), ("hour", 3_600_000_000), ("minute", 60_000_000), ("second", 1_000_000)):
        if ticks >= size:
            count = f"{ticks / size:.3g}"
            return f"{count} {unit}" + ("" if count == "1" else "s")
    return f"{ticks / 1_000:.3g} ms"


def _bounds(source: Source) -> NDArray[np.int64]:
    return np.flatnonzero(np.diff(source.owner)) + 1


def _lies_on(source: Source, frequency: Frequency) -> bool:
    _, place = frequency.positions(source.times)
    return bool(np.all((np.diff(place) == 0) | (np.diff(source.owner) != 0)) and np.all(place >= 0))


def _refuse_off_grid(source: Source, frequency: Frequency) -> None:
    if _lies_on(source, frequency):
        return
    _, place = frequency.positions(source.times)
    breaks = np.flatnonzero((np.diff(place) != 0) & (np.diff(source.owner) == 0))
    owner = source.owner[breaks[0] if len(breaks) else np.argmin(place)]
    rows = np.flatnonzero(source.owner == owner)
    places, counts = np.unique(place[rows], return_counts=True)
    usual = places[np.argmax(np.where(places < 0, 0, counts))]
    at = int(rows[np.argmax((place[rows] != usual) | (place[rows] < 0))])
    frequency = frequency.anchored(source.times[rows[np.argmax(place[rows] == usual)]])
    series = f" of series {source.names[owner]!r}" if source.names[owner] else ""
    raise TableError(
        f"the time {source.stamp(at)}{series} in row {source.numbers[at] + 2} (the header is row 1) "
        f"is off the grid that the other times lie on, {describe_frequency(frequency.alias)}; correct or drop that "
        "row, give another frequency with --frequency or frequency=, or combine the rows within each step with "
        "--aggregate mean or sum (aggregate=)"
    )


def hours_told_apart(source: Source, notes: list[str]) -> Source:
    """Distinguish local hours that occur twice when clocks are put back, by the order of the rows.

    The source is sorted by owner, time and row. It is returned unchanged unless all times that appear twice with
    different values are in such an hour of one time zone; then its times become UTC instants.
    """
    if source.clock.zone is not None or source.times.dtype.kind != "M":
        return source
    twice = (np.diff(source.times) == np.timedelta64(0, "us")) & (np.diff(source.owner) == 0)
    at = np.flatnonzero(twice)
    unlike = differ(source.values[at], source.values[at + 1]).any(1)
    if not unlike.any() or np.any(np.diff(at) == 1):
        return source
    hours = source.times[at[unlike]]
    in_file = np.argsort(source.numbers)
    steps = np.diff(source.times[in_file].astype(np.int64))[np.diff(source.owner[in_file]) == 0]
    newest_first = np.sum(steps < 0) > np.sum(steps > 0)
    later = np.zeros(len(source.times), dtype=bool)
    later[at if newest_first else at + 1] = True
    for zone in turned_back(hours):
        times = told_apart(source.times, later, zone)
        if times is not None:
            notes.append(
                f"Times such as {show_time(hours[0])} appear twice, since clocks were put back then (as in {zone}); "
                f"the {'lower' if newest_first else 'upper'} row was read as the earlier hour."
            )
            return replace(source, times=times, clock=Clock(zone, naive=True)).sorted()
    return source

"""Times that jitter about an even grid, moved onto it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from foretell.tables.frequency import MICROSECONDS, Frequency
from foretell.tables.frequency_inference import filled_share
from foretell.tables.grids import DAY, WEEK, FixedGrid, MonthGrid, Times

_COUNTS = {
    "us": (1, 2, 5, 10, 20, 50, 100, 200, 500), "ms": (1, 2, 4, 5, 8, 10, 20, 25, 40, 50, 100, 125, 200, 250, 500),
    "s": (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30), "min": (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30),
    "h": (1, 2, 3, 4, 6, 8, 12), "D": (1, 7),
}  # fmt: skip
_ROUND = sorted((count * MICROSECONDS[unit] for unit, counts in _COUNTS.items() for count in counts), reverse=True)
# How far from its grid a time may lie, in steps; and in days, where most times lie on the grid of weeks or months and
# the others are held back by holidays.
_JITTER, _HOLIDAYS_OF_WEEK, _HOLIDAYS_OF_MONTH = 0.25, 3, 4
_MOST = 0.6
# Of two ways to take jitter out, the one with a phase for each series has to be so much better.
_NEARER = 4
# Of the days from the first to the last, so many have a time where days are meant though the clock times vary.
_NEARLY_EVERY_DAY = 0.75


def evened(times: Times, owner: NDArray[np.int64], given: Frequency | None = None) -> Times | None:
    """The times on the even grid that they lie near, no two of a series on one step; None if they lie near none.

    `times`: (T,) `datetime64[us]`, sorted within each series; `owner`: (T,) the series of each, ascending. The grid is
    of the frequency `given`, or of one that people use. A time is moved by at most a quarter of a step; by up to a few
    days where most lie on one grid of weeks or months already; within its step where the step is given or a day.
    """
    if given is None:
        steps = np.diff(times.astype(np.int64))[(np.diff(owner) == 0)]
        steps = steps[steps > 0]
        if not len(steps):
            return None
        usual = float(np.median(steps))
        near = [FixedGrid(size) for size in _ROUND if 0.8 * usual <= size <= 1.25 * usual]
        near.sort(key=lambda grid: abs(grid.size - usual))
        months = [Frequency(alias).grid for alias in ("ME", "MS", "BME", "BMS")] if usual > 2 * WEEK else []
    else:
        grid = given.grid
        near = [grid] if isinstance(grid, FixedGrid) else []
        months = [other.grid for other in (given, *given.relatives)]
    monthly = [grid for grid in months if isinstance(grid, MonthGrid)]
    found = [moved for moved in (_to_months(times, owner, grid) for grid in monthly) if moved is not None]
    if found:
        return min(found, key=lambda moved: int(np.sum(moved != times)))
    for grid in near:
        moved = (_to_weeks if grid.size % WEEK == 0 else _to_phases)(times, owner, grid.size)
        if moved is not None:
            return moved
        if given is not None or grid.size == DAY:
            ticks = times.astype(np.int64)
            floor = (ticks - ticks % grid.size).astype("datetime64[us]")
            enough = given is not None or filled_share(floor, owner) >= _NEARLY_EVERY_DAY
            if DAY % grid.size == 0 and enough and _distinct(floor, times, owner):
                return np.asarray(floor)
    return None


def _to_phases(times: Times, owner: NDArray[np.int64], size: int) -> Times | None:
    """All to one phase; or each series to its own, as of meters that were switched on one by one, where that is far
    nearer."""
    parts = np.split(times.astype(np.int64), np.flatnonzero(np.diff(owner)) + 1)
    own = [moved for moved in (_to_phase(part, size) for part in parts) if moved is not None]
    common = _to_phase(times.astype(np.int64), size) if len(parts) > 1 else None
    ways = [common] if common is not None else []
    ways += [np.concatenate(own)] if len(own) == len(parts) else []
    distinct = [moved for moved in ways if _distinct(moved, times, owner)]
    farthest = [int(np.abs(moved - times).astype(np.int64).max()) for moved in distinct]
    if len(distinct) == 2:
        return distinct[1] if _NEARER * farthest[1] < farthest[0] else distinct[0]
    return distinct[0] if distinct else None


def _to_phase(ticks: NDArray[np.int64], size: int) -> Times | None:
    angle = np.angle(np.mean(np.exp(2j * np.pi * (ticks % size) / size)))
    centre = round(float(angle) / (2 * np.pi) * size)
    off = (ticks - centre + size // 2) % size - size // 2
    low, high = int(off.min()), int(off.max())
    if max(-low, high) > _JITTER * size:
        return None
    # The roundest of the phases about which the times may jitter, or somewhat beyond: clocks lag more than they lead.
    reach = min(2 * (high - low), int(_JITTER * size) - max(-low, high))
    first, last = centre + low - reach, centre + high + reach
    unit = next((unit for unit in _ROUND if size % unit == 0 and last // unit * unit >= first), 1)
    phase = min(max(round(centre / unit) * unit, -(-first // unit) * unit), last // unit * unit)
    return ((ticks - phase + size // 2) // size * size + phase).astype("datetime64[us]")


def _to_weeks(times: Times, owner: NDArray[np.int64], size: int) -> Times | None:
    ticks = times.astype(np.int64)
    places, counts = np.unique(ticks % size, return_counts=True)
    if counts.max() < _MOST * len(ticks):
        return None
    place = int(places[np.argmax(counts)])
    moved = (ticks - place + size // 2) // size * size + place
    near = np.all(np.abs(moved - ticks) <= _HOLIDAYS_OF_WEEK * DAY)
    nearest: Times = moved.astype("datetime64[us]")
    return nearest if near and _distinct(nearest, times, owner) else None


def _to_months(times: Times, owner: NDArray[np.int64], grid: MonthGrid) -> Times | None:
    """To the day that most lie on; the clock must be the same for all."""
    distance = grid.distance(times)
    usual = int(np.median(distance))
    if (grid.anchor != "start" and usual // DAY) or np.mean(distance == usual) < _MOST:
        return None
    if np.any(np.abs(distance - usual) > _HOLIDAYS_OF_MONTH * DAY) or np.any((distance - usual) % DAY):
        return None
    moved: Times = times - (distance - usual).astype("timedelta64[us]")
    return moved if _distinct(moved, times, owner) else None


def _distinct(moved: Times, times: Times, owner: NDArray[np.int64]) -> bool:
    """Whether no two different times of a series have come to lie on one step."""
    same = (np.diff(moved) == np.timedelta64(0, "us")) & (np.diff(owner) == 0)
    return not np.any(same & (np.diff(times) != np.timedelta64(0, "us")))

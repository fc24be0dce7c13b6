"""The frequency that a table's times have, whatever gaps there are in them."""

from __future__ import annotations

from collections.abc import Sequence
from math import gcd
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foretell.errors import TableError
from foretell.tables.frequency import EXAMPLES, MICROSECONDS, Frequency, counted
from foretell.tables.grids import DAY, WEEK, MonthGrid, Times
from foretell.tables.retail_months import retail_alias
from foretell.tables.weekly_pattern import BUSINESS_DAYS, open_slots, pattern_of

# Each kind of monthly grid, and the distances from its day at which times count as belonging to it, in days.
_MONTHLY = (("MS", 0, 28), ("ME", 0, 1), ("MS-30", 0, 1), ("MS-29", 0, 1), ("BME", 0, 1), ("BMS", 0, 1))

_HEAD = 1_000
# Steps that are uneven, and yet the same every week, are nearly all there.
_FILLED = 0.75


def infer_frequency(series: Sequence[Times]) -> Frequency:
    """The frequency that explains the series, whatever gaps they have. Raises `TableError` where none does.

    `series`: sorted times, one array a series, `datetime64[us]` or int64. Differences of zero are passed over.
    """
    filled = [times for times in series if len(times)]
    times = np.concatenate(filled) if filled else np.empty(0, np.int64)
    owner = np.repeat(np.arange(len(filled)), [len(s) for s in filled])
    if times.dtype.kind != "M":
        return Frequency(str(_common_step(times.astype(np.int64), owner)))
    times = times.astype("datetime64[us]")
    monthly = _monthly(times, owner)
    if monthly is not None:
        return monthly
    try:
        return _weekly_or_fixed(times, _common_step(times.astype(np.int64), owner))
    except TableError:
        retail = retail_alias(times, owner)
        if retail is not None:
            return Frequency(retail)
        # The steps of a week may be uneven and yet the same every week.
        steps = np.diff(times.astype(np.int64))[np.diff(owner) == 0]
        step = gcd(*(int(size) for size in np.unique(steps[steps > 0])))
        if step < MICROSECONDS["min"] or open_slots(times, step) is None:
            raise
        frequency = _weekly_or_fixed(times, step)
        number = np.unique(frequency.positions(times)[0])
        if len(number) < _FILLED * (number[-1] - number[0] + 1):
            raise
        return frequency


def _monthly(times: Times, owner: NDArray[np.int64]) -> Frequency | None:
    # Most tables show in their first rows that they are not monthly; to look at all of them takes long.
    if not _one_a_month(times[:_HEAD], owner[:_HEAD]) or not _one_a_month(times, owner):
        return None
    month = _months(times)
    for alias, nearest, farthest in _MONTHLY:
        grid = Frequency(alias).grid
        assert isinstance(grid, MonthGrid)
        distance = grid.distance(times)
        near = np.all((distance >= nearest * DAY) & (distance < farthest * DAY))
        if near and _constant(distance, owner):
            months = _common_step(month, owner)
            return Frequency(f"{counted(months)}{alias}").anchored(_usual(times, month % months))
    return None


def _weekly_or_fixed(times: Times, step: int) -> Frequency:
    slots = open_slots(times, step)
    if step == DAY and _is_business(times) and (slots is None or slots == BUSINESS_DAYS):
        return Frequency("B")
    if step % WEEK == 0:
        return Frequency(f"{counted(step // WEEK)}W").anchored(_usual(times, times.astype(np.int64) // DAY % 7))
    unit = next(unit for unit in reversed(MICROSECONDS) if step % MICROSECONDS[unit] == 0)
    alias = f"{counted(step // MICROSECONDS[unit])}{unit}"
    return Frequency(alias if slots is None else f"{alias}@{pattern_of(slots, step)}")


def _constant(place: NDArray[np.int64], owner: NDArray[np.int64]) -> bool:
    return bool(np.all((np.diff(place) == 0) | (np.diff(owner) != 0)))


def _one_a_month(times: Times, owner: NDArray[np.int64]) -> bool:
    """Whether no series has two different times in one month."""
    same = (np.diff(owner) == 0) & (np.diff(_months(times)) == 0)
    return not bool(np.any(same & (np.diff(times.astype(np.int64)) != 0)))


def _months(times: Times) -> NDArray[np.int64]:
    return times.astype("datetime64[M]").astype(np.int64)


def _usual(times: Times, place: NDArray[np.int64]) -> Any:
    """A time on the grid that most times lie on."""
    kinds, first, count = np.unique(place, return_index=True, return_counts=True)
    return times[first[np.argmax(count)]] if len(kinds) else times[0]


def _is_business(times: Times) -> bool:
    days = times.astype("datetime64[D]")
    weekday = (days.astype(np.int64) + 3) % 7
    return not np.any(weekday > 4) and bool(days.max() - days.min() >= np.timedelta64(5, "D"))


def _common_step(ticks: NDArray[np.int64], owner: NDArray[np.int64]) -> int:
    """The step of a grid that holds nearly all ticks: the commonest difference, or what divides all of them."""
    differences = np.diff(ticks)[np.diff(owner) == 0]
    sizes, counts = np.unique(differences[differences > 0], return_counts=True)
    if not len(sizes):
        raise TableError(
            "the frequency cannot be inferred: no series has two different times; "
            f"give it with --frequency or frequency=, such as {EXAMPLES}"
        )
    total = counts.sum()
    commonest = int(sizes[np.argmax(counts)])
    divisor = gcd(*(int(size) for size in sizes))
    if divisor == commonest or counts[sizes == divisor].sum() >= 0.05 * total:
        return divisor
    if counts[sizes % commonest == 0].sum() >= 0.9 * total and counts.max() >= 0.5 * total:
        return commonest
    raise TableError(
        f"the frequency cannot be inferred: the times are not evenly spaced (the commonest of {total} differences "
        f"makes up {counts.max() / total:.0%}); give it with --frequency or frequency=, such as {EXAMPLES}, "
        "and with it --aggregate mean or sum (aggregate=) if several rows may fall into one step"
    )


def filled_share(times: Times, owner: NDArray[np.int64] | None = None) -> float:
    """Of the steps between the first and the last time of each series, the share that has a time; 0 without a step.

    `owner`: (T,) the series that each time belongs to, all to one by default.
    """
    owner = np.zeros(len(times), np.int64) if owner is None else owner
    order = np.lexsort((times, owner))
    times, bounds = times[order], np.flatnonzero(np.diff(owner[order])) + 1
    try:
        numbers = np.split(infer_frequency(np.split(times, bounds)).positions(times)[0], bounds)
    except TableError:
        return 0.0
    filled = sum(len(np.unique(number)) for number in numbers)
    return round(filled / sum(int(number[-1] - number[0]) + 1 for number in numbers), 3)

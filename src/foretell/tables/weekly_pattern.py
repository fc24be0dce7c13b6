"""Which days of the week, and which hours of them, a table has: written as text, read again, and found in times."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from foretell.tables.grids import DAY, SECOND, WEEK, Times, WeeklyGrid

WEEKDAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
BUSINESS_DAYS = tuple(day * DAY for day in range(5))

_DAYS = r"[A-Z]{3}(?:-[A-Z]{3})?(?:\+[A-Z]{3}(?:-[A-Z]{3})?)*"
_CLOCK = r"[0-9]{2}:[0-9]{2}(?::[0-9]{2})?"
_HOURS = rf"{_CLOCK}(?:-{_CLOCK})?(?:\+{_CLOCK}(?:-{_CLOCK})?)*"
_GROUP = re.compile(rf"(?:({_DAYS})(?:/({_HOURS}))?|({_HOURS}))")
# A slot that was never seen is closed if it came up so often that this is no chance, as often as others are empty.
_FEWEST, _CHANCE = 3, 0.001
# Hours of which so small a part is closed are hours with gaps.
_LEAST_CLOSED = 1 / 14


def slots_of(pattern: str, step: int) -> tuple[int, ...] | None:
    """The open slots of a pattern such as `MON-SAT` or `MON-FRI/09:00-17:00,SAT/09:00-12:00`, as in `WeeklyGrid`.

    Hours name the first and the last slot of each stretch; `step` is what lies between. None where it is no pattern.
    """
    slots: set[int] = set()
    for group in pattern.split(","):
        match = _GROUP.fullmatch(group)
        if match is None:
            return None
        days = _run(match[1], WEEKDAYS) if match[1] else range(7)
        hours = match[2] or match[3]
        if days is None or (hours is None) != (step == DAY):
            return None
        clocks: list[int] = [0]
        if hours is not None:
            clocks = []
            for stretch in hours.split("+"):
                first, last = (_ticks(clock) for clock in (stretch.split("-") * 2)[:2])
                if not first <= last < DAY:
                    return None
                clocks.extend(range(first, last + 1, step))
        slots.update(day * DAY + clock for day in days for clock in clocks)
    ordered = tuple(sorted(slots))
    return ordered if min(np.diff((*ordered, ordered[0] + WEEK)), default=0) >= step else None


def pattern_of(slots: tuple[int, ...], step: int) -> str:
    """The pattern that `slots_of` reads as these slots."""
    days: dict[tuple[int, ...], list[int]] = {}
    for day in range(7):
        clocks = tuple(slot - day * DAY for slot in slots if slot // DAY == day)
        if clocks:
            days.setdefault(clocks, []).append(day)
    groups = []
    for clocks, members in days.items():
        names = "+".join(_span([WEEKDAYS[day] for day in run]) for run in _runs(members, 1))
        hours = "+".join(_span([_clock(clock) for clock in run]) for run in _runs(list(clocks), step))
        groups.append(names if step == DAY else hours if len(members) == 7 else f"{names}/{hours}")
    return ",".join(groups)


def open_slots(times: Times, step: int) -> tuple[int, ...] | None:
    """The slots of the week that times `step` microseconds apart ever fall in, as in `WeeklyGrid`.

    None where no slot stays empty, or where that may be chance since few came up or others are often empty too.
    """
    if DAY % step or not len(times):
        return None
    ticks = np.unique(times.astype("datetime64[us]").astype(np.int64)) + 3 * DAY
    phase = int(ticks[0] % step)
    number, place = np.divmod(ticks - phase, step)
    if np.any(place):
        return None
    per_week = WEEK // step
    slot = number % per_week
    seen = np.bincount(slot, minlength=per_week)
    due = _due(int(number[0]), int(number[-1]), per_week)
    closed = seen == 0
    if not _LEAST_CLOSED <= closed.mean() < 1 - 1 / per_week or due[closed].min() < _FEWEST:
        return None
    empty = 1 - seen.sum() / due[~closed].sum()
    if per_week * empty ** due[closed].min() > _CHANCE:
        return None
    # The clock of days lies within their slots; that of shorter steps is part of them.
    phase = 0 if step == DAY else phase
    if phase % SECOND or step % SECOND:
        return None
    return tuple(int(k) * step + phase for k in np.flatnonzero(~closed))


def weekly_grid(pattern: str, step: int, count: int = 1) -> WeeklyGrid | None:
    """The grid of a pattern, None where it is none."""
    slots = slots_of(pattern, step)
    return None if slots is None else WeeklyGrid(slots, step, count)


def _due(first: int, last: int, per_week: int) -> NDArray[np.int64]:
    """How often each slot of the week comes up from slot number `first` to `last`."""
    due = np.full(per_week, (last - first + 1) // per_week, np.int64)
    rest = (last - first + 1) % per_week
    due[(first + np.arange(rest)) % per_week] += 1
    return due


def _run(days: str, names: tuple[str, ...]) -> list[int] | None:
    found: list[int] = []
    for part in days.split("+"):
        ends = part.split("-")
        if any(end not in names for end in ends):
            return None
        first, last = names.index(ends[0]), names.index(ends[-1])
        found.extend((first + k) % 7 for k in range((last - first) % 7 + 1))
    return found


def _runs(numbers: list[int], step: int) -> list[list[int]]:
    runs = [[numbers[0]]]
    for number in numbers[1:]:
        if number == runs[-1][-1] + step:
            runs[-1].append(number)
        else:
            runs.append([number])
    return runs


def _span(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]}-{names[-1]}"


def _clock(ticks: int) -> str:
    seconds = ticks // SECOND
    text = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}"
    return text + (f":{seconds % 60:02d}" if seconds % 60 else "")


def _ticks(clock: str) -> int:
    parts = [*(int(part) for part in clock.split(":")), 0][:3]
    return (parts[0] * 3600 + parts[1] * 60 + parts[2]) * SECOND

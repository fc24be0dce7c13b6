"""Joining: new rows are put behind the series that a model was fitted to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foretell.errors import TableError
from foretell.forecasting.covariates.covariates import in_type
from foretell.forecasting.panel import Column, Panel, absent_like
from foretell.forecasting.tables.source import differ, is_missing

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_MOST_REVISED = 0.5
"""If more of the values that both tables have are different, and most of these by more than a series usually changes
from row to row, the tables are of different things."""
_LONGEST_GAP = 1000
"""Number of steps without a row that is always allowed, however short a series is."""
_SHOWN = 3


@dataclass(frozen=True)
class Joined:
    """Series that go on."""

    panel: Panel
    """The series of the model, in their order, then the new ones."""
    before: Integers
    """(N,) rows of each history that the model was fitted to; 0 for a new series."""
    revised: int
    """Number of values of the histories that have changed, or were missing."""
    sentences: tuple[str, ...]
    """What was joined, in words."""

    @property
    def count(self) -> int:
        """Number of values after the histories that the model was fitted to, those of new series included."""
        rows = np.arange(self.panel.offsets[-1]) - np.repeat(self.panel.offsets[:-1], np.diff(self.panel.offsets))
        late = rows >= np.repeat(self.before, np.diff(self.panel.offsets))
        return int((late & ~np.isnan(self.panel.values)).sum())


def joined_in_time(old: Panel, new: Panel, *, numbered: bool = False) -> Joined:
    """Join the series of two panels of one frequency by their ids.

    Values that both have may differ, unless rows are `numbered` for lack of times: the new one holds, and a sentence
    says which they are. Raises TableError for new rows before a history or on another grid, for a gap that is longer
    than the history before it, if most of the values that both have differ, and for columns that are absent or static
    and have changed.
    """
    _require_alike(old, new)
    place = {name: i for i, name in enumerate(old.ids)}
    own = {place[name]: j for j, name in enumerate(new.ids) if name in place}
    fresh = [j for j, name in enumerate(new.ids) if name not in place]
    shifts = _shifts(old, new, own)
    rows = np.diff(old.offsets)
    totals = rows.copy()
    history = old.history.copy()
    for i, j in own.items():
        totals[i] = max(rows[i], shifts[i] + new.offsets[j + 1] - new.offsets[j])
        history[i] = max(history[i], shifts[i] + new.history[j])
    more = np.diff(new.offsets)[fresh]
    offsets = np.append(0, np.cumsum([*totals, *more]))
    total = int(offsets[-1])
    from_old = _rows(offsets[: len(old)], old.offsets[:-1], rows)
    parts = [(offsets[i] + shifts[i], new.offsets[j], new.offsets[j + 1] - new.offsets[j]) for i, j in own.items()]
    parts += [(offsets[len(old) + k], new.offsets[j], more[k]) for k, j in enumerate(fresh)]
    from_new = _rows(*(np.array([part[k] for part in parts], dtype=np.int64) for k in range(3)))
    values = _placed(old.values, new.values, from_old, from_new, total)
    touched = np.zeros(total, dtype=bool)
    touched[from_new[0][~np.isnan(new.values[from_new[1]])]] = True
    revised, corrections = _revised(old, values[from_old[0]], touched[from_old[0]], from_old[1], numbered)
    known, past = (
        {
            name: _placed(column, _column(name, added, column), from_old, from_new, total)
            for name, column in columns.items()
        }
        for columns, added in ((old.known, new.known), (old.past, new.past))
    )
    panel = replace(
        old,
        ids=(*old.ids, *(new.ids[j] for j in fresh)),
        starts=np.concatenate([old.starts, new.starts[fresh]]),
        offsets=offsets,
        history=np.concatenate([history, new.history[fresh]]),
        values=values,
        known=known,
        past=past,
        static={name: _static(name, old, new, own, fresh) for name in old.static},
    )
    before = np.concatenate([old.history, np.zeros(len(fresh), np.int64)])
    gaps = _gaps(panel, before)
    joined = Joined(panel, before, revised, ())
    longer = [i for i in own if history[i] > old.history[i]]
    if not joined.count:
        return replace(joined, sentences=("No value is new.", *corrections))
    lines = [f"{_counted(joined.count, 'new value')} in {_counted(len(longer) + len(fresh), 'series', 'series')}."]
    if len(longer) < len(old):
        lines.append(f"{_counted(len(old) - len(longer), 'series', 'series')} of the model brought nothing new.")
    if fresh:
        lines.append(f"{_counted(len(fresh), 'series', 'series')} new to the model: {_listed(panel.ids[len(old) :])}.")
    if gaps:
        lines.append(f"{_counted(gaps, 'step')} between the history and the new rows without a value stay missing.")
    return replace(joined, sentences=(*lines, *corrections))


def _require_alike(old: Panel, new: Panel) -> None:
    if old.starts.dtype.kind != new.starts.dtype.kind:
        kinds = {"M": "dates", "i": "numbers"}
        raise TableError(
            f"the times of these rows are {kinds[new.starts.dtype.kind]}, but those that the model was fitted to are "
            f"{kinds[old.starts.dtype.kind]}: name the column of the times with --time"
        )
    one, other = old.clock, new.clock
    alike = one.zone == other.zone or (one.zone and other.zone and not (one.wall or other.wall))
    if not alike:
        raise TableError(
            f"the times of these rows are in {other.zone or 'no time zone'}, but those that the model was fitted to in "
            f"{one.zone or 'none'}: convert them"
        )


def _shifts(old: Panel, new: Panel, own: Mapping[int, int]) -> dict[int, int]:
    """Return the row of each old series at which the new rows begin."""
    here, there = list(own), list(own.values())
    first, place = old.frequency.positions(old.starts[here])
    second, other = old.frequency.positions(new.starts[there])
    for k, (i, j) in enumerate(own.items()):
        begins, history = new.clock.show(new.starts[j]), old.clock.show(old.starts[i])
        if place[k] != other[k]:
            raise TableError(
                f"the series {old.ids[i]!r} goes on at {begins}, which is not a whole number of steps after {history}, "
                "where its history begins: correct the times"
            )
        if second[k] < first[k]:
            raise TableError(
                f"the series {old.ids[i]!r} has a row at {begins}, before {history}, where its history begins: an "
                "update takes what came since; fit a new model to a table that begins earlier"
            )
        gap = int(second[k] - first[k] - old.history[i])
        if gap > max(_LONGEST_GAP, int(old.history[i])):
            last = old.clock.show(old.times(i, int(old.history[i]))[-1])
            raise TableError(
                f"the series {old.ids[i]!r} goes on at {begins}, {gap:,} steps after {last}, where its history ends: "
                "correct the times, or fit a new model"
            )
    return dict(zip(here, (second - first).tolist(), strict=True))


def _rows(to: Integers, first: Integers, count: Integers) -> tuple[Integers, Integers]:
    """Return where rows go and where they come from, for parts of `count` rows."""
    within = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
    return np.repeat(to, count) + within, np.repeat(first, count) + within


def _placed(
    old: Any, new: Any, from_old: tuple[Integers, Integers], from_new: tuple[Integers, Integers], total: int
) -> Any:
    """Return the old rows and, wherever they have something, the new ones."""
    column = absent_like(old, total)
    column[from_old[0]] = old[from_old[1]]
    there = ~is_missing(new[from_new[1]])
    column[from_new[0][there]] = new[from_new[1][there]]
    return column


def _column(name: str, columns: Mapping[str, Column], like: Column) -> Column:
    if name not in columns:
        raise TableError(f"column {name!r} is missing: the model was trained with it; the new rows must have it too")
    return in_type(name, columns[name], text=like.dtype == object)


def _static(name: str, old: Panel, new: Panel, own: Mapping[int, int], fresh: list[int]) -> Column:
    """Return a static column of all series. Raises TableError if it has changed."""
    column = _column(name, new.static, old.static[name])
    then = old.static[name].copy()
    here, there = list(own), list(own.values())
    known, said = ~is_missing(then[here]), ~is_missing(column[there])
    changed = np.flatnonzero(known & said & differ(then[here], column[there]))
    if len(changed):
        i, j = here[changed[0]], there[changed[0]]
        raise TableError(
            f"the static column {name!r} of series {old.ids[i]!r} was {then[i]} and is now {column[j]}: correct it, or "
            "fit a new model"
        )
    for k in np.flatnonzero(~known & said):
        then[here[k]] = column[there[k]]
    joined: Column = np.concatenate([then, column[fresh]])
    return joined


def _revised(
    old: Panel, now: Floats, touched: NDArray[np.bool_], rows: Integers, numbered: bool
) -> tuple[int, list[str]]:
    """Return how many values of the old `rows` have changed or were missing, and sentences on them; each (R,) of these
    rows.

    Raises TableError if most of those that were `touched` have changed a lot, or any has where rows are `numbered`.
    """
    then = old.values[rows]
    compared = touched & ~np.isnan(then)
    changed = np.flatnonzero(compared & (now != then))
    shown = []
    for k in changed[:_SHOWN]:
        i = int(np.searchsorted(old.offsets, rows[k], side="right")) - 1
        time = old.clock.show(old.times(i, int(rows[k] - old.offsets[i]) + 1)[-1])
        shown.append(f"{then[k]:.10g} became {now[k]:.10g} in series {old.ids[i]!r} at {time}")
    which = "; ".join(shown) + (f"; and {len(changed) - _SHOWN:,} more" if len(changed) > _SHOWN else "")
    if len(changed) and numbered:
        raise TableError(
            "rows without times are counted from the first, and these differ from those that the model was fitted to "
            f"({which}): give the whole table, or add a column of times"
        )
    if len(changed) > max(1, _MOST_REVISED * compared.sum()) and _are_far(old, now, rows, changed):
        raise TableError(
            f"{len(changed):,} of {int(compared.sum()):,} values that the model was fitted to are others in these rows "
            f"({which}): is this another table? If they were corrected, fit a new model"
        )
    history = np.arange(len(old.values)) - np.repeat(old.offsets[:-1], np.diff(old.offsets))
    within = (history < np.repeat(old.history, np.diff(old.offsets)))[rows]
    late = int((within & np.isnan(then) & touched).sum())
    lines = [f"{_counted(late, 'value')} missing from the history came later."] if late else []
    if len(changed):
        lines.append(f"{_counted(len(changed), 'value')} of the history changed: {which}.")
    return len(changed) + late, lines


def _are_far(old: Panel, now: Floats, rows: Integers, changed: Integers) -> bool:
    """Return whether values have changed by more than their series usually changes from row to row."""
    owner = np.searchsorted(old.offsets, rows[changed], side="right") - 1
    usual = np.ones(len(old))
    for i in np.unique(owner):
        steps = np.diff(old.series(i)[~np.isnan(old.series(i))])
        usual[i] = np.abs(steps).mean() if len(steps) else 0.0
    return bool(np.median(np.abs(now[changed] - old.values[rows[changed]]) - usual[owner]) > 0)


def _gaps(panel: Panel, before: Integers) -> int:
    """Return the number of steps between the histories and the first new values of their series."""
    total = 0
    for i in np.flatnonzero((before > 0) & (panel.history > before)):
        late = panel.series(int(i))[before[i] :]
        total += int(np.argmax(~np.isnan(late)))
    return total


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:_SHOWN])
    return shown + (f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else "")


def _counted(count: int, noun: str, plural: str | None = None) -> str:
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"

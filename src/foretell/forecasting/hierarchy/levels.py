"""The series of the upper levels of a hierarchy: sums of those below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from foretell.forecasting.hierarchy.columns import level_name
from foretell.forecasting.hierarchy.reconciliation import Sums
from foretell.forecasting.panel import Column, Panel

TOTAL = "total"


@dataclass(frozen=True)
class Hierarchy:
    """Which series add up to which."""

    levels: tuple[str, ...]
    """Columns from the top down."""
    members: Mapping[str, tuple[str, ...]]
    """Series of the upper levels, from the top down -> the series of the lowest level that it is the sum of."""

    def sums(self, ids: Sequence[str]) -> Sums:
        """Return which of the series `ids` add up to which."""
        place = {name: i for i, name in enumerate(ids)}
        upper = [name for name in ids if name in self.members]
        matrix = np.zeros((len(upper), len(ids)))
        for row, name in enumerate(upper):
            matrix[row, [place[member] for member in self.members[name]]] = 1
        return Sums(matrix, np.array([place[name] for name in upper], dtype=np.int64))

    def without_incomplete(self, panel: Panel, before: Panel) -> Panel:
        """Return the panel without the sums of values that it lacks, but the panel `before` it had."""
        gone = np.isnan(panel.values) & ~np.isnan(before.values)
        place = {name: i for i, name in enumerate(panel.ids)}
        numbers, values = panel.frequency.positions(panel.starts)[0], panel.values.copy()
        for name, members in self.members.items():
            for i in (place[member] for member in members):
                rows = np.flatnonzero(gone[panel.offsets[i] : panel.offsets[i + 1]])
                values[panel.offsets[place[name]] + rows + numbers[i] - numbers[place[name]]] = np.nan
        return replace(panel, values=values)

    def sentence(self, lowest: int) -> str:
        """A sentence that says how many series there are."""
        return f"{lowest:,} series add up to {len(self.members):,} of higher levels ({' > '.join(self.levels)})."


def with_levels(panel: Panel, levels: tuple[str, ...]) -> tuple[Panel, Hierarchy]:
    """Add the series of the upper levels in front; the static columns of the levels are taken away.

    A sum has a value where each of its series has one. Before a series begins and after its last value it adds nothing.
    Numeric covariates are averaged; words stay where all series agree.
    """
    cells = [panel.static[level_name(name)] for name in levels]
    static = {name: column for name, column in panel.static.items() if name not in map(level_name, levels)}
    panel = replace(panel, static=static)
    paths = [tuple(str(column[i]) for column in cells) for i in range(len(panel))]
    groups: dict[tuple[str, ...], list[int]] = {}
    # Where each series is alone in its place at the lowest level, that level is there already.
    depths = len(levels) + (len(set(paths)) < len(paths))
    for depth in range(depths):
        for i, path in enumerate(paths):
            groups.setdefault(path[:depth], []).append(i)
    # The total of a single series says nothing new.
    groups = {path: members for path, members in groups.items() if len(members) > 1 or path}
    members: dict[str, tuple[str, ...]] = {}
    taken = set(panel.ids)
    for path, own in groups.items():
        name = "/".join(path) or TOTAL
        while name in taken:
            name = f"{levels[len(path) - 1] if path else 'all'} {name}"
        taken.add(name)
        members[name] = tuple(panel.ids[i] for i in own)
    sums = [_summed(panel, np.array(own)) for own in groups.values()]
    return _joined(panel, list(members), sums), Hierarchy(levels, members)


@dataclass(frozen=True)
class _Sum:
    start: np.datetime64 | np.int64
    history: int
    values: NDArray[np.float64]
    known: dict[str, Column]
    past: dict[str, Column]
    static: dict[str, object]


def _summed(panel: Panel, own: NDArray[np.int64]) -> _Sum:
    numbers = panel.frequency.positions(panel.starts[own])[0]
    shift = numbers - numbers.min()
    length = np.diff(panel.offsets)[own]
    rows = int((shift + length).max())
    history = int((shift + panel.history[own]).max())
    values = np.zeros(rows)
    for first, i in zip(shift, own, strict=True):
        values[first : first + panel.history[i]] += panel.series(int(i))
    values[history:] = np.nan
    known, past = (
        {name: _together(column, panel, own, shift, rows) for name, column in columns.items()}
        for columns in (panel.known, panel.past)
    )
    static: dict[str, object] = {}
    for name, column in panel.static.items():
        cells = column[own]
        if cells.dtype == object:
            static[name] = cells[0] if len(set(cells)) == 1 else None
        else:
            static[name] = _mean(cells.astype(np.float64)[:, None])[0]
    return _Sum(panel.starts[own][int(np.argmin(numbers))], history, values, known, past, static)


def _together(column: Column, panel: Panel, own: NDArray[np.int64], shift: NDArray[np.int64], rows: int) -> Column:
    words = column.dtype == object
    wide = np.full((len(own), rows), None if words else np.nan, dtype=object if words else np.float64)
    for k, (first, i) in enumerate(zip(shift, own, strict=True)):
        cells = column[panel.offsets[i] : panel.offsets[i + 1]]
        wide[k, first : first + len(cells)] = cells
    if not words:
        return _mean(wide.astype(np.float64))
    shared: Column = np.full(rows, None, dtype=object)
    for row in range(rows):
        found = {cell for cell in wide[:, row] if cell is not None}
        shared[row] = found.pop() if len(found) == 1 else None
    return shared


def _mean(wide: NDArray[np.float64]) -> NDArray[np.float64]:
    seen = ~np.isnan(wide)
    count = seen.sum(0)
    mean: NDArray[np.float64] = np.divide(
        np.where(seen, wide, 0).sum(0), count, out=np.full(wide.shape[1], np.nan), where=count > 0
    )
    return mean


def _joined(panel: Panel, names: list[str], sums: list[_Sum]) -> Panel:
    length = np.array([*(len(s.values) for s in sums), *np.diff(panel.offsets)], dtype=np.int64)
    return replace(
        panel,
        ids=(*names, *panel.ids),
        starts=np.concatenate([np.array([s.start for s in sums], dtype=panel.starts.dtype), panel.starts]),
        offsets=np.append(0, np.cumsum(length)),
        history=np.concatenate([np.array([s.history for s in sums], dtype=np.int64), panel.history]),
        values=np.concatenate([*(s.values for s in sums), panel.values]),
        known={name: np.concatenate([*(s.known[name] for s in sums), column]) for name, column in panel.known.items()},
        past={name: np.concatenate([*(s.past[name] for s in sums), column]) for name, column in panel.past.items()},
        static={
            name: np.concatenate([np.array([s.static[name] for s in sums], dtype=column.dtype), column])
            for name, column in panel.static.items()
        },
    )

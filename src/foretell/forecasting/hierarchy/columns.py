"""The columns of a hierarchy, from the top down: read from text, checked in a table, and read with its series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import polars as pl

from foretell.errors import SettingsError, TableError
from foretell.forecasting.tables.columns import Columns, missing_column
from foretell.forecasting.tables.composite_columns import joined_name, parts_of
from foretell.tables.numerals import is_text, text_of

_SIGN = ">"


def level_columns(hierarchy: str | Sequence[str]) -> tuple[str, ...]:
    """Return the columns of `region > shop > item`, or of a list. Raises SettingsError for one empty or named twice."""
    names = hierarchy.split(_SIGN) if isinstance(hierarchy, str) else list(hierarchy)
    names = [name.strip() for name in names]
    if not all(names):
        raise SettingsError(
            f"hierarchy is {hierarchy!r}: it names columns from the top down, such as region > shop > item"
        )
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise SettingsError(f"hierarchy is {hierarchy!r}: it goes round in a circle, back to {twice!r}; name each once")
    return tuple(names)


def level_name(column: str) -> str:
    """Return the name under which the cells of a level are read along with each series."""
    return f"level {column}"


def with_level_cells(frame: pl.DataFrame, columns: Columns) -> tuple[pl.DataFrame, Columns]:
    """Add a copy of each level's column, as a static one, and name the series by all levels unless the id is named.

    Raises TableError for a column that does not exist, a row without the cell of a level, and names that lie in each
    other.
    """
    levels = columns.hierarchy
    if not levels:
        return frame, columns
    for name in levels:
        if name not in frame.columns:
            raise missing_column(name, frame.columns, "hierarchy")
    cells = frame.select(_words(frame[name]).alias(level_name(name)) for name in levels)
    _refuse_orphans(cells, levels)
    _refuse_cycles(cells.unique(maintain_order=True), frame, levels)
    named = columns.id if columns.id is not None and parts_of(columns.id, frame.columns) else joined_name(levels)
    _refuse_two_parents(frame, cells, levels, named)
    static = (*columns.static, *map(level_name, levels))
    return frame.with_columns(cells), replace(columns, id=named, static=static, layout="long")


def _words(cells: pl.Series) -> pl.Series:
    text = text_of(cells) if is_text(cells) else cells.cast(pl.String)
    return text.str.strip_chars().replace({"": None})


def _refuse_orphans(cells: pl.DataFrame, levels: tuple[str, ...]) -> None:
    for upper in levels:
        absent = cells[level_name(upper)].is_null()
        if absent.any():
            row = int(absent.arg_max() or 0)
            others = [f"{name} {cells[row, level_name(name)]!r}" for name in levels if cells[row, level_name(name)]]
            raise TableError(
                f"the hierarchy has an orphan: row {row + 2} (the header is row 1), {', '.join(others) or 'empty'}, "
                f"has no {upper}; fill that cell in"
            )


def _refuse_cycles(cells: pl.DataFrame, frame: pl.DataFrame, levels: tuple[str, ...]) -> None:
    """Raise TableError if a name lies, through others, in itself; numbers of levels may well repeat."""
    if not all(is_text(frame[name]) for name in levels):
        return
    below: dict[str, set[str]] = {}
    for path in cells.iter_rows():
        for parent, child in pairwise(path):
            if parent != child and not child.isdigit():
                below.setdefault(parent, set()).add(child)
    done: set[str] = set()
    for start in below:
        trail: list[str] = []
        todo = [(start, 0)]
        while todo:
            name, depth = todo.pop()
            del trail[depth:]
            if name in trail:
                circle = " > ".join(map(repr, [*trail[trail.index(name) :], name]))
                raise TableError(f"the hierarchy goes round in a circle: {circle}; correct one of these names")
            if name in done:
                continue
            trail.append(name)
            todo += [(child, depth + 1) for child in sorted(below.get(name, ()))]
            if not below.get(name):
                done.add(name)
        done.add(start)


def _refuse_two_parents(frame: pl.DataFrame, cells: pl.DataFrame, levels: tuple[str, ...], named: str) -> None:
    parts = parts_of(named, frame.columns)
    if set(levels) <= set(parts):
        return
    rows = pl.concat([frame.select(parts), cells], how="horizontal").unique()
    for name in map(level_name, levels):
        several = (
            rows.group_by(parts, maintain_order=True)
            .agg(pl.col(name).unique().sort())
            .filter(pl.col(name).list.len() > 1)
        )
        if len(several):
            own = "/".join(str(cell) for cell in several.row(0)[:-1])
            found = " and ".join(map(repr, several[name][0].to_list()[:3]))
            raise TableError(
                f"the series {own!r} lies in {found} of {name.removeprefix('level ')}, but in a hierarchy everything "
                f'has one parent; name the series by its levels: --id "{joined_name(levels)}"'
            )

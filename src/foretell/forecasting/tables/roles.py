"""Roles of the columns of a table: as named by the caller, otherwise detected."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from foretell.errors import SettingsError, TableError
from foretell.forecasting.tables.cell_kinds import is_numeric, is_row_number, is_whole, is_words, tells_days
from foretell.forecasting.tables.column_names import (
    TARGET_NAMES,
    TIME_NAMES,
    identifies,
    measures,
    tells_the_calendar,
    usual_name,
)
from foretell.forecasting.tables.columns import Columns, Roles, missing_column
from foretell.forecasting.tables.composite_columns import joined_name, parts_of
from foretell.forecasting.tables.composite_times import ends_of_hours, part_of_time
from foretell.forecasting.tables.identity import Identity, find_identity, find_repeated_identity
from foretell.forecasting.tables.series_in_rows import SeriesInRows, find_series_in_rows
from foretell.forecasting.tables.time_columns import is_decimal_year, is_surely_time, joined_time, time_column

_MOST_CALENDAR = 54


def find_roles(table: pl.DataFrame, columns: Columns) -> Roles:
    """Find the role of each column from the caller's names, the columns' names and their cells. Raises `TableError`."""
    _check(table, columns)
    time, identity = _time_and_identity(table, columns)
    _refuse_covariates(table, columns, time, identity)
    if columns.layout == "long" and identity is None and time is None:
        raise TableError("long layout needs a time column; name it with --time or time=")
    if columns.layout != "long" and time is None and not columns.targets:
        free = [name for name in table.columns if name not in columns.covariates]
        rows = find_series_in_rows(table, free, columns.id)
        if rows:
            return _rows(table, columns, rows)
    layout = columns.layout
    if len(columns.targets) > 1 and layout == "auto" and columns.id is None:
        layout = "wide"
    if layout == "auto":
        layout = "long" if identity is not None else "wide"
    return _long(table, columns, identity, time) if layout == "long" else _wide(table, columns, time)


def find_time(table: pl.DataFrame, columns: Columns) -> str | None:
    """Return the column of times, or the joint name of those that together give the time; None if there is none."""
    return _time_and_identity(table, columns)[0]


def _time_and_identity(table: pl.DataFrame, columns: Columns) -> tuple[str | None, Identity | None]:
    said = parts_of(columns.id or "", table.columns)
    taken = {*said, *columns.targets, *columns.covariates}
    free = [name for name in table.columns if name not in taken]
    time = columns.time or time_column(table, free)
    if time is not None and time not in table.columns:
        return joined_name(parts_of(time, table.columns)), _identity(table, columns, free, time)
    alone = _identity(table, columns, free, time)
    together = joined_time(table, free, time)
    if together is None or (columns.time is not None and columns.time not in parts_of(together, table.columns)):
        return time, alone
    # Beside a complete date or year, an hour or a month may be a covariate rather than a part of the time.
    if time == parts_of(together, table.columns)[0] and _is_settled(table, time, alone):
        return time, alone
    return together, _identity(table, columns, free, together)


def _is_settled(table: pl.DataFrame, time: str, identity: Identity | None) -> bool:
    names = parts_of(identity.name, table.columns) if identity is not None else ()
    pairs = table.select(time, *names).n_unique()
    # Exact duplicates count once.
    return pairs == len(table) or pairs == table.n_unique()


def _identity(table: pl.DataFrame, columns: Columns, free: Sequence[str], time: str | None) -> Identity | None:
    if columns.id is not None:
        return Identity(joined_name(parts_of(columns.id, table.columns)), True)
    if columns.layout == "wide" or (len(columns.targets) > 1 and columns.layout == "auto"):
        return None
    stamps = set(parts_of(time, table.columns)) if time else set()
    names = [name for name in free if name not in stamps and (not tells_the_calendar(name) or is_words(table[name]))]
    if columns.aggregate is not None and columns.layout != "long":
        return find_repeated_identity(table, names, time)
    return find_identity(table, names, time, long=columns.layout == "long")


def _check(table: pl.DataFrame, columns: Columns) -> None:
    said: dict[str, str] = {}
    roles = [("id", columns.id), ("time", columns.time)]
    roles += [("target", name) for name in columns.targets]
    for role, names in (("known", columns.known), ("past", columns.past), ("static", columns.static)):
        roles += [(role, name) for name in names]
    for role, name in roles:
        if name is None:
            continue
        parts = parts_of(name, table.columns) if role in ("id", "time") else (name,) * (name in table.columns)
        if not parts:
            raise missing_column(name, table.columns, role)
        for part in parts:
            if part in said:
                raise SettingsError(
                    f"column {part!r} is named as {said[part]} and as {role}; it can be only one of them"
                )
            said[part] = role
    if columns.layout == "wide" and columns.id is not None:
        raise SettingsError(f"a wide table has no id column, but id is {columns.id!r}; drop one of the two")
    if len(columns.targets) > 1 and (columns.layout == "long" or columns.id is not None):
        raise SettingsError(
            f"a table in long layout has one target column, but {len(columns.targets)} are named "
            f"({', '.join(columns.targets)}); name one, or choose wide layout"
        )


def _refuse_covariates(table: pl.DataFrame, columns: Columns, time: str | None, identity: Identity | None) -> None:
    """Raise SettingsError if a column named as a covariate is the time, the id or the target of the table."""
    kinds = (
        ("known", columns.known, replace(columns, known=())),
        ("past", columns.past, replace(columns, past=())),
        ("static", columns.static, replace(columns, static=())),
    )
    for role, chosen, without in kinds:
        if not chosen:
            continue
        is_time = None
        if columns.time is None and (time is None or not is_surely_time(table, parts_of(time, table.columns)[0])):
            is_time = next((name for name in chosen if is_surely_time(table, name)), None)
        if is_time is not None:
            raise _misnamed(is_time, role, "holds the times", "time")
        if columns.id is None and (identity is None or not identity.settled):
            other = _time_and_identity(table, without)[1]
            parts = parts_of(other.name, table.columns) if other is not None and other.settled else ()
            taken = next((name for name in chosen if name in parts), None)
            if taken is not None:
                raise _misnamed(taken, role, "distinguishes the series", "id")
        if role != "static" and not columns.targets:
            taken = next((name for name in chosen if name.strip().lower() in ("y", "target")), None)
            if taken is not None:
                raise _misnamed(taken, role, "holds what is to be forecast", "target")


def _misnamed(name: str, role: str, what: str, own: str) -> SettingsError:
    return SettingsError(
        f"column {name!r} is named as {role}, but it {what}; name only other columns with --{role}, or say with "
        f"--{own} which column is the {own}"
    )


def _rows(table: pl.DataFrame, columns: Columns, found: SeriesInRows) -> Roles:
    for role, chosen in (("known", columns.known), ("past", columns.past)):
        if chosen:
            raise TableError(
                f"a table with one series per row cannot have {role} columns ({', '.join(chosen)}), since its rows "
                "have no times; convert it to long layout"
            )
    parts = parts_of(found.id, table.columns)
    names = f"column{'' if len(parts) == 1 else 's'} {_listed(parts)}"
    steps = f"each of the columns {found.steps[0]!r} to {found.steps[-1]!r} as one step"
    notes = [f"Each row was read as one series, named by {names}, and {steps}."]
    if found.described:
        what = f"Ignored columns that describe the series: {_shown(found.described)}."
        notes.append(f"{what} Name those that may matter with --static.")
    return Roles("rows", found.id, None, found.steps, static=columns.static, notes=tuple(notes))


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(map(repr, names[:-1])), repr(names[-1]))))


def _shown(names: Sequence[str]) -> str:
    return ", ".join(repr(name) for name in names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")


def _about_time(table: pl.DataFrame, time: str | None) -> list[str]:
    if time is None:
        return ["No column of time stamps was found: rows were numbered 0, 1, 2, ... Name one with --time."]
    parts = parts_of(time, table.columns)
    if len(parts) == 1:
        return []
    ends = " Hours from 1 to 24 were read as the hours that end then." if ends_of_hours(table, time) else ""
    return [f"The columns {_listed(parts)} together were read as the time.{ends}"]


def _ignored(names: list[str], what: str) -> list[str]:
    if not names:
        return []
    hint = "Name with --known what is known for the future too, with --past what is known up to now."
    return [f"Ignored {what}: {_shown(names)}. {hint}"]


def _long(table: pl.DataFrame, columns: Columns, identity: Identity | None, time: str | None) -> Roles:
    series = identity.name if identity is not None else None
    parts = parts_of(series or "", table.columns)
    taken = {*parts, *parts_of(time or "", table.columns), *columns.covariates}
    free = [name for name in table.columns if name not in taken]
    target = next(iter(columns.targets), None) or usual_name(free, TARGET_NAMES)
    if target is None:
        numeric = [name for name in free if is_numeric(table[name])]
        likely = [name for name in numeric if measures(name)]
        if len(numeric) > 1 and len(likely) != 1:
            likely = [name for name in numeric if not (tells_the_calendar(name) or identifies(name))]
        if len(likely) == 1:
            numeric = likely
        if len(numeric) != 1:
            found = f"several could be it ({', '.join(numeric[:8])})" if numeric else "no column holds numbers"
            raise TableError(f"the target column cannot be determined: {found}; name it with --target or target=")
        target = numeric[0]
    notes = _about_time(table, time)
    if len(parts) > 1 and columns.id is None:
        notes.append(f"The columns {_listed(parts)} together name a series; name others with --id.")
    notes += _ignored([n for n in free if n != target], "columns that play no part")
    return Roles("long", series, time, (target,), columns.known, columns.past, columns.static, tuple(notes))


def _nearly_a_number(table: pl.DataFrame) -> str:
    """Describe the first cell that contains a digit but is not a number; empty if there is none."""
    for column in table:
        at = column.str.contains("[0-9]").arg_max() if column.dtype == pl.String else None
        if at is not None and re.search("[0-9]", column[at] or ""):
            return f"; {column[at]!r} in column {column.name!r}, row {at + 2} (the header is row 1), is not a number"
    return ""


def _wide(table: pl.DataFrame, columns: Columns, time: str | None) -> Roles:
    if columns.static:
        raise TableError(
            f"static columns ({', '.join(columns.static)}) need long layout, with an id column (--id or id=): "
            "in a wide table a row holds all series at once"
        )
    taken = {*parts_of(time or "", table.columns), *columns.covariates}
    free = [name for name in table.columns if name not in taken]
    if columns.targets:
        chosen = set(columns.targets)
        others = [name for name in free if name not in chosen]
        notes = _about_time(table, time) + _ignored(others, "columns that play no part")
        return Roles("wide", None, time, columns.targets, columns.known, columns.past, notes=tuple(notes))
    targets = [name for name in free if is_numeric(table[name])]
    if not targets:
        raise TableError(
            f"no column holds numbers to forecast: the columns are {', '.join(table.columns[:12])}"
            f"{_nearly_a_number(table.select(free))}; name the target with --target or target="
        )
    targets = [name for name in targets if not (identifies(name) and is_whole(table[name]))] or targets
    series = [name for name in targets if not _repeats_the_time(table, name)] if time is not None else targets
    targets = series or targets
    chosen = set(targets)
    others = [name for name in free if name not in chosen]
    what = "columns that hold no numbers to forecast"
    notes = _about_time(table, time) + _ignored(others, what)
    words = next((name for name in others if is_words(table[name]) and not tells_days(table[name])), None)
    if words is not None and time is not None and len(targets) == 1:
        notes.append(f"If {words!r} distinguishes several series, name it with --id.")
    return Roles("wide", None, time, tuple(targets), columns.known, columns.past, notes=tuple(notes))


def _repeats_the_time(table: pl.DataFrame, name: str) -> bool:
    """Return whether numbers only repeat the number of the row, or a part of its time."""
    if part_of_time(table, name) is not None or is_decimal_year(table[name]):
        return True
    if tells_the_calendar(name) and not measures(name):
        return is_whole(table[name]) and table[name].n_unique() <= _MOST_CALENDAR
    is_counter = name == table.columns[0] or name.strip().lower() in (*TIME_NAMES, "trend", "obs")
    return is_counter and is_row_number(table[name])

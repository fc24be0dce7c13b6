"""Which column of a table is what: as the caller says, and found where nothing is said."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

import polars as pl

from foretell.errors import SettingsError, TableError
from foretell.tables.numerals import is_text, read_numbers, text_of
from foretell.tables.time_like import is_time_like
from foretell.tables.times import time_share

_TIME_NAMES = (
    "ds",
    "date",
    "datetime",
    "date_time",
    "timestamp",
    "time",
    "day",
    "month",
    "week",
    "quarter",
    "period",
    "year",
    "t",
    "step",
    "index",
)
_ID_NAMES = (
    "unique_id",
    "id",
    "item_id",
    "series_id",
    "series",
    "ts_id",
    "key",
    "name",
    "item",
    "sku",
    "product",
    "store",
    "symbol",
    "ticker",
    "station",
    "sensor",
)
_TARGET_NAMES = ("y", "target", "value", "values", "sales", "demand", "quantity", "count")
_SAMPLE = 2_000


@dataclass(frozen=True)
class Columns:
    """What the caller says of a table's columns; whatever is None or empty is found."""

    id: str | None = None
    """Of the series' names, in long layout."""
    time: str | None = None
    target: str | tuple[str, ...] | None = None
    """Several in wide layout alone."""
    known: tuple[str, ...] = ()
    """Known for the future too: shared by all series in wide layout."""
    static: tuple[str, ...] = ()
    """Constant within a series; long layout alone."""
    layout: Literal["auto", "long", "wide"] = "auto"
    frequency: str | int | None = None
    """As `Frequency.parse` understands it."""

    @property
    def targets(self) -> tuple[str, ...]:
        """The target columns named, none where they are to be found."""
        return (self.target,) if isinstance(self.target, str) else tuple(self.target or ())


@dataclass(frozen=True)
class Roles:
    """The part that each column plays."""

    layout: Literal["long", "wide", "rows"]
    """`rows`: one series a row, one step a column."""
    id: str | None
    time: str | None
    """None where rows, or columns, are numbered instead."""
    targets: tuple[str, ...]
    known: tuple[str, ...] = ()
    static: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def missing_column(name: str, names: Iterable[str], role: str) -> TableError:
    """The error for a column that is not there, with the near names."""
    names = list(names)
    lowered = {n.lower(): n for n in reversed(names)}
    near = [lowered[n] for n in get_close_matches(name.lower(), list(lowered), n=3, cutoff=0.5)]
    shown = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
    hint = f"did you mean {' or '.join(repr(n) for n in near)}?" if near else f"the columns are {shown}"
    return TableError(f"there is no {role} column {name!r}; {hint}")


def find_roles(table: pl.DataFrame, columns: Columns) -> Roles:
    """The role of each column, from the caller's words, the columns' names and what is in them. Raises `TableError`."""
    _check(table, columns)
    time = columns.time or find_time(table, columns)
    if columns.layout == "long" and columns.id is None and time is None and not _named(table, _ID_NAMES):
        raise TableError("long layout needs a time column; name it with --time or time=")
    if columns.layout != "long" and columns.id is None and time is None and not columns.targets:
        first = _series_in_rows(table)
        if first:
            return _rows_roles(table, columns, first)
    layout = columns.layout
    if len(columns.targets) > 1 and layout == "auto" and columns.id is None:
        layout = "wide"
    series = columns.id
    if layout != "wide" and series is None:
        series = _find_id(table, columns, time)
    if layout == "auto":
        layout = "long" if series is not None else "wide"
    return _long(table, columns, series, time) if layout == "long" else _wide(table, columns, time)


def _check(table: pl.DataFrame, columns: Columns) -> None:
    said: dict[str, str] = {}
    roles = [("id", columns.id), ("time", columns.time)]
    roles += [("target", name) for name in columns.targets]
    roles += [("known", name) for name in columns.known] + [("static", name) for name in columns.static]
    for role, name in roles:
        if name is None:
            continue
        if name not in table.columns:
            raise missing_column(name, table.columns, role)
        if name in said:
            raise SettingsError(f"column {name!r} is named as {said[name]} and as {role}; it can be only one of them")
        said[name] = role
    if columns.layout == "wide" and columns.id is not None:
        raise SettingsError(f"a wide table has no id column, but id is {columns.id!r}; drop one of the two")
    if len(columns.targets) > 1 and (columns.layout == "long" or columns.id is not None):
        raise SettingsError(
            f"a table in long layout has one target column, but {len(columns.targets)} are named "
            f"({', '.join(columns.targets)}); name one, or choose wide layout"
        )


def _named(table: pl.DataFrame, names: tuple[str, ...]) -> str | None:
    lowered = {name.strip().lower(): name for name in reversed(table.columns)}
    return next((lowered[name] for name in names if name in lowered), None)


def _sample(column: pl.Series) -> pl.Series:
    return column.head(_SAMPLE)


def find_time(table: pl.DataFrame, columns: Columns) -> str | None:
    """The column of time stamps, by type, spelling and name; None where there is none."""
    taken = {columns.id, *columns.targets, *columns.known, *columns.static}
    free = table.select(name for name in table.columns if name not in taken)
    typed = [name for name, dtype in free.schema.items() if dtype.is_temporal() and dtype not in (pl.Duration, pl.Time)]
    spelled = [name for name in free.columns if is_text(free[name]) and time_share(_sample(free[name])) > 0.5]
    likely = _named(free.select(typed), _TIME_NAMES) or _named(free.select(spelled), _TIME_NAMES)
    if likely or typed or spelled:
        return likely or (typed + spelled)[0]
    name = _named(free, _TIME_NAMES)
    if name and (name.lower() == "ds" or free[name].dtype.is_integer() or _whole(free[name])):
        return name
    counted = (n for n in free.columns if "date" in n.lower() and free[n].dtype.is_integer())
    return next((n for n in free.columns if is_time_like(free[n])), None) or next(counted, None)


def _whole(column: pl.Series) -> bool:
    if not column.dtype.is_float():
        return False
    present = column.drop_nulls().drop_nans()
    return len(present) == len(column) and bool((present == present.floor()).all())


def _is_numeric(column: pl.Series) -> bool:
    """Numbers, or text most of whose present cells are, so that the others are mistakes worth an error."""
    if column.dtype.is_numeric():
        return True
    if not is_text(column):
        return False
    present = text_of(column).drop_nulls()
    wrong = read_numbers(present)
    return len(present) > 0 and (wrong.ambiguous or len(wrong.wrong) < 0.5 * len(present))


def _find_id(table: pl.DataFrame, columns: Columns, time: str | None) -> str | None:
    taken = {time, *columns.targets, *columns.known, *columns.static}
    free = [name for name in table.columns if name not in taken]
    if "unique_id" in free:
        return "unique_id"
    kinds = [n for n in free if is_text(table[n]) and not _is_numeric(table[n])]
    words = set(kinds)
    kinds += [n for n in free if n not in words and (table[n].dtype.is_integer() or is_text(table[n]))]
    usual = _named(table.select(kinds), _ID_NAMES)
    if usual:
        kinds = [usual, *(n for n in kinds if n != usual)]
    if time is None:
        return usual if columns.layout == "long" or (usual and _named(table, ("y",))) else None
    times = table[time].n_unique()
    if times == len(table) and not (columns.layout == "long" and usual):
        return None
    rows = table
    for rows in _with_and_without_repeats(table, [time, *kinds]):
        if times == len(rows) and columns.layout != "long":
            return None
        for name in kinds:
            often = len(rows) >= 1.2 * times or name == usual
            if often and rows.select(time, name).n_unique() == len(rows) > rows[name].n_unique():
                return name
    # No column settles it: a usual name will, and the error then names what stands twice.
    return usual if columns.layout == "long" or len(rows) >= 1.2 * times else None


def _with_and_without_repeats(table: pl.DataFrame, names: list[str]) -> Iterator[pl.DataFrame]:
    """The table, then its distinct rows: those that stand twice word for word settle nothing, but take time to find."""
    yield table
    yield table.unique() if table.width < 50 else table.unique(names)


def _series_in_rows(table: pl.DataFrame) -> str | None:
    """The column of names of a table with one series a row, such as the M4 competition's files."""
    if table.width < 4:
        return None
    first, rest = table.columns[0], table.columns[1:]
    column = table[first]
    if not is_text(column) or column.null_count() or column.n_unique() < len(column) or _is_numeric(column):
        return None
    if not all(table[name].dtype.is_numeric() or table[name].null_count() == len(table) for name in rest):
        return None
    digits = pl.Series(rest).str.extract(r"^[A-Za-z_ .-]*([0-9]+)$").cast(pl.Int64, strict=False)
    counted = digits.null_count() == 0 and bool((digits.diff().drop_nulls() == 1).all())
    return first if counted or time_share(pl.Series(rest)) == 1.0 else None


def _rows_roles(table: pl.DataFrame, columns: Columns, first: str) -> Roles:
    if columns.known or columns.static:
        raise TableError("a table with one series a row can carry no known or static columns; bring it to long layout")
    note = f"Each row was taken for one series, named by column {first!r}, and each further column for one step."
    return Roles("rows", first, None, tuple(table.columns[1:]), notes=(note,))


def _numbered(time: str | None) -> list[str]:
    return [] if time else ["No column of time stamps was found: rows were numbered 0, 1, 2, ... Name one with --time."]


def _ignored(names: list[str], what: str) -> list[str]:
    if not names:
        return []
    shown = ", ".join(repr(name) for name in names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
    return [f"Ignored {what}: {shown}. Name with --known what is known for the future too."]


def _long(table: pl.DataFrame, columns: Columns, series: str | None, time: str | None) -> Roles:
    taken = {series, time, *columns.known, *columns.static}
    free = [name for name in table.columns if name not in taken]
    target = next(iter(columns.targets), None) or _named(table.select(free), _TARGET_NAMES)
    if target is None:
        numeric = [name for name in free if _is_numeric(table[name])]
        if len(numeric) != 1:
            found = f"several could be it ({', '.join(numeric[:8])})" if numeric else "no column holds numbers"
            raise TableError(f"the target column cannot be told: {found}; name it with --target or target=")
        target = numeric[0]
    notes = _numbered(time) + _ignored([n for n in free if n != target], "columns that play no part")
    return Roles("long", series, time, (target,), columns.known, columns.static, tuple(notes))


def _wide(table: pl.DataFrame, columns: Columns, time: str | None) -> Roles:
    if columns.static:
        raise TableError(
            f"static columns ({', '.join(columns.static)}) need long layout, with an id column (--id or id=): "
            "in a wide table a row holds all series at once"
        )
    free = [name for name in table.columns if name != time and name not in columns.known]
    if columns.targets:
        chosen = set(columns.targets)
        others = [name for name in free if name not in chosen]
        notes = _numbered(time) + _ignored(others, "columns that play no part")
        return Roles("wide", None, time, columns.targets, columns.known, (), tuple(notes))
    targets = [name for name in free if _is_numeric(table[name])]
    if not targets:
        raise TableError(
            f"no column holds numbers to forecast: the columns are {', '.join(table.columns[:12])}; "
            "name the target with --target or target="
        )
    chosen = set(targets)
    others = [name for name in free if name not in chosen]
    notes = _numbered(time) + _ignored(others, "columns that hold no numbers")
    return Roles("wide", None, time, tuple(targets), columns.known, (), tuple(notes))

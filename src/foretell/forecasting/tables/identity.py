"""Identity of series: the column, or the columns together, that distinguish the series of a long table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import polars as pl

from foretell.forecasting.tables.cell_kinds import (
    is_date,
    is_numeric,
    is_whole,
    is_words,
    present,
    tells_days,
)
from foretell.forecasting.tables.column_names import (
    ID_NAMES,
    TARGET_NAMES,
    TIME_NAMES,
    may_name_things,
    measures,
    names_things,
    tells_the_calendar,
    usual_name,
)
from foretell.forecasting.tables.columns import Columns
from foretell.forecasting.tables.composite_columns import joined_name, parts_of
from foretell.tables.numerals import is_text

# A table whose times repeat less often has duplicate rows, not several series.
_OFTEN = 1.2
# Of all pairs of a series and a time, at least this share must have a row: arbitrary numbers may reach less by chance.
_FILLED, _FILLED_DECIMALS, _FILLED_TOGETHER = 0.05, 0.5, 0.5
_MOST_TOGETHER, _CANDIDATES = 4, 7
_PROBE, _FEW, _WIDE = 20_000, 50, 1_000


@dataclass(frozen=True)
class Identity:
    """Column or columns that distinguish the series."""

    name: str
    """Name of a column, or joint name of several."""
    settled: bool
    """True if no series has a time more than once."""


def find_identity(
    table: pl.DataFrame, names: Sequence[str], time: str | None, *, long: bool = False
) -> Identity | None:
    """Find the column among `names`, or the fewest columns, that distinguish the series; None for a single series.

    `time`: name of the time column, or joint name of several; `long`: the caller says that there are several series.
    """
    if "unique_id" in names:
        return Identity("unique_id", True)
    if time is None:
        return _without_times(table, names, long=long)
    stamps = list(parts_of(time, table.columns))
    times = table.select(stamps).n_unique()
    named = _named(table, names)
    if times == len(table):
        return _never_together(table, names, stamps, named, long=long)
    rows, others = table, None
    for rows in _with_and_without_repeats(table, [*stamps, *named]):
        if times == len(rows) and not long:
            return _never_together(rows, names, stamps, named, long=long)
        for name in named:
            if len(rows) > rows[name].n_unique() and _apart(rows, stamps, (name,)):
                return Identity(name, True)
        if len(rows) >= _OFTEN * times:
            others = _unnamed(rows, names, named) if others is None else others
            for name in others:
                if _is_dense(rows, times, name) and _apart(rows, stamps, (name,)):
                    return Identity(name, True)
            together = _together(rows, stamps, times, named, others)
            if together:
                return Identity(joined_name(together), True)
    # No column settles it: a column with a usual name is used, and the error then names the duplicate.
    likely = usual_name(named, ID_NAMES) or next((name for name in named if names_things(name)), None)
    return Identity(likely, False) if likely and (long or len(rows) >= _OFTEN * times) else None


def find_repeated_identity(table: pl.DataFrame, names: Sequence[str], time: str | None) -> Identity | None:
    """Find what names the series of a table whose rows may be finer than the steps, as those of sales are.

    Of the many columns of such tables only one whose things have a row at most times is taken; None for one series.
    """
    if "unique_id" in names:
        return Identity("unique_id", True)
    if time is None:
        return None
    stamps = list(parts_of(time, table.columns))
    times = table.select(stamps).n_unique()
    for name in _named(table, names):
        series = table[name].n_unique()
        if series > 1 and _apart(table, stamps, (name,)) and len(table) >= _FILLED_TOGETHER * series * times:
            return Identity(name, True)
    return None


def possible_ids(table: Mapping[str, pl.Series], said: Columns) -> list[str]:
    """Return the numeric columns that may name series and should be read as they are written: 1.10 is not 1.1."""
    taken = {said.time, *said.targets, *said.covariates}
    found = list(parts_of(said.id or "", table))
    for name in [name for name in table if name not in taken and name not in found][:_WIDE]:
        column = table[name]
        if not column.dtype.is_numeric() or tells_the_calendar(name) or name.strip().lower() in TIME_NAMES:
            continue
        head = column.head(_PROBE)
        repeats = 2 * head.n_unique() <= len(head)
        if may_name_things(name) or (repeats and not measures(name) and not _is_zero_or_one(column)):
            found.append(name)
    return found


def _named(table: pl.DataFrame, names: Sequence[str]) -> list[str]:
    """Return the columns whose names and cells suggest that they name series, the most likely first."""
    likely = [name for name in names if may_name_things(name) and _is_eligible(table[name])]
    usual = usual_name(likely, ID_NAMES)
    likely.sort(key=lambda name: (name != usual, not names_things(name), is_numeric(table[name])))
    return [name for name in likely if names_things(name) or is_words(table[name]) or is_whole(table[name])]


def _unnamed(table: pl.DataFrame, names: Sequence[str], named: Sequence[str]) -> list[str]:
    """Return the other columns whose cells may name series, those with the fewest names first."""
    found = []
    skip = set(named)
    for name in names[:_WIDE]:
        column = table[name]
        if name in skip or not _is_eligible(column) or (is_numeric(column) and measures(name)):
            continue
        if tells_the_calendar(name) or tells_days(column):
            continue
        count = column.n_unique()
        if 2 <= count <= max(2, len(table) // 2) and not _is_zero_or_one(column):
            found.append((count, is_numeric(column), name))
    return [name for *_, name in sorted(found, key=lambda entry: entry[:2])]


def _is_eligible(column: pl.Series) -> bool:
    if column.dtype.is_float() or column.dtype.is_integer():
        return True
    return is_text(column) and not is_date(column) and (is_words(column) or is_numeric(column))


def _is_zero_or_one(column: pl.Series) -> bool:
    if not is_numeric(column):
        return False
    return bool(present(column).cast(pl.Float64, strict=False).is_in([0.0, 1.0]).all())


def _is_dense(table: pl.DataFrame, times: int, name: str) -> bool:
    """Return whether enough pairs of a name and a time have a row for a column of numbers to name series."""
    column = table[name]
    if not is_numeric(column):
        return True
    least = _FILLED if is_whole(column) else _FILLED_DECIMALS
    return len(table) >= least * column.n_unique() * times


def _apart(table: pl.DataFrame, stamps: Sequence[str], names: Sequence[str]) -> bool:
    """Return whether no two rows have the same time and names."""
    pairs = table.select(*stamps, *names)
    # Most columns fail early, and examining all rows takes time.
    if len(pairs) > 2 * _PROBE:
        first = pairs.join(pairs[:_PROBE].select(stamps).unique()[:_FEW], on=stamps, how="semi")
        if first.n_unique() < len(first):
            return False
    return pairs.n_unique() == len(pairs)


def _together(
    table: pl.DataFrame, stamps: Sequence[str], times: int, named: Sequence[str], others: Sequence[str]
) -> tuple[str, ...]:
    """Return the fewest columns that together distinguish the series."""
    words = [name for name in others if is_words(table[name])]
    numbers = [name for name in others if name not in words and is_whole(table[name])]
    pool = [*named, *words, *numbers][:_CANDIDATES]
    sure = {*named, *words}
    for size in range(2, _MOST_TOGETHER + 1):
        for chosen in combinations(pool, size):
            if not _apart(table, stamps, chosen):
                continue
            series = table.select(chosen).n_unique()
            least = 0.0 if sure.issuperset(chosen) else _FILLED_TOGETHER
            if len(table) > series and len(table) >= least * series * times:
                return tuple(sorted(chosen, key=table.columns.index))
    return ()


def _with_and_without_repeats(table: pl.DataFrame, names: list[str]) -> Iterator[pl.DataFrame]:
    """Yield the table, then its distinct rows: exact duplicates decide nothing, but finding them takes time."""
    yield table
    yield table.unique(maintain_order=True) if table.width < 50 else table.unique(names, maintain_order=True)


def _never_together(
    table: pl.DataFrame, names: Sequence[str], stamps: Sequence[str], named: Sequence[str], *, long: bool
) -> Identity | None:
    """Return what names series that never share a time, judging only by names and the order of rows and columns."""
    things = [name for name in named if names_things(name) and _has_many_rows_each(table[name])]
    things = [name for name in things if is_words(table[name]) or name in ID_NAMES or _is_in_blocks(table[name])]
    if not things and _has_one_target(table, names):
        before = table.columns[: min(table.columns.index(stamp) for stamp in stamps)]
        words = [name for name in before if name in names and is_words(table[name]) and not tells_days(table[name])]
        things = [n for n in words if not tells_the_calendar(n) and _has_many_rows_each(table[n])][:1]
    if not things:
        return Identity(named[0], True) if long and named else None
    chosen = [things[0]]
    for name in things[1:]:
        if table.select(*chosen, name).n_unique() > table.select(chosen).n_unique():
            chosen.append(name)
    return Identity(joined_name(sorted(chosen, key=table.columns.index)), True)


def _has_many_rows_each(column: pl.Series) -> bool:
    return not column.null_count() and 2 <= column.n_unique() <= len(column) // 2


def _is_in_blocks(column: pl.Series) -> bool:
    """Return whether all rows of each name are adjacent."""
    return int((column != column.shift()).sum()) + 1 == column.n_unique()


def _has_one_target(table: pl.DataFrame, names: Sequence[str]) -> bool:
    return usual_name(names, TARGET_NAMES) is not None or sum(is_numeric(table[name]) for name in names[:_FEW]) == 1


def _without_times(table: pl.DataFrame, names: Sequence[str], *, long: bool) -> Identity | None:
    usual = usual_name([name for name in names if _is_eligible(table[name])], ID_NAMES)
    if usual and (long or usual_name(table.columns, ("y",))):
        return Identity(usual, True)
    things = (name for name in names if names_things(name) and is_words(table[name]))
    blocks = (name for name in things if _has_many_rows_each(table[name]) and _is_in_blocks(table[name]))
    name = next(blocks, None)
    return None if name is None else Identity(name, True)

"""Tables with a row per year and a column per month or quarter, as statistical offices publish them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import polars as pl

from foretell.forecasting.tables.cell_kinds import is_whole, is_words
from foretell.forecasting.tables.columns import Columns
from foretell.tables.calendar_numbers import YEAR_NAMES
from foretell.tables.time_spellings import month_number

_QUARTERS = {
    f"{before}{n}{after}": 3 * n - 2 for n in range(1, 5) for before, after in (("q", ""), ("qtr", ""), ("", "q"))
}
_YEARS = (1000, 2500)
TIME, VALUE = "date", "value"


def with_months_in_rows(table: pl.DataFrame, columns: Columns) -> tuple[pl.DataFrame, Columns, str | None]:
    """Return a table with a row per month or quarter in the place of one with a column for each, and a note on it.

    Other columns of words name the series, other numbers, such as the mean of the year, are left out. Other tables
    are returned as they are, without a note.
    """
    steps = _steps(table)
    year = next((name for name in table.columns if YEAR_NAMES.search(name) and _are_years(table[name])), None)
    named = {*columns.targets, *columns.covariates}
    if not steps or year is None or named & {*steps} or columns.time not in (None, year, TIME):
        return table, columns, None
    names = [columns.id] if columns.id in table.columns else [n for n in table.columns if is_words(table[n])]
    if table.select(year, *names).is_duplicated().any() or {TIME, VALUE} & {year, *names}:
        return table, columns, None
    months = pl.col("month").replace_strict(steps, return_dtype=pl.Int8)
    rows = (
        table.unpivot(list(steps), index=[*names, year], variable_name="month", value_name=VALUE)
        .select(*names, pl.date(pl.col(year), months, 1).alias(TIME), VALUE)
        .sort(*names, TIME)
    )
    left = [name for name in table.columns if name not in {*steps, year, *names}]
    note = f"Each row was read as the {len(steps)} {'months' if len(steps) == 12 else 'quarters'} of a year."
    note += f" Ignored other columns: {', '.join(map(repr, left[:8]))}." if left else ""
    return rows, replace(columns, time=TIME), note


def _steps(table: pl.DataFrame) -> Mapping[str, int]:
    """Return the first month of each column that holds the values of a month or a quarter of all years."""
    numeric = [name for name in table.columns if table[name].dtype.is_numeric() or table[name].dtype == pl.Null]
    kinds: tuple[tuple[Callable[[str], int | None], int], ...] = ((month_number, 12), (_first_of_quarter, 4))
    for first_month, steps in kinds:
        found = {name: month for name in numeric if (month := first_month(name.strip())) is not None}
        if len(found) == steps and sorted(found.values()) == list(range(1, 13, 12 // steps)):
            return found
    return {}


def _first_of_quarter(name: str) -> int | None:
    return _QUARTERS.get(name.lower())


def _are_years(column: pl.Series) -> bool:
    years = column.cast(pl.Int64, strict=False) if is_whole(column) else column.clear()
    return bool(len(years)) and not years.null_count() and bool(years.is_between(*_YEARS).all())

"""Aggregation: several rows of a series within one step become one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretell.errors import TableError
from foretell.forecasting.panel import Column, absent_like
from foretell.forecasting.tables.columns import TOTALS, Aggregate, Columns
from foretell.forecasting.tables.source import Source, is_missing
from foretell.tables.enclosing_steps import Steps, enclosing_steps
from foretell.tables.frequency import Frequency
from foretell.tables.grids import Times

COUNT = "count"
"""Name of the series of the numbers of rows."""
_WORDS = {
    "sum": "sum", "mean": "mean", "median": "median", "min": "smallest value", "max": "largest value",
    "first": "first value", "last": "last value", "count": "number",
}  # fmt: skip
# So many steps besides the one at an end of the table show how much of a step is usually covered.
_FEWEST = 3


def with_counts(table: pl.DataFrame, columns: Columns) -> tuple[pl.DataFrame, Columns]:
    """Return a table with a column that counts its rows, as the target unless another is named."""
    if columns.targets not in ((), (COUNT,)) or COUNT in table.columns:
        return table, columns
    return table.with_columns(pl.lit(1.0).alias(COUNT)), replace(columns, target=COUNT)


def aggregated(source: Source, frequency: Frequency | None, how: Aggregate, notes: list[str]) -> Source:
    """Return the source, sorted by owner and time, with one row per owner and step of the frequency.

    Without a frequency only rows of the same time are combined. Covariates get their mean, words their first. Totals
    leave out a first and a last step that the table covers only in part, and go on to the last step of the table.
    What was done is added to `notes`.
    """
    rows = len(source.times)
    if frequency is not None:
        steps = enclosing_steps(source.times, frequency)
        if how in TOTALS:
            whole = _covered(source, steps, notes)
            source, steps = source.take(whole), Steps(steps.begin[whole], steps.end[whole], steps.label[whole])
        source = replace(source, times=steps.label).sorted()
    source = _combined(source, how)
    if frequency is not None and how in TOTALS:
        source = _to_the_last_step(source)
    if len(source.times) < rows:
        notes.append(
            f"{rows:,} rows became {len(source.times):,}: of the rows within one step the {_WORDS[how]} was taken"
            + ("; a step without a row counts as 0." if how in TOTALS else ".")
        )
    return source


def _covered(source: Source, steps: Steps, notes: list[str]) -> NDArray[np.bool_]:
    """Return which rows lie in steps that the table covers from their beginning to their end, as far as can be seen."""
    observed = ~np.isnan(source.values).all(axis=1)
    times, first = np.unique(steps.begin[observed], return_inverse=True)
    kept = np.ones(len(source.times), bool)
    if len(times) <= _FEWEST:
        return kept
    seen = source.times[observed]
    for at, uncovered, which in (
        (0, (seen - steps.begin[observed]).astype(np.int64), "first"),
        (len(times) - 1, (steps.end[observed] - seen).astype(np.int64), "last"),
    ):
        least = np.full(len(times), np.iinfo(np.int64).max)
        np.minimum.at(least, first, uncovered)
        if least[at] > np.delete(least, at).max():
            kept &= steps.begin != times[at]
            label = source.clock.show(steps.label[observed][np.argmax(first == at)])
            notes.append(f"The {which} step, {label}, is covered only in part and was left out.")
    return kept


def _combined(source: Source, how: Aggregate) -> Source:
    """Combine the rows of one owner and time, which follow one another."""
    new = np.append(True, (np.diff(source.owner) != 0) | (source.times[1:] != source.times[:-1]))
    if new.all() and how != "count":
        return source
    group, head = np.cumsum(new) - 1, np.flatnonzero(new)
    values = np.column_stack([_reduce(column, group, len(head), how) for column in source.values.T])
    return replace(
        source.take(head),
        values=values,
        known={name: _typical(column, group, len(head)) for name, column in source.known.items()},
        past={name: _typical(column, group, len(head)) for name, column in source.past.items()},
        static={name: _typical(column, group, len(head)) for name, column in source.static.items()},
    )


def _reduce(column: NDArray[np.float64], group: NDArray[np.int64], count: int, how: Aggregate) -> NDArray[np.float64]:
    """Reduce each group of a column to one value, NaN where it has none; (count,)."""
    there = ~np.isnan(column)
    values, group = column[there], group[there]
    number = np.bincount(group, minlength=count)
    result = np.full(count, np.nan)
    some = number > 0
    if how == "count":
        result[some] = number[some]
    elif how in ("sum", "mean"):
        total = np.bincount(group, values, minlength=count)
        result[some] = (total if how == "sum" else total / np.maximum(number, 1))[some]
    else:
        head = (np.cumsum(number) - number)[some]
        result[some] = _ORDERED[how](values, group, head, number[some])
    return result


def _median(
    values: NDArray[np.float64], group: NDArray[np.int64], head: NDArray[np.int64], number: NDArray[np.int64]
) -> NDArray[np.float64]:
    ordered = values[np.lexsort((values, group))]
    return np.asarray((ordered[head + (number - 1) // 2] + ordered[head + number // 2]) / 2)


_ORDERED: dict[str, Callable[..., NDArray[np.float64]]] = {
    "median": _median,
    "min": lambda values, _group, head, _number: np.minimum.reduceat(values, head),
    "max": lambda values, _group, head, _number: np.maximum.reduceat(values, head),
    "first": lambda values, _group, head, _number: values[head],
    "last": lambda values, _group, head, number: values[head + number - 1],
}


def _typical(column: Column, group: NDArray[np.int64], count: int) -> Column:
    """Return the mean of each group of numbers, the first of words."""
    if column.dtype != object:
        return _reduce(column.astype(np.float64), group, count, "mean")
    typical = np.full(count, None, dtype=object)
    there = np.flatnonzero(~is_missing(column))
    groups, first = np.unique(group[there], return_index=True)
    typical[groups] = column[there[first]]
    return typical


def _to_the_last_step(source: Source) -> Source:
    """Add a row of 0 at the last step with a value to each owner whose rows end before it."""
    observed = np.flatnonzero(~np.isnan(source.values).all(axis=1))
    if not len(observed):
        raise TableError("the target columns have no value at all: every one is missing")
    latest: Times = source.times[observed].max()
    last = np.append(np.flatnonzero(np.diff(source.owner)), len(source.owner) - 1)
    short = last[source.times[last] < latest]
    longer = source.take(np.append(np.arange(len(source.owner)), short))
    added = slice(len(source.owner), None)
    longer.times[added], longer.values[added] = latest, 0.0
    for column in (*longer.known.values(), *longer.past.values()):
        column[added] = absent_like(column, len(short))
    return longer.sorted()

"""Columns of a table as named by the caller, and the role of each column."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

from foretell.errors import TableError

Aggregate = Literal["sum", "mean", "median", "min", "max", "first", "last", "count"]
TOTALS: tuple[Aggregate, ...] = ("sum", "count")
"""Of these a step without a row has 0, and one that the table covers only in part has too little."""


@dataclass(frozen=True)
class Columns:
    """Columns of a table as named by the caller; fields that are None or empty are detected."""

    id: str | None = None
    """Column of the series' names, in long layout; `store + item` for columns that name them together."""
    time: str | None = None
    """Column of the times; `year + month` for columns that together give the time."""
    target: str | tuple[str, ...] | None = None
    """Column to forecast; several only in wide layout."""
    known: tuple[str, ...] = ()
    """Columns known for the future too; shared by all series in wide layout."""
    past: tuple[str, ...] = ()
    """Columns known up to now and no further; shared by all series in wide layout."""
    static: tuple[str, ...] = ()
    """Columns that are constant within a series; not in wide layout."""
    layout: Literal["auto", "long", "wide"] = "auto"
    holidays: tuple[str, ...] = ()
    """Places whose public holidays are known columns too: `US`, `DE-BY`."""
    hierarchy: tuple[str, ...] = ()
    """Columns of the levels of a hierarchy, from the top down; not in wide layout."""
    frequency: str | int | None = None
    """Frequency, in a form that `Frequency.parse` accepts."""
    aggregate: Aggregate | None = None
    """How several rows of a series within one step become one; with "sum" and "count" a step without a row has 0."""
    keep_outliers: bool = False
    """Whether values that cannot be right are used, rather than read as missing; see `without_gross_outliers`."""
    day_first: bool | None = None
    """Whether days come before months in dates such as 01/02/2024, if nothing else settles it."""

    @property
    def targets(self) -> tuple[str, ...]:
        """Target columns named; none if they are to be detected."""
        return (self.target,) if isinstance(self.target, str) else tuple(self.target or ())

    @property
    def covariates(self) -> tuple[str, ...]:
        """Columns named as covariates of any kind."""
        return (*self.known, *self.past, *self.static)


@dataclass(frozen=True)
class Roles:
    """Role of each column."""

    layout: Literal["long", "wide", "rows"]
    """Layout of the table; `rows` has one series per row and one step per column."""
    id: str | None
    time: str | None
    """Column of the times; None if rows, or columns, are numbered instead."""
    targets: tuple[str, ...]
    known: tuple[str, ...] = ()
    past: tuple[str, ...] = ()
    static: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def covariates(self) -> tuple[str, ...]:
        """Columns of covariates of any kind."""
        return (*self.known, *self.past, *self.static)


def missing_column(name: str, names: Iterable[str], role: str) -> TableError:
    """Return the error for a column that does not exist, with similar names."""
    names = list(names)
    lowered = {n.lower(): n for n in reversed(names)}
    near = [lowered[n] for n in get_close_matches(name.lower(), list(lowered), n=3, cutoff=0.5)]
    shown = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
    hint = f"did you mean {' or '.join(repr(n) for n in near)}?" if near else f"the columns are {shown}"
    return TableError(f"there is no {role} column {name!r}; {hint}")

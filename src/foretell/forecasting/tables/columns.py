"""What the caller says of a table's columns, and the part that each plays."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

from foretell.errors import TableError


@dataclass(frozen=True)
class Columns:
    """What the caller says of a table's columns; whatever is None or empty is found."""

    id: str | None = None
    """Of the series' names, in long layout; `store + item` for columns that name them together."""
    time: str | None = None
    """Or `year + month` for columns that are the time together."""
    target: str | tuple[str, ...] | None = None
    """Several in wide layout alone."""
    known: tuple[str, ...] = ()
    """Known for the future too: shared by all series in wide layout."""
    static: tuple[str, ...] = ()
    """Constant within a series; not in wide layout."""
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

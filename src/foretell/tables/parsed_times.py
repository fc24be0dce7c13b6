"""What reading a column of time stamps gives, and the error for one that cannot be read."""

from __future__ import annotations

from dataclasses import dataclass

from foretell.errors import TableError
from foretell.tables.grids import Times

ADVICE = "write dates such as 2001-01-31 or 2001-01-31 15:00"


@dataclass(frozen=True)
class ParsedTimes:
    """A column of time stamps, read."""

    values: Times
    """(R,) `datetime64[us]`, in UTC where there is a zone; or int64 for integer time."""
    zone: str | None
    """The zone that the stamps were given in, None for naive or integer time."""
    words: str
    """The spelling, in words."""
    assumed: str | None = None
    """What had to be assumed about the spelling, as a sentence."""


def refusal(stamp: str, name: str, row: int, why: str) -> TableError:
    """The error for a stamp of column `name` in `row`, counted from 0 below the header."""
    return TableError(f"the time stamp {stamp} in column {name!r}, row {row + 2} (the header is row 1), {why}")

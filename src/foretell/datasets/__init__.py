"""Small real data sets that ship with the package; SOURCE.md gives their sources and licences."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from foretell.errors import SettingsError

if TYPE_CHECKING:
    import polars as pl

__all__ = ["NAMES", "load", "path"]

NAMES = ("chicago_ridership", "chicago_ridership_next")


def path(name: str) -> Path:
    """Return the path of a data set's CSV file.

    - `chicago_ridership`: 7,701 rows for 7,639 days (62 appear twice, as published), 2001-01-01 to 2021-11-30:
      `service_date`, `day_type` (W workday, A Saturday, U Sunday or holiday), and the day's boardings in `bus`,
      `rail_boardings` and their sum `total_rides`.
    - `chicago_ridership_next`: `service_date` and `day_type` of the 14 days that follow.

    Raises `SettingsError` for any other name.
    """
    if name not in NAMES:
        raise SettingsError(f"there is no data set {name!r}: choose one of {', '.join(NAMES)}")
    return Path(str(files(__package__).joinpath(f"{name}.csv")))


def load(name: str) -> pl.DataFrame:
    """Load a data set as a polars table, with dates as written in the file. Raises `SettingsError` as `path` does."""
    from foretell.tables.files import read_table

    return read_table(path(name))

"""Tables of series in files, whose ids stay as they are written."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import polars as pl

from foretell.forecasting.tables.columns import Columns
from foretell.forecasting.tables.identity import possible_ids
from foretell.tables.files import read_table

_DETECTED = Columns()


def read_series(path: str | Path, columns: Columns = _DETECTED, encoding: str | None = None) -> pl.DataFrame:
    """The table of series in a file, read as by `read_table`, with ids as they are written: 007 stays 007.

    `columns` names those that are not to be detected, as for a `Forecaster`. Raises `TableError` as `read_table`.
    """
    return read_table(path, encoding, as_written=partial(possible_ids, said=columns))

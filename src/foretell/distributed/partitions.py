"""Partitions of a long table by a hash of its ids, so that each series is whole in one of them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from glob import glob
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl

from foretell.errors import SettingsError, TableError
from foretell.forecasting.fitted_model import FittedModel
from foretell.forecasting.tables.composite_columns import id_cells
from foretell.tables.files import read_table

_BYTES = 64 << 20
"""Of the files, for each partition."""
_FEWEST = 16
"""Partitions of small tables, so that no worker waits long for another."""


def partition_of(name: str, partitions: int) -> int:
    """Return the partition of a series: the same on any machine, at any time."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest()) % partitions


def partition_count(files: Sequence[Path]) -> int:
    """Return how many partitions keep each small: as many whoever computes them, so that the forecasts are the same."""
    return max(_FEWEST, -(-sum(file.stat().st_size for file in files) // _BYTES))


def files_of(pattern: str) -> list[Path]:
    """Return the files that match a pattern, in order. Raises TableError if there are none."""
    files = [Path(path) for path in sorted(glob(pattern, recursive=True)) if Path(path).is_file()]
    if not files:
        raise TableError(f"no file matches {pattern}")
    return files


def id_column(model: FittedModel) -> str:
    """Return the column, or columns, that the series are told apart by.

    Raises SettingsError for a table without, and for series that see one another.
    """
    columns = model.columns
    if model.correction is not None and model.correction.used:
        raise SettingsError(
            "the model lets each series see the past of the others, so that these cannot be shared among workers: "
            "forecast in one process, or fit a model without multivariate"
        )
    if columns.id is None:
        raise SettingsError(
            "the model was fitted to a table without a column of ids, whose series cannot be shared among workers: fit "
            "it to a long table"
        )
    return columns.id


def with_partitions(table: pl.DataFrame, column: str, partitions: int) -> pl.Series:
    """Return the partition of each row. Raises TableError for a column that is absent."""
    if column in table.columns or all(part.strip() in table.columns for part in column.split("+")):
        cells = id_cells(table, column).cast(pl.String).fill_null("")
        places = {name: partition_of(name, partitions) for name in cells.unique()}
        return cells.replace_strict(places, return_dtype=pl.Int64)
    raise TableError(f"column {column!r}, by which the model tells series apart, is missing")


def write_pieces(files: Sequence[Path], column: str, partitions: int, folder: Path) -> list[list[Path]]:
    """Write the rows of each partition to `folder`, a piece for each file; one file is in memory at a time.

    Returns the pieces of each partition that has any. Raises TableError for a file that cannot be read.
    """
    pieces: dict[int, list[Path]] = {}
    for number, file in enumerate(files):
        table = read_table(file)
        places = with_partitions(table, column, partitions)
        order = places.arg_sort()
        ends = np.searchsorted(places.gather(order).to_numpy(), np.arange(partitions + 1)).tolist()
        for place, (start, end) in enumerate(pairwise(ends)):
            if start < end:
                path = folder / f"{place:06}-{number:06}.parquet"
                table[order[start:end].sort()].write_parquet(path, compression="lz4")
                pieces.setdefault(place, []).append(path)
    return [pieces[place] for place in sorted(pieces)]

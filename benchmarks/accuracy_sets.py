"""The public sets that forecasters are compared on: the past, what came, and the season that the error is scaled by."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl


@dataclass(frozen=True)
class Case:
    """One set of N series."""

    name: str
    table: pl.DataFrame
    """`unique_id`, `ds`, `y`: the past, as a user would have it."""
    came: dict[str, np.ndarray]
    """Series -> what came, (H,)."""
    horizon: int
    season: int

    def held_out(self) -> Case:
        """The last horizon of the past in the place of what came; series too short for that are left out."""
        least = self.horizon + max(6, self.season + 2)
        table = self.table.filter(pl.len().over("unique_id") >= least)
        last = pl.int_range(pl.len()).over("unique_id") >= pl.len().over("unique_id") - self.horizon
        came = table.filter(last).with_columns(pl.col("unique_id").cast(pl.String))
        return Case(self.name, table.filter(~last), _by_series(came), self.horizon, self.season)


Read = Callable[[Path], Case]
"""Of the folder with the data."""


def _two_files(name: str, horizon: int, season: int) -> Read:
    """`NAME_train.csv.gz` and `NAME_test.csv.gz`, long tables of `unique_id`, `ds`, `y`."""

    def read(data: Path) -> Case:
        past, future = (_long(data / f"{name}_{part}.csv.gz") for part in ("train", "test"))
        return Case(name, past, _by_series(future), horizon, season)

    return read


def more_sets(folder: Path) -> dict[str, Read]:
    """The sets in a folder of one's own, in such two files each; `sets.json` has the horizon and the season of each.

    `{"hospital": {"horizon": 12, "season": 12}}`; `public_sets.py` writes such a folder.
    """
    facts = json.loads((folder / "sets.json").read_text())
    return {name: _two_files(name, fact["horizon"], fact["season"]) for name, fact in facts.items()}


def _long(path: Path) -> pl.DataFrame:
    frame = pl.read_csv(path, try_parse_dates=True, infer_schema_length=None)
    names = dict(zip(frame.columns[:3], ("unique_id", "ds", "y"), strict=True))
    return frame.select(frame.columns[:3]).rename(names).with_columns(pl.col("y").cast(pl.Float64))


def _by_series(frame: pl.DataFrame) -> dict[str, np.ndarray]:
    grouped = frame.group_by("unique_id", maintain_order=True).agg("y")
    return {str(name): np.array(values, float) for name, values in grouped.iter_rows()}


def _hourly(data: Path) -> Case:
    def rows(part: str) -> dict[str, np.ndarray]:
        with gzip.open(data / f"m4_hourly_{part}.csv.gz", "rt") as file:
            lines = list(csv.reader(file))[1:]
        return {line[0]: np.array([float(cell) for cell in line[1:] if cell]) for line in lines}

    past = rows("train")
    table = pl.concat(
        pl.DataFrame({"unique_id": name, "ds": np.arange(1, len(y) + 1), "y": y}) for name, y in past.items()
    )
    return Case("m4_hourly", table, rows("test"), 48, 24)


def _single(series: str, season: int) -> Read:
    def read(data: Path) -> Case:
        frame = _long(data / "singles.csv.gz").filter(pl.col("unique_id") == series)
        horizon = 2 * season
        return Case(series, frame[:-horizon], _by_series(frame[-horizon:]), horizon, season)

    return read


SETS: dict[str, Read] = {
    "m3_yearly": _two_files("m3_yearly", 6, 1),
    "m3_quarterly": _two_files("m3_quarterly", 8, 4),
    "m3_monthly": _two_files("m3_monthly", 18, 12),
    "m3_other": _two_files("m3_other", 8, 1),
    "car_parts": _two_files("car_parts", 12, 12),
    "m4_hourly": _hourly,
    "wineind": _single("wineind", 12),
    "woolyrnq": _single("woolyrnq", 4),
    "milk": _single("milk", 12),
}

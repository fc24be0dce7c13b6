"""Public sets for `accuracy.py --more`: `python benchmarks/public_sets.py --repositories FOLDER --to FOLDER`.

They are made from local clones of public repositories, each in the folder of its name in the one that `--repositories`
names (bare clones will do; nothing is downloaded): Mcomp, expsmooth and tscompdata of robjhyndman, Tcomp-r-package of
ellisp, TSAvg of neubluk, multivariate-time-series-data of laiguokun and ETDataset of zhouhaoyi. R's own files need
`pip install rdata`.

Written for each set: `NAME_train.csv.gz` and `NAME_test.csv.gz`, long tables of `unique_id`, `ds`, `y`, and in
`sets.json` under its name `horizon` and `season`. Horizons and seasons are those of the benchmark folder
chronos_zeroshot of autogluon/fev. A set is kept only where repeating its last season has the MASE and WQL that were
published for it there (`published.json`).
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from accuracy import LEVELS, Quantiles, scores
from accuracy_sets import Case, more_sets
from accuracy_table import PUBLISHED

Series = tuple[str, date, np.ndarray]
"""Name, time of the first value, values."""
Read = Callable[[Path], Iterator[Series]]


@dataclass(frozen=True)
class PublicSet:
    """Where a set comes from and what is asked of it."""

    read: Read
    """Of the folder of clones: every series, with what is to be forecast at its end."""
    horizon: int
    season: int
    every: tuple[int, str]
    """The time between two values, in numpy's units; B: business days."""


def _file(clone: Path, path: str) -> bytes:
    return subprocess.run(["git", "-C", str(clone), "show", f"HEAD:{path}"], check=True, capture_output=True).stdout


def _from_r(clone: Path, path: str) -> Mapping[str, Any]:
    """The objects in one of R's files; a time series is its values and (start, end, values per year)."""
    import rdata

    classes: dict[Any, Any] = dict.fromkeys(("ts", "msts"), _time_series)
    classes = {**rdata.conversion.DEFAULT_CLASS_MAP, **classes}
    with tempfile.NamedTemporaryFile(suffix=".rda") as file:
        file.write(_file(clone, path))
        file.flush()
        return rdata.conversion.convert(rdata.parser.parse_file(file.name), constructor_dict=classes)


def _time_series(values: Any, attributes: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    return np.asarray(values, float), np.asarray(attributes["tsp"], float)


def _first_of_month(year: float) -> date:
    """Of a year with its fraction; series without a known one start in year 1, for which 1900 stands here."""
    months = round(year * 12)
    return date(months // 12 if year >= 1000 else 1900, months % 12 + 1, 1)


def _m1(period: str) -> Read:
    def read(clones: Path) -> Iterator[Series]:
        for name, entry in _from_r(clones / "Mcomp", "data/M1.rda")["M1"].items():
            if entry["period"][0] == period:
                (past, times), (came, _) = entry["x"], entry["xx"]
                yield str(name), _first_of_month(times[0]), np.concatenate([past, came])

    return read


def _tourism(period: str, values_per_year: int) -> Read:
    """Columns of a spreadsheet: length, year, (month or quarter,) values.

    Below 79 of the yearly columns stands one more number, which does not belong to the series but is in the benchmark's
    copy of it too; without it seasonal naive has 3.007 in the place of the published 3.552.
    """
    head = 2 if values_per_year == 1 else 3

    def read(clones: Path) -> Iterator[Series]:
        past, came = (
            pl.read_csv(_file(clones / "Tcomp-r-package", f"source-data/{period}_{part}.csv"), infer_schema_length=None)
            for part in ("in", "oos")
        )
        for name in past.columns:
            cells, after = (frame[name].cast(pl.Float64).drop_nulls().to_numpy() for frame in (past, came))
            month = 1 if values_per_year == 1 else 1 + (int(cells[2]) - 1) * 12 // values_per_year
            yield name, date(int(cells[1]), month, 1), np.concatenate([cells[head:], after[head:]])

    return read


def _hospital(clones: Path) -> Iterator[Series]:
    values, times = _from_r(clones / "expsmooth", "data/hospital.rda")["hospital"]
    for number, column in enumerate(values.T, 1):
        yield f"T{number}", _first_of_month(times[0]), column


def _cif(clones: Path) -> Iterator[Series]:
    table = _from_r(clones / "TSAvg", "data/cif2016.rda")["cif2016"][0]
    for name, rows in table.groupby("series_name", sort=False):
        yield str(name), date(1900, 1, 1), rows["series_value"].to_numpy(float)


def _nn5(clones: Path) -> Iterator[Series]:
    for name, (values, _) in _from_r(clones / "tscompdata", "data/nn5.rda")["nn5"].items():
        yield str(name), date(1996, 3, 18), values


def _exchange_rate(clones: Path) -> Iterator[Series]:
    text = gzip.decompress(_file(clones / "multivariate-time-series-data", "exchange_rate/exchange_rate.txt.gz"))
    for number, column in enumerate(np.loadtxt(io.BytesIO(text), delimiter=",").T):
        yield f"T{number}", date(1990, 1, 1), column


def _etth(clones: Path) -> Iterator[Series]:
    for file in ("ETTh1", "ETTh2"):
        table = pl.read_csv(_file(clones / "ETDataset", f"ETT-small/{file}.csv"))
        for column in table.columns[1:]:
            yield f"{file}_{column}", date(2016, 7, 1), table[column].to_numpy()


PUBLIC_SETS: dict[str, PublicSet] = {
    "m1_yearly": PublicSet(_m1("YEARLY"), 6, 1, (12, "M")),
    "m1_quarterly": PublicSet(_m1("QUARTERLY"), 8, 4, (3, "M")),
    "m1_monthly": PublicSet(_m1("MONTHLY"), 18, 12, (1, "M")),
    "tourism_yearly": PublicSet(_tourism("yearly", 1), 4, 1, (12, "M")),
    "tourism_quarterly": PublicSet(_tourism("quarterly", 4), 8, 4, (3, "M")),
    "tourism_monthly": PublicSet(_tourism("monthly", 12), 24, 12, (1, "M")),
    "hospital": PublicSet(_hospital, 12, 12, (1, "M")),
    "cif_2016": PublicSet(_cif, 12, 12, (1, "M")),
    "nn5": PublicSet(_nn5, 56, 1, (1, "D")),
    "exchange_rate": PublicSet(_exchange_rate, 30, 5, (1, "B")),
    "ETTh": PublicSet(_etth, 24, 24, (1, "h")),
}


def long_table(series: Iterator[Series], every: tuple[int, str]) -> pl.DataFrame:
    """`unique_id`, `ds`, `y` of all series; null where a value is missing."""
    names, times, values = [], [], []
    for name, start, y in series:
        names.append(np.repeat(name, len(y)))
        times.append(_times(start, len(y), *every))
        values.append(y)
    columns = {"unique_id": names, "ds": times, "y": values}
    return pl.DataFrame({name: np.concatenate(parts) for name, parts in columns.items()}, nan_to_null=True)


def _times(start: date, count: int, step: int, unit: str) -> np.ndarray:
    """`start` and the times after it, in days or, where the step is one of hours, in hours."""
    if unit == "B":
        return np.busday_offset(np.datetime64(start, "D"), np.arange(count), roll="forward")
    times = np.datetime64(start, "D").astype(f"datetime64[{unit}]") + step * np.arange(count)
    return times.astype("datetime64[us]" if unit == "h" else "datetime64[D]")


def write(table: pl.DataFrame, horizon: int, path: Path) -> None:
    """`PATH_train.csv.gz` and, with the last `horizon` values of each series, `PATH_test.csv.gz`."""
    last = pl.int_range(pl.len()).over("unique_id") >= pl.len().over("unique_id") - horizon
    for part, rows in (("train", ~last), ("test", last)):
        text = table.filter(rows).write_csv().encode()
        path.with_name(f"{path.name}_{part}.csv.gz").write_bytes(gzip.compress(text, mtime=0))


def seasonal_naive(case: Case) -> Quantiles:
    """The last season once more, in the place of every quantile; a missing value is the one before it."""
    found = {}
    for name, rows in case.table.with_columns(pl.col("y").forward_fill().over("unique_id")).group_by("unique_id"):
        season = rows["y"].to_numpy()[-case.season :]
        found[str(name[0])] = np.tile(np.resize(season, case.horizon)[:, None], 2 * len(LEVELS) + 1)
    return found


def main() -> None:
    """Write every set whose clone is there and whose seasonal naive is the published one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repositories", type=Path, required=True, help="the folder of the clones")
    parser.add_argument("--to", type=Path, required=True, help="where the sets are written")
    given = parser.parse_args()
    given.to.mkdir(parents=True, exist_ok=True)
    list_of_sets = given.to / "sets.json"
    kept: dict[str, dict[str, int]] = {}
    print("| set | series | MASE | published | WQL | published | |", "|---" * 7 + "|", sep="\n")
    for name, what in PUBLIC_SETS.items():
        try:
            table = long_table(what.read(given.repositories), what.every)
        except subprocess.CalledProcessError as error:
            print(f"left out: {name}, {error.stderr.decode().strip()}", file=sys.stderr)
            continue
        write(table, what.horizon, given.to / name)
        facts = {"horizon": what.horizon, "season": what.season}
        list_of_sets.write_text(json.dumps({name: facts}))
        case = more_sets(given.to)[name](given.to)
        row = scores(case, seasonal_naive(case))
        found, published = (row["MASE"], row["WQL"]), PUBLISHED["models"][PUBLISHED["baseline"]][name]
        same = bool(np.allclose(found, published, rtol=5e-4, atol=0))
        if same:
            kept[name] = facts
        cells = [cell for pair in zip(found, published, strict=True) for cell in pair]
        figures = " | ".join(f"{cell:.4g}" for cell in cells)
        print(f"| {name} | {len(case.came)} | {figures} | {'kept' if same else 'left out'} |")
    list_of_sets.write_text(json.dumps(kept, indent=1) + "\n")


if __name__ == "__main__":
    main()

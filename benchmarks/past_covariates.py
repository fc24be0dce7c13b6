"""Forecasts 24 hours ahead with past covariates and without them, of three hourly tables.

    python benchmarks/past_covariates.py --data FOLDER

FOLDER holds `etth1.csv.gz` (zhouhaoyi/ETDataset: oil temperature, with six loads), and as far as they are wanted
`pollution.csv` (jbrownlee/Datasets: Beijing's PM2.5, with the weather) and `bike_sharing_dataset_clean.csv`
(skforecast/skforecast-datasets: rented bikes, with the weather). Fitted to the first part of a table and judged on the
months that follow, at midnight of each day, with the same model and number of training steps; `--validate` moves both
parts back by as many months as are judged.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
from tables import markdown, mean_and_range

from foretell import Forecaster, ForecastSettings, read_table
from foretell.forecasting.settings import OF_GIVEN_LENGTH

DAY = 24
MONTH = 30 * DAY


@dataclass(frozen=True)
class Table:
    """A table of one series, and how it is split."""

    name: str
    file: str
    target: str
    past: tuple[str, ...]
    fitted: int
    """Number of rows before those that are judged."""
    judged: int
    time: Callable[[], pl.Expr]

    def read(self, folder: Path, *, validate: bool) -> pl.DataFrame:
        """Read the rows up to the last that is judged."""
        rows = self.fitted + (0 if validate else self.judged)
        time = self.time().alias("hour")
        table = read_table(folder / self.file).with_columns(time).unique("hour", keep="first").sort("hour")
        return table.select("hour", self.target, *self.past)[:rows]


TABLES = (
    Table(
        "ETTh1",
        "etth1.csv.gz",
        "OT",
        ("HUFL", "HULL", "MUFL", "MULL", "LUFL", "LULL"),
        16 * MONTH,
        4 * MONTH,
        lambda: pl.col("date").str.to_datetime(),
    ),
    Table(
        "Beijing",
        "pollution.csv",
        "pm2.5",
        ("DEWP", "TEMP", "PRES", "cbwd", "Iws", "Is", "Ir"),
        24_000,
        4_800,
        lambda: pl.datetime("year", "month", "day", "hour"),
    ),
    Table(
        "bikes",
        "bike_sharing_dataset_clean.csv",
        "users",
        ("temp", "hum", "windspeed", "weather"),
        14_000,
        2_800,
        lambda: pl.col("date_time").str.to_datetime(),
    ),
)


def scores(
    table: pl.DataFrame, past: tuple[str, ...], days: int, seed: int, options: argparse.Namespace
) -> list[float]:
    """MAE and CRPS over the last `days` days of a table, by a forecaster fitted to what comes before them."""
    settings = ForecastSettings(input_steps=options.input_steps, training=replace(OF_GIVEN_LENGTH, steps=options.steps))
    forecaster = Forecaster(options.model, DAY, past=past, seed=seed, settings=settings)
    forecaster.cross_validation(table, n_windows=days, step_size=DAY)
    assert forecaster.validation is not None
    row = forecaster.validation.scores_by("unique_id").row(0, named=True)
    return [row["MAE"], row["CRPS"]]


def main() -> None:
    """Print both, with and without."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", default="lstm")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=200, help="training steps")
    parser.add_argument("--input-steps", type=int, default=96, help="hours that the network reads")
    parser.add_argument("--validate", action="store_true", help="an earlier part, to choose settings")
    options = parser.parse_args()
    rows = []
    for kind in TABLES:
        if not (options.data / kind.file).exists():
            continue
        table = kind.read(options.data, validate=options.validate)
        plain = table.select("hour", kind.target)
        for name, read, past in (("without", plain, ()), ("with past covariates", table, kind.past)):
            days = kind.judged // DAY
            runs = np.array([scores(read, past, days, seed, options) for seed in range(options.seeds)])
            each = (mean_and_range(runs[:, k].tolist(), 3) for k in range(2))
            rows.append((f"{kind.name}, {name}", *each))
    print(markdown(("", "MAE", "CRPS"), rows))


if __name__ == "__main__":
    main()

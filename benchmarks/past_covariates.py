"""ETTh1's oil temperature, 24 hours ahead, with its six loads as past covariates and without them.

    python benchmarks/past_covariates.py --data FOLDER

FOLDER holds `etth1.csv.gz`. Fitted to the first 16 months and judged on the four that follow, at midnight of each day,
with the same network and number of training steps; `--validate` fits to the first 12 months and judges on the next
four.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
from tables import markdown, mean_and_range

from foretell import Forecaster, ForecastSettings, read_table
from foretell.forecasting.settings import OF_GIVEN_LENGTH

TARGET = "OT"
LOADS = ("HUFL", "HULL", "MUFL", "MULL", "LUFL", "LULL")
MONTH = 30 * 24
DAY = 24


def scores(
    table: pl.DataFrame, past: tuple[str, ...], days: int, seed: int, options: argparse.Namespace
) -> list[float]:
    """MAE and CRPS over the last `days` days of a table, by a forecaster fitted to what comes before them."""
    settings = ForecastSettings(input_steps=options.input_steps, training=replace(OF_GIVEN_LENGTH, steps=options.steps))
    forecaster = Forecaster(
        options.model,
        DAY,
        past=past,
        seed=seed,
        settings=settings,
    )
    forecaster.cross_validation(table.select("date", TARGET, *past), n_windows=days, step_size=DAY)
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
    parser.add_argument("--validate", action="store_true", help="four months earlier, to choose settings")
    options = parser.parse_args()
    months = 16 if options.validate else 20
    table = read_table(options.data / "etth1.csv.gz")[: months * MONTH].with_columns(pl.col("date").str.to_datetime())
    rows = []
    for name, past in (("without loads", ()), ("loads as past covariates", LOADS)):
        runs = np.array([scores(table, past, 4 * MONTH // DAY, seed, options) for seed in range(options.seeds)])
        rows.append((name, mean_and_range(runs[:, 0].tolist(), 3), mean_and_range(runs[:, 1].tolist(), 3)))
    print(markdown(("", "MAE", "CRPS"), rows))


if __name__ == "__main__":
    main()

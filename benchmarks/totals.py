"""Totals over fourteen days, or two of hours: how often they fall inside the 80 % interval of sample paths.

    python benchmarks/totals.py [--data FOLDER]

Nothing is trained: the pretrained network forecasts Chicago's ridership from many cutoffs, and, with --data, a folder
with `m4_hourly_train.csv.gz`, every tenth series of the M4 competition's hourly set. Beside the samples, the totals of
paths whose steps are independent, and the sums of the bounds of single steps.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray
from ridership import rides
from tables import markdown

from foretell import Forecaster, read_table
from foretell.forecasting.panel import truncated
from foretell.forecasting.quantiles import GRID
from foretell.forecasting.sampling.paths import sample_paths
from foretell.forecasting.sampling.scores import values_at

SAMPLES = 400
LOW, HIGH = GRID.index(0.1), GRID.index(0.9)
WAYS = ("sample paths", "independent steps", "bounds added")


def tables(folder: Path | None) -> Iterator[tuple[str, pl.DataFrame, int, int]]:
    """Name, table, horizon and number of cutoffs, a horizon apart."""
    yield "ridership", rides(date(2014, 1, 1), date(2019, 12, 31)).drop("day_type"), 14, 52
    if folder is not None:
        yield "M4 hourly", read_table(folder / "m4_hourly_train.csv.gz")[::10], 48, 3


def coverage(table: pl.DataFrame, horizon: int, cutoffs: int) -> NDArray[np.float64]:
    """Share of the totals of each series inside, by `WAYS`; then that of the total of all series."""
    forecaster = Forecaster("pretrained", horizon).fit(table)
    model, panel = forecaster.fitted_model, forecaster.reading.observed
    inside: list[list[NDArray[np.bool_]]] = [[], [], [], []]
    for back in range(horizon, horizon * (cutoffs + 1), horizon):
        rows = panel.history - back
        past = truncated(panel, rows)
        distribution = model.distribution(past, np.arange(len(panel)), rows, "final")
        actual = np.stack([panel.series(i)[row : row + horizon] for i, row in enumerate(rows.tolist())]).sum(1)
        paths = sample_paths(model, past, distribution, SAMPLES, back)
        apart = values_at(np.random.default_rng(back).standard_normal(paths.shape), distribution)
        for k, drawn in enumerate((paths, apart)):
            low, high = np.quantile(drawn.sum(2), [0.1, 0.9], axis=0)
            inside[k].append((low <= actual) & (actual <= high))
        bounds = distribution.sum(1)
        inside[2].append((bounds[:, LOW] <= actual) & (actual <= bounds[:, HIGH]))
        low, high = np.quantile(paths.sum((1, 2)), [0.1, 0.9])
        inside[3].append(np.array([low <= actual.sum() <= high]))
    return np.array([np.nanmean(np.concatenate(part)) for part in inside])


def main() -> None:
    """Print the shares inside."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder with m4_hourly_train.csv.gz")
    options = parser.parse_args()
    rows = []
    for name, table, horizon, cutoffs in tables(options.data):
        rows.append(
            (f"{name}, {horizon} steps", *(f"{100 * share:.1f} %" for share in coverage(table, horizon, cutoffs)))
        )
    print(markdown(("totals inside the 80 % interval", *WAYS, "all series together"), rows))


if __name__ == "__main__":
    main()

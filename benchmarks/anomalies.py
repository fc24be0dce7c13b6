"""Planted anomalies: values moved by five standard deviations of their one-step errors, and how many are found.

    python benchmarks/anomalies.py [--data FOLDER] [--validate]

The series are made up (a weekly pattern, a random walk, an autoregression, heavy tails), Chicago's ridership, and with
--data, a folder with `m4_hourly_train.csv.gz` and `etth1.csv.gz`, some series of the M4 competition and ETTh1. What is
found in a series before anything is planted counts neither as right nor as wrong. Settings were chosen by --validate:
the same on other series, other periods and other seeds.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray
from ridership import BUS, RAIL, rides
from tables import markdown

from foretell import read_table
from foretell.forecasting.anomalies.anomalies import find_anomalies

SPREADS = 5
SHARE = 0.01
HOURLY = ("M4 hourly", "ETTh1")
FIRST = 100
"""The first row that an anomaly is planted in."""


def made_up(rows: int, random: np.random.Generator) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """Daily series of unit noise."""
    at = np.arange(rows)
    noise = random.standard_normal((4, rows))
    yield "weekly pattern", 50 + 10 * np.sin(at / 7 * 2 * np.pi) + noise[0]
    yield "random walk", 100 + noise[1].cumsum()
    correlated = noise[2].copy()
    for step in range(1, rows):
        correlated[step] += 0.7 * correlated[step - 1]
    yield "autoregression", correlated
    yield "heavy tails", 20 + random.standard_t(4, rows) / np.sqrt(2)


def real(folder: Path | None) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """Chicago's rail boardings, and more series from a folder."""
    yield "ridership, rail", rides(date(2015, 1, 1), date(2019, 12, 31))[RAIL].to_numpy().astype(np.float64)
    if folder is None:
        return
    for row in read_table(folder / "m4_hourly_train.csv.gz")[::60].iter_rows():
        yield "M4 hourly", np.array([value for value in row[1:] if value is not None], dtype=np.float64)
    etth = read_table(folder / "etth1.csv.gz")
    for name in etth.columns[1:]:
        yield "ETTh1", etth[name][-2000:].to_numpy().astype(np.float64)


def validation(folder: Path | None) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """Other series, or other periods of them."""
    days = rides(date(2009, 1, 1), date(2013, 12, 31))
    for kind in (RAIL, BUS):
        yield "ridership", days[kind].to_numpy().astype(np.float64)
    if folder is None:
        return
    m4 = read_table(folder / "m4_hourly_train.csv.gz")
    for first in (15, 30, 45):
        for row in m4[first::60].iter_rows():
            yield "M4 hourly", np.array([value for value in row[1:] if value is not None], dtype=np.float64)
    etth = read_table(folder / "etth1.csv.gz")
    for name in etth.columns[1:]:
        for first in (-6000, -9000):
            yield "ETTh1", etth[name][first : first + 2000].to_numpy().astype(np.float64)


def counts(values: NDArray[np.float64], hours: int, random: np.random.Generator) -> NDArray[np.int64]:
    """Return how many anomalies were planted, found, and found in error."""
    times = np.datetime64("2020-01-06", "us") + np.arange(len(values)) * np.timedelta64(hours, "h")
    clean = find_anomalies(pl.DataFrame({"ds": times, "y": values})).scores
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.abs((values - clean.expected) / clean.size)
    allowed = np.flatnonzero(np.isfinite(spread) & (spread > 0) & (np.arange(len(values)) >= FIRST) & ~clean.unlikely)
    places = random.choice(allowed, max(1, round(SHARE * len(allowed))), replace=False)
    moved = values.copy()
    deviation = float(np.nanstd(clean.size))
    moved[places] += SPREADS * deviation * spread[places] * random.choice([-1, 1], len(places))
    found = find_anomalies(pl.DataFrame({"ds": times, "y": moved})).scores.unlikely & ~clean.unlikely
    planted = np.zeros(len(values), dtype=bool)
    planted[places] = True
    return np.array([planted.sum(), (found & planted).sum(), (found & ~planted).sum()])


def main() -> None:
    """Plant anomalies and print precision and recall."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder with m4_hourly_train.csv.gz and etth1.csv.gz")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--validate", action="store_true", help="other series and seeds, by which settings were chosen")
    options = parser.parse_args()
    totals: dict[str, NDArray[np.int64]] = {}
    series, first = (validation, 100) if options.validate else (real, 0)
    for seed in range(first, first + options.seeds):
        random = np.random.default_rng(seed)
        for name, values in [*made_up(1000, random), *series(options.data if seed == first else None)]:
            hours = 1 if name in HOURLY else 24
            totals[name] = totals.get(name, np.zeros(3, np.int64)) + counts(values, hours, random)
    totals["all"] = np.sum(list(totals.values()), axis=0)
    rows = [
        (name, f"{planted:,}", f"{found / max(found + wrong, 1):.3f}", f"{found / planted:.3f}")
        for name, (planted, found, wrong) in totals.items()
    ]
    print(markdown(("series", "planted", "precision", "recall"), rows))


if __name__ == "__main__":
    main()

"""Hidden stretches of real series, and how well they are filled.

    python benchmarks/filling.py [--data FOLDER]

Stretches of 1, 6 and 24 steps are hidden in Chicago's ridership and, with --data, a folder with
`m4_hourly_train.csv.gz` and `etth1.csv.gz`, in some series of the M4 competition and in ETTh1. The mean absolute errors
are divided by that of a straight line. The seasonal interpolation lies between the nearest values of the same phase on
both sides; the forecast is that of the pretrained network from the values before a stretch alone.
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

from foretell import fill, read_table
from foretell.forecasting.filling.both_sides import BothSides
from foretell.forecasting.filling.interpolation import seasonal, straight_line
from foretell.forecasting.pretrained.shipped import shipped
from foretell.forecasting.quantiles import MEDIAN

LENGTHS = (1, 6, 24)
MISSING = 0.03
"""Share of each series that is hidden, in stretches of one length."""

Floats = NDArray[np.float64]


def tables(folder: Path | None) -> Iterator[tuple[str, pl.DataFrame]]:
    """Wide tables by name."""
    days = rides(date(2017, 1, 1), date(2019, 12, 31))
    yield "ridership", days.select("service_date", RAIL, BUS)
    if folder is None:
        return
    yield "ETTh1", read_table(folder / "etth1.csv.gz")[-2000:]
    rows = read_table(folder / "m4_hourly_train.csv.gz")[::40].rows()
    series = [np.array([value for value in row[1:] if value is not None], dtype=np.float64)[-700:] for row in rows]
    hours = np.datetime64("2020-01-06", "us") + np.arange(700) * np.timedelta64(1, "h")
    yield "M4 hourly", pl.DataFrame({"ds": hours, **{str(k): values for k, values in enumerate(series)}})


def hidden(values: Floats, length: int, random: np.random.Generator) -> NDArray[np.bool_]:
    """Which values of a series to hide: stretches that do not touch each other or an end."""
    count = max(1, round(MISSING * len(values) / length))
    places = np.arange(length + 1, len(values) - 2 * length, 2 * length + 1)
    mask = np.zeros(len(values), dtype=bool)
    for first in random.choice(places, min(count, len(places)), replace=False):
        mask[first : first + length] = True
    return mask


def row(name: str, table: pl.DataFrame, length: int, random: np.random.Generator) -> tuple[str, ...]:
    """A row of the benchmark's table."""
    time, *names = table.columns
    values = table.select(names).to_numpy().T.astype(np.float64)
    masks = np.array([hidden(each, length, random) for each in values])
    holes = np.where(masks, np.nan, values)
    found = fill(
        table.select(time).with_columns(pl.Series(n, v, nan_to_null=True) for n, v in zip(names, holes, strict=True))
    )
    gaps = found.gaps
    sides = BothSides.of(gaps.panel, shipped(), tuple(season.length for season in found.findings.seasons.seasons))
    season = max(sides.season, 2)
    others = {
        "line": straight_line(gaps.panel, gaps.stretches, length),
        "seasonal": seasonal(gaps.panel, gaps.stretches, length, season),
        "forward": sides.forecasts(gaps.stretches, length)[0][..., MEDIAN],
    }
    at = (gaps.panel.offsets[gaps.stretches.series] + gaps.stretches.first)[:, None] + np.arange(length)
    actual = values.ravel()[at]
    # Each series counts alike, whatever its size.
    scale = np.abs(np.diff(values, axis=1)).mean(axis=1)[gaps.stretches.series][:, None]
    errors = {label: float(np.nanmean(np.abs(points - actual) / scale)) for label, points in others.items()}
    errors["filled"] = float((np.abs(gaps.values[at] - actual) / scale).mean())
    middle = gaps.bounds.shape[1] // 2
    lower, upper = (gaps.bounds[:, column][at] for column in (middle - 1, middle + 1))
    inside = (actual >= lower) & (actual <= upper)
    edge = np.minimum(np.arange(length), np.arange(length)[::-1])
    width = ((upper - lower) / scale).mean(axis=0)
    return (
        f"{name}, {length}",
        *(f"{errors[label] / errors['line']:.3f}" for label in ("seasonal", "forward", "filled")),
        f"{inside.mean():.3f}",
        f"{inside[:, edge == 0].mean():.3f}",
        f"{width[edge == 0].mean() / width[edge == edge.max()].mean():.2f}",
    )


def main() -> None:
    """Hide, fill and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder with m4_hourly_train.csv.gz and etth1.csv.gz")
    options = parser.parse_args()
    rows = [
        row(name, table, length, np.random.default_rng(length))
        for name, table in tables(options.data)
        for length in LENGTHS
    ]
    heads = ("series, steps", "seasonal", "forward", "filled", "in 80 %", "at edges", "edge / middle width")
    print(markdown(heads, rows))


if __name__ == "__main__":
    main()

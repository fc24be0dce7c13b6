"""M4 hourly: 414 series, the 48 hours that follow each, one LSTM fitted for two minutes.

    python benchmarks/m4_hourly.py --data FOLDER

FOLDER holds m4_hourly_train.csv.gz and m4_hourly_test.csv.gz, one series per row. The settings are foretell's defaults,
which were chosen on the last 48 hours of the training part; `--validate` scores on those, and never opens the test.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray
from tables import markdown

from foretell import Forecaster, ForecastSettings

HORIZON = 48
SEASON = 24
PUBLISHED = (("Naive2 (M4)", 18.38, 2.395), ("Theta (M4)", 18.14, 2.455), ("ES-RNN, the M4 winner", 9.33, 0.893))


def read(path: Path) -> dict[str, NDArray[np.float64]]:
    """The series of a file by name, as long as each is."""
    frame = pl.read_csv(path, infer_schema=False)
    names, rows = frame[:, 0].to_list(), frame[:, 1:].rows()
    return {n: np.array([float(v) for v in row if v], dtype=np.float64) for n, row in zip(names, rows, strict=True)}


def long_table(series: dict[str, NDArray[np.float64]]) -> pl.DataFrame:
    """`unique_id, ds, y` with integer time: the data have no dates."""
    return pl.concat(
        pl.DataFrame({"ds": np.arange(1, len(values) + 1), "y": values}).select(
            pl.lit(name).alias("unique_id"), pl.all()
        )
        for name, values in series.items()
    )


def scores(
    forecast: NDArray[np.float64], past: list[NDArray[np.float64]], actual: NDArray[np.float64]
) -> tuple[float, float]:
    """sMAPE in percent and MASE, averaged over the series, as M4 defines them."""
    error = np.abs(forecast - actual)
    smape = float((200 * error / (np.abs(forecast) + np.abs(actual))).mean())
    scale = np.array([np.abs(values[SEASON:] - values[:-SEASON]).mean() for values in past])
    return smape, float((error.mean(axis=1) / scale).mean())


def main() -> None:
    """Fit, forecast, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder of the two files")
    parser.add_argument("--model", default="lstm")
    parser.add_argument("--minutes", type=float, default=1.9, help="of fitting, all in all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--validate", action="store_true", help="score on the end of the training part instead")
    options = parser.parse_args()

    past = read(options.data / "m4_hourly_train.csv.gz")
    if options.validate:
        actual = np.stack([values[-HORIZON:] for values in past.values()])
        past = {name: values[:-HORIZON] for name, values in past.items()}
    else:
        following = read(options.data / "m4_hourly_test.csv.gz")
        actual = np.stack([following[name] for name in past])
    table = long_table(past)

    forecaster = Forecaster(
        options.model,
        HORIZON,
        season=(SEASON, 7 * SEASON),
        minutes=options.minutes,
        seed=options.seed,
        settings=ForecastSettings(windows=0),
    )
    start = time.perf_counter()
    forecaster.fit(table)
    fitting = time.perf_counter() - start
    start = time.perf_counter()
    forecast = forecaster.predict()
    predicting = time.perf_counter() - start

    def by_series(column: str) -> NDArray[np.float64]:
        values = forecast.sort("unique_id", "ds")[column].to_numpy().reshape(-1, HORIZON)
        order = {name: i for i, name in enumerate(sorted(past))}
        return values[[order[name] for name in past]]

    series = list(past.values())
    rows = [(name, smape, mase, "published") for name, smape, mase in PUBLISHED] if not options.validate else []
    for season in (SEASON, 7 * SEASON):
        naive = np.stack([np.resize(values[-season:], HORIZON) for values in series])
        rows.append((f"seasonal naive, {season} hours", *scores(naive, series, actual), "this run"))
    rows.append((f"foretell, {options.model}", *scores(by_series(options.model), series, actual), "this run"))
    print(markdown(("", "sMAPE", "MASE", ""), [(n, f"{s:.2f}", f"{m:.3f}", w) for n, s, m, w in rows]))
    for level in forecaster.levels:
        low, high = (by_series(f"{options.model}-{side}-{level}") for side in ("lo", "hi"))
        print(f"{level} % intervals hold {np.mean((low <= actual) & (actual <= high)):.1%} of the values")
    steps = forecaster.history.steps
    print(f"fitting {fitting:.0f} s ({steps} steps and the finish), forecasting {len(past)} series {predicting:.2f} s")


if __name__ == "__main__":
    main()

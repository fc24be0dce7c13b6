"""How long a fitted forecaster takes for one more forecast of one series, table in and table out.

    python benchmarks/warm_predict.py

A thousand hourly values of one series, an LSTM of 2 x 64 that reads 336 of them, 24 hours ahead; pandas and polars.
Beside it stands the backbone alone, torch.nn.LSTM on as many steps: what no amount of tidying could save.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import torch
from tables import markdown

from foretell import Forecaster, ForecastSettings, TrainingSettings
from foretell.forecasting.any_horizon.bank import FEATURES

HOURS, HORIZON = 1_000, 24


def milliseconds(call: Callable[[], Any], times: int) -> tuple[float, float]:
    """Median and minimum of so many calls, after a few to warm up."""
    for _ in range(5):
        call()
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        call()
        taken.append(1e3 * (time.perf_counter() - start))
    return statistics.median(taken), min(taken)


def main() -> None:
    """Fit for a moment, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=200)
    options = parser.parse_args()
    hours = np.arange(HOURS)
    table = pd.DataFrame(
        {
            "unique_id": "a",
            "ds": pd.date_range("2026-01-01", periods=HOURS, freq="h"),
            "y": np.sin(2 * np.pi * hours / 24) + 0.1 * np.random.default_rng(0).standard_normal(HOURS),
        }
    )
    settings = ForecastSettings(training=TrainingSettings(steps=2, evaluate_every=1))
    forecaster = Forecaster("lstm", HORIZON, settings=settings).fit(table)
    network = forecaster.fitted_model.network
    assert network is not None
    steps = network.architecture.reading.window
    rows = []
    for kind, given in (("pandas", table), ("polars", pl.from_pandas(table))):
        rows.append(
            (f"Forecaster.predict, {kind}", *milliseconds(lambda given=given: forecaster.predict(given), options.calls))  # type: ignore[misc]
        )
    torch.set_num_threads(1)
    backbone = torch.nn.LSTM(FEATURES, 64, 2, batch_first=True).eval()
    x = torch.randn(1, steps, FEATURES)
    with torch.inference_mode():
        rows.append((f"torch.nn.LSTM alone, {steps} steps", *milliseconds(lambda: backbone(x), options.calls)))
    print(markdown(("", "median ms", "min ms"), [(n, f"{m:.2f}", f"{least:.2f}") for n, m, least in rows]))


if __name__ == "__main__":
    main()

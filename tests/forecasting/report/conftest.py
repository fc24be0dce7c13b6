"""Content such as a real forecast gives, made up."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from foretell.forecasting.report.content import BacktestWindow, ReportContent, Score, SeriesView

QUANTILES = {50: 0.674, 80: 1.282, 95: 1.96}


def make_view(
    name: str = "rail", history: int = 140, horizon: int = 14, windows: int = 3, level: float = 6e5, seed: int = 0
) -> SeriesView:
    random = np.random.default_rng(seed)
    days = np.arange(history + horizon)
    truth = level * (1 - 0.33 * (days % 7 >= 5) + 0.0006 * days + 0.035 * random.standard_normal(len(days)))
    times = np.datetime64("2019-01-07", "us") + days * np.timedelta64(1, "D")
    values = truth[:history].copy()
    values[[i for i in (23, 24, 61) if i < history]] = np.nan

    def forecast(rows: slice) -> tuple[np.ndarray, dict[int, tuple[np.ndarray, np.ndarray]]]:
        median = truth[rows] * (1 + 0.02 * random.standard_normal(rows.stop - rows.start))
        spread = level * 0.03 * np.sqrt(1 + 0.2 * np.arange(len(median)))
        return median, {percent: (median - q * spread, median + q * spread) for percent, q in QUANTILES.items()}

    past = []
    for k in range(windows, 0, -1):
        rows = slice(history - k * horizon, history - (k - 1) * horizon)
        median, intervals = forecast(rows)
        past.append(BacktestWindow(times[rows], median, intervals, values[rows]))
    median, intervals = forecast(slice(history, history + horizon))
    return SeriesView(name, times[:history], values, times[history:], median, intervals, tuple(past))


def make_content(**changes: object) -> ReportContent:
    random = np.random.default_rng(7)
    horizon, steps = 14, 1200
    step = np.arange(1, horizon + 1)
    progress = np.arange(steps)
    losses = 0.05 + 0.5 * np.exp(-progress / 150) + 0.02 * np.abs(random.standard_normal(steps))
    losses[[400, 401]] = np.nan
    content: dict[str, object] = {
        "title": "chicago_ridership.csv",
        "series": (make_view("rail"), make_view("bus", level=9e5, seed=1)),
        "total_series": 2,
        "scores": (
            Score("lstm", {"MASE": 0.512, "sMAPE": 4.87, "MAE": 28_412.0, "RMSE": 47_903.0}, is_ours=True),
            Score("naive", {"MASE": 2.31, "sMAPE": 24.9, "MAE": 128_441.0, "RMSE": 171_009.0}),
            Score("seasonal naive", {"MASE": 0.664, "sMAPE": 6.02, "MAE": 36_800.0, "RMSE": 66_231.0}),
            Score("linear", {"MASE": 0.583, "sMAPE": 5.4, "MAE": 32_114.0, "RMSE": 46_210.0}),
        ),
        "scores_by_step": {
            "lstm": 0.42 + 0.05 * np.sqrt(step) + 0.02 * random.standard_normal(horizon),
            "naive": 1.9 + 0.8 * np.sin(step / 7 * 6.28) ** 2,
            "seasonal naive": 0.62 + 0.008 * step + 0.03 * random.standard_normal(horizon),
            "linear": 0.5 + 0.07 * np.sqrt(step) + 0.02 * random.standard_normal(horizon),
        },
        "coverage": {50: 0.464, 80: 0.774, 95: 0.929},
        "losses": losses,
        "gradient_norms": np.exp(0.4 * random.standard_normal(steps)) * (0.2 + 3 * np.exp(-progress / 80)),
        "clip_norm": 1.0,
        "evaluations": tuple(
            (k, 0.09 + 0.4 * np.exp(-k / 150) + 1e-5 * max(0, k - 800)) for k in range(100, 1201, 100)
        ),
        "best_step": 800,
        "skipped_steps": 2,
        "findings": (
            "The table is long: the time is in the column service_date, the value in y.",
            "The frequency is one day; 2 series with 1,246 to 1,246 time steps.",
            "6 values are missing (0.2 %); they were left out of the loss, not filled in.",
            "31 rows were there twice and dropped.",
        ),
        "facts": {
            "Model": "lstm, 2 layers of 64 units",
            "Parameters": "54,318",
            "Horizon": "14 days",
            "Season": "7 days",
            "Training time": "47 s on 2 cores",
            "Seed": "0",
            "Versions": "foretell 0.1.0, torch 2.13.0",
        },
        "warnings": (),
    }
    return ReportContent(**{**content, **changes})  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def view() -> Callable[..., SeriesView]:
    return make_view


@pytest.fixture(scope="session")
def content() -> Callable[..., ReportContent]:
    return make_content

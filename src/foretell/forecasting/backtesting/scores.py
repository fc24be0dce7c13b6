"""Scores of a backtest: the metrics of utilsforecast, averaged over the series."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from utilsforecast import losses

Floats = NDArray[np.float64]

METRICS = ("MASE", "sMAPE", "MAE", "RMSE")


@dataclass(frozen=True)
class Scores:
    """Errors of K models; lower is better."""

    table: dict[str, dict[str, float]]
    """Model -> metric -> mean over the series for which it is defined; NaN if there are none."""
    by_step: dict[str, Floats]
    """Model -> (H,) mean absolute scaled error of each step ahead; NaN where there was nothing to compare."""
    by_series: dict[str, float]
    """Series -> the first model's MASE, or its MAE if no series has a MASE; only finite values."""
    notes: tuple[str, ...]
    """Sentences that say how many series a metric leaves out, and why."""


def scores(forecasts: pl.DataFrame, training: pl.DataFrame, models: Sequence[str], season: int, horizon: int) -> Scores:
    """Compute the scores of forecasts against the actual values.

    `forecasts`: `unique_id`, `step` (1 to H), `y` and one column per model. `training`: `unique_id`, `y`, each series
    in order of time, null where missing; the scale of a series is its mean absolute difference over `season` steps
    (MASE; Hyndman & Koehler, 2006). sMAPE is in percent, 0 to 200 (Makridakis et al., 2020: the M4 competition). MAE
    and RMSE are computed per series, then averaged. A metric leaves out series for which any model's value is not
    finite.
    """
    names = list(models)
    seen = forecasts.filter(pl.col("y").is_not_null() & pl.col("y").is_not_nan()).with_columns(
        pl.col(names).cast(pl.Float64)
    )
    training = training.with_columns(pl.col("y").fill_nan(None), ds=pl.int_range(pl.len()).over("unique_id"))
    if not len(seen):
        nothing = dict.fromkeys(METRICS, float("nan"))
        return Scores({m: dict(nothing) for m in names}, {m: np.full(horizon, np.nan) for m in names}, {}, ())
    errors = {
        "MASE": losses.mase(seen, names, seasonality=season, train_df=training),
        "sMAPE": losses.smape(seen, names).with_columns(pl.col(names) * 200),
        "MAE": losses.mae(seen, names),
        "RMSE": losses.rmse(seen, names),
    }
    notes = []
    table: dict[str, dict[str, float]] = {name: {} for name in names}
    usable = {metric: frame.filter(pl.all_horizontal(pl.col(names).is_finite())) for metric, frame in errors.items()}
    total = seen["unique_id"].n_unique()
    for metric, frame in usable.items():
        for name in names:
            mean = frame[name].mean()
            table[name][metric] = float(mean) if isinstance(mean, float) else float("nan")
        if len(frame) < total:
            why = "their training part does not vary from season to season" if metric == "MASE" else "it is not finite"
            notes.append(f"{metric} leaves out {total - len(frame)} of {total} series: {why}.")
    ranked = usable["MASE"] if len(usable["MASE"]) else usable["MAE"]
    return Scores(
        table,
        _by_step(seen, training, names, season, horizon),
        dict(zip(ranked["unique_id"].to_list(), ranked[names[0]].to_list(), strict=True)),
        tuple(notes),
    )


def _by_step(
    seen: pl.DataFrame, training: pl.DataFrame, names: list[str], season: int, horizon: int
) -> dict[str, Floats]:
    lagged = training.with_columns(lagged=pl.col("y").shift(season).over("unique_id"))
    scales = losses.mae(lagged, ["lagged"]).rename({"lagged": "scale"})
    scaled = (
        losses.mae(seen, names, cutoff_col="step")
        .join(scales, on="unique_id")
        .with_columns(pl.col(names) / pl.col("scale"))
        .filter(pl.all_horizontal(pl.col(names).is_finite()))
        .group_by("step")
        .agg(pl.col(names).mean())
    )
    steps = pl.DataFrame({"step": np.arange(1, horizon + 1)}).join(
        scaled.with_columns(pl.col("step").cast(pl.Int64)), on="step", how="left", maintain_order="left"
    )
    return {name: steps[name].cast(pl.Float64).fill_null(float("nan")).to_numpy() for name in names}


def coverage(actual: Floats, intervals: Mapping[int, tuple[Floats, Floats]]) -> dict[int, float]:
    """Compute level in percent -> share of all values inside the interval; empty if there are no values to compare.

    `actual` (B, H), NaN where missing; `intervals`: level -> (lower, upper), each (B, H).
    """
    seen = ~np.isnan(actual)
    shares: dict[int, float] = {}
    for level, (low, high) in intervals.items():
        if not seen.any():
            break
        frame = pl.DataFrame(
            {"unique_id": "all", "y": actual[seen], f"m-lo-{level}": low[seen], f"m-hi-{level}": high[seen]}
        )
        shares[level] = float(losses.coverage(frame, ["m"], level)["m"][0])
    return shares

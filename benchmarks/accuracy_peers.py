"""One forecast of one peer, in the Python that has its package: `python accuracy_peers.py PEER TABLE OUTPUT FACTS`.

TABLE and OUTPUT are Parquet files, the series and their quantiles; FACTS is JSON: horizon, season and the levels of the
intervals, in percent. This script imports nothing of foretell, so that any Python will do. Exits with `MISSING` where
the package of the peer is not installed.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl

MISSING = 3
_STEPS = 1000
_MONTHS = {4: "3mo", 12: "1mo"}


def statsforecast(model: str) -> Callable[..., pl.DataFrame]:
    """A model of statsforecast, with its own prediction intervals; on all cores."""

    def run(table: pl.DataFrame, horizon: int, season: int, levels: list[int]) -> pl.DataFrame:
        from statsforecast import StatsForecast, models

        made = getattr(models, model)(season_length=season)
        fallback = models.SeasonalNaive(season)
        forecaster = StatsForecast([made], freq=_frequency(table, season), n_jobs=-1, fallback_model=fallback)
        return _quantiles(forecaster.forecast(df=table, h=horizon, level=levels), model, levels)

    return run


def lightgbm(table: pl.DataFrame, horizon: int, season: int, levels: list[int]) -> pl.DataFrame:
    """LightGBM for all series together by mlforecast: a regression for each quantile and step ahead, on lags of a
    season and more of the seasonal differences, each series scaled. Chosen by the ends of the training parts."""
    from lightgbm import LGBMRegressor
    from mlforecast import MLForecast
    from mlforecast.target_transforms import Differences, LocalStandardScaler

    low = [f"LightGBM-lo-{level}" for level in reversed(levels)]
    names = [*low, "LightGBM", *(f"LightGBM-hi-{level}" for level in levels)]
    wanted = [0.5 - level / 200 for level in reversed(levels)] + [0.5] + [0.5 + level / 200 for level in levels]
    models = {
        name: LGBMRegressor(objective="quantile", alpha=quantile, verbosity=-1, random_state=0, n_jobs=1)
        for name, quantile in zip(names, wanted, strict=True)
    }
    forecaster = MLForecast(
        models=models,
        freq=_frequency(table, season),
        lags=sorted({*range(1, max(season, 4) + 1), 2 * season}),
        target_transforms=[Differences([season]), LocalStandardScaler()],
    )
    found = forecaster.fit(table, max_horizon=horizon).predict(horizon)
    # Regressions of their own may cross.
    ordered = pl.DataFrame(np.sort(found.select(names).to_numpy(), axis=1), schema=names)
    return _quantiles(pl.concat([found.select("unique_id"), ordered], how="horizontal"), "LightGBM", levels)


def nhits(table: pl.DataFrame, horizon: int, season: int, levels: list[int]) -> pl.DataFrame:
    """NHITS of neuralforecast, trained for 1,000 steps on the quantiles that are asked for."""
    from neuralforecast import NeuralForecast
    from neuralforecast.losses.pytorch import MQLoss
    from neuralforecast.models import NHITS

    model = NHITS(
        h=horizon,
        input_size=max(2 * horizon, season),
        loss=MQLoss(level=levels),
        max_steps=_STEPS,
        scaler_type="robust",
        start_padding_enabled=True,
        random_seed=0,
        accelerator="cpu",
        enable_progress_bar=False,
        enable_model_summary=False,
        logger=False,
        enable_checkpointing=False,
    )
    forecaster = NeuralForecast([model], freq=_frequency(table, season))
    forecaster.fit(table)
    found = forecaster.predict()
    found = found.rename({name: name.removesuffix(".0") for name in found.columns})
    return _quantiles(found.rename({"NHITS-median": "NHITS"}), "NHITS", levels)


PEERS: dict[str, Callable[..., pl.DataFrame]] = {
    **{
        name: statsforecast(name)
        for name in ("SeasonalNaive", "AutoETS", "AutoTheta", "DynamicOptimizedTheta", "AutoARIMA")
    },
    "LightGBM": lightgbm,
    "NHITS": nhits,
}


def _frequency(table: pl.DataFrame, season: int) -> Any:
    return 1 if table.schema["ds"].is_integer() else _MONTHS[season]


def _quantiles(found: Any, model: str, levels: list[int]) -> pl.DataFrame:
    """`unique_id`, then the quantiles of each step from the lowest to the highest."""
    low = [f"{model}-lo-{level}" for level in reversed(levels)]
    return found.select("unique_id", *low, model, *(f"{model}-hi-{level}" for level in levels))


def main() -> None:
    """Forecast, and write the quantiles."""
    peer, table, output, facts = sys.argv[1:]
    try:
        PEERS[peer](pl.read_parquet(table), **json.loads(facts)).write_parquet(output)
    except ImportError as error:
        print(error, file=sys.stderr)
        sys.exit(MISSING)


if __name__ == "__main__":
    main()

"""Backtests are honest: they see nothing of what came after a cutoff, and equal a loop of forecasts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from foretell.errors import SettingsError, TableError
from foretell.forecasting.forecaster import Forecaster
from foretell.forecasting.settings import ForecastSettings
from foretell.training.settings import TrainingSettings

TINY = ForecastSettings(
    hidden=8, layers=1, batch_size=8, input_steps=16, training=TrainingSettings(steps=20, evaluate_every=10)
)
HORIZON = 4
WINDOWS = 3
QUANTILES = ["lstm-lo-95", "lstm-lo-80", "lstm", "lstm-hi-80", "lstm-hi-95"]


def days(steps: int) -> np.ndarray:
    return np.datetime64("2020-01-01", "us") + np.arange(steps) * np.timedelta64(1, "D")


def series(name: str, steps: int, level: float, seed: int, later: int = 0) -> pl.DataFrame:
    at = np.arange(steps)
    noise = np.random.default_rng(seed).standard_normal(steps)
    values = level * (1 + 0.3 * np.sin(at / 7 * 2 * np.pi) + 0.05 * noise)
    times = days(steps + later)[later:]
    return pl.DataFrame({"unique_id": [name] * steps, "ds": times, "y": values, "price": noise.round(1)})


TABLE = pl.concat([series("a", 80, 10, 0), series("b", 60, 1000, 1, later=20)])


def fit(table: pl.DataFrame = TABLE, **options: Any) -> Forecaster:
    return Forecaster("lstm", HORIZON, **{"settings": TINY, "device": "cpu", "known": ["price"], **options}).fit(table)


@pytest.fixture(scope="module")
def fitted() -> Forecaster:
    """With known prices for the future."""
    return fit()


def before(table: pl.DataFrame, back: int) -> pl.DataFrame:
    """The table with the last `back` values of each series hidden, its prices still there."""
    steps = pl.len().over("unique_id") - pl.int_range(pl.len()).over("unique_id")
    return table.with_columns(y=pl.when(steps > back).then("y"))


def test_the_table_has_the_layout_of_cross_validation(fitted: Forecaster) -> None:
    backtest = fitted.backtest()
    table = backtest.table
    names = ["unique_id", "ds", "cutoff", "y", "lstm", "lstm-lo-95", "lstm-lo-80", "lstm-hi-80", "lstm-hi-95"]
    assert table.columns == [*names, "naive", "seasonal_naive", "linear"]
    assert (backtest.windows, backtest.series, len(table)) == (WINDOWS, 2, 2 * WINDOWS * HORIZON)
    assert table["cutoff"].unique().to_list() == days(80)[[67, 71, 75]].tolist()
    assert_frame_equal(
        table.select("unique_id", "ds", "y"),
        table.select("unique_id", "ds")
        .join(TABLE, on=["unique_id", "ds"], how="left", maintain_order="left")
        .drop("price"),
    )
    ahead = (table["ds"] - table["cutoff"]).dt.total_days().to_list()
    assert ahead == [1, 2, 3, 4] * 2 * WINDOWS
    assert backtest.scores.columns == ["model", "MASE", "sMAPE", "MAE", "RMSE"]
    assert backtest.scores["model"].to_list() == ["lstm", "naive", "seasonal_naive", "linear"]
    assert backtest.scores_by_step.columns == ["step", "lstm", "naive", "seasonal_naive", "linear"]
    assert backtest.scores_by_step["step"].to_list() == [1, 2, 3, 4]
    assert sorted(backtest.coverage) == [80, 95]


def test_it_equals_a_loop_of_forecasts_from_truncated_tables(fitted: Forecaster) -> None:
    table = fitted.backtest().table
    by_hand = fit()
    model = by_hand.fitted_model
    by_hand._fitted = replace(
        model,
        members=replace(model.members, networks=(replace(model.network, final=model.network.held_out, _built={}),)),
    )
    for window in range(1, WINDOWS + 1):
        expected = by_hand.predict(before(TABLE, window * HORIZON))
        found = table.join(expected.select("unique_id", "ds"), on=["unique_id", "ds"], how="semi")
        np.testing.assert_allclose(found.select(QUANTILES).to_numpy(), expected.select(QUANTILES).to_numpy(), rtol=1e-5)


def test_values_after_a_cutoff_change_no_forecast_at_it(fitted: Forecaster) -> None:
    plain = fitted.backtest(TABLE).table
    last = pl.col("ds") > days(80)[71]
    changed = fitted.backtest(TABLE.with_columns(y=pl.when(last).then(pl.col("y") * 5 - 7).otherwise("y"))).table
    models = [*QUANTILES, "naive", "seasonal_naive"]
    early = pl.col("cutoff") <= days(80)[71]
    assert_frame_equal(plain.filter(early).select(models), changed.filter(early).select(models))
    assert not plain.filter(~early).select(models).equals(changed.filter(~early).select(models))


def test_known_columns_take_their_true_values(fitted: Forecaster) -> None:
    prices = pl.when(pl.col("ds") > days(80)[75]).then(3.0).otherwise("price")
    changed = fitted.backtest(TABLE.with_columns(price=prices)).table
    late = pl.col("cutoff") == days(80)[75]
    assert not fitted.backtest().table.filter(late)["lstm"].equals(changed.filter(late)["lstm"])


def test_windows_that_the_model_was_fitted_to_are_left_out(fitted: Forecaster, tmp_path: Path) -> None:
    backtest = fitted.backtest(windows=6)
    assert backtest.windows == WINDOWS
    assert_frame_equal(backtest.table, fitted.backtest().table)
    assert "In 2 of 2 series fewer than 6 windows were tested" in backtest.notes[0]
    fitted.save(tmp_path / "model")
    loaded = Forecaster.load(tmp_path / "model", device="cpu")
    assert loaded.backtest(TABLE, windows=6).windows == WINDOWS
    with pytest.raises(SettingsError, match="a backtest with --refit"):
        loaded.backtest(TABLE.filter(pl.col("ds") < days(80)[67]))


def test_data_after_the_fit_gives_more_windows(fitted: Forecaster) -> None:
    longer = pl.concat([series("a", 88, 10, 0), series("b", 60, 1000, 1, later=20), series("new", 40, 5, 2)])
    backtest = fitted.backtest(longer, windows=9)
    counts = backtest.table.group_by("unique_id", maintain_order=True).len()
    assert dict(counts.iter_rows()) == {"a": 5 * HORIZON, "b": 3 * HORIZON, "new": 9 * HORIZON}


def test_a_refit_tests_any_window() -> None:
    table = TABLE.drop("price")
    forecaster = fit(table, known=[], settings=replace(TINY, windows=0))
    with pytest.raises(SettingsError, match="a backtest with --refit"):
        forecaster.backtest()
    backtest = forecaster.backtest(windows=2, refit=True)
    assert backtest.windows == 2
    for window in (1, 2):
        past = before(table.with_columns(price=0.0), window * HORIZON).drop("price").drop_nulls()
        expected = fit(past, known=[], settings=replace(TINY, windows=0)).predict()
        found = backtest.table.join(expected.select("unique_id", "ds"), on=["unique_id", "ds"], how="semi")
        np.testing.assert_allclose(found.select(QUANTILES).to_numpy(), expected.select(QUANTILES).to_numpy(), rtol=1e-5)
    assert_frame_equal(forecaster.predict(), forecaster.predict(table))


@pytest.mark.parametrize("windows", [0, -1, 1.5, True])
def test_windows_that_make_no_sense(fitted: Forecaster, windows: Any) -> None:
    with pytest.raises(SettingsError, match="windows is"):
        fitted.backtest(windows=windows)


def test_series_too_short_for_any_window(fitted: Forecaster) -> None:
    with pytest.raises(TableError, match="no series is longer than the horizon of 4 steps"):
        fitted.backtest(series("new", HORIZON, 1, 0))


def test_missing_values_are_neither_forecast_errors_nor_in_the_way(fitted: Forecaster) -> None:
    holes = TABLE.with_columns(y=pl.when(pl.col("ds") == days(80)[78]).then(None).otherwise("y"))
    backtest = fitted.backtest(holes)
    assert backtest.table["y"].is_nan().sum() + backtest.table["y"].null_count() == 2
    assert np.isfinite(backtest.scores.drop("model").to_numpy()).all()
    assert backtest.table["linear"].is_finite().all()

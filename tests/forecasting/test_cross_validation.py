"""Cross-validation: every window is forecast from the data before it alone, by a model fitted to no more than that."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from foretell.errors import SettingsError, TableError
from foretell.forecasting.forecaster import Forecaster
from foretell.forecasting.settings import ForecastSettings
from foretell.training.settings import TrainingSettings

TINY = ForecastSettings(
    hidden=8, layers=1, batch_size=8, input_steps=16, training=TrainingSettings(steps=10, evaluate_every=5)
)
HORIZON = 4
FIRST = np.datetime64("2024-01-01", "us")


def days(steps: int) -> np.ndarray:
    return FIRST + np.arange(steps) * np.timedelta64(1, "D")


def series(name: str, steps: int, level: float, seed: int) -> pl.DataFrame:
    noise = np.random.default_rng(seed).standard_normal(steps)
    values = level * (1 + 0.3 * np.sin(np.arange(steps) / 7 * 2 * np.pi) + 0.05 * noise)
    return pl.DataFrame({"unique_id": [name] * steps, "ds": days(steps), "y": values})


TABLE = pl.concat([series("a", 70, 10, 0), series("b", 70, 1000, 1)])


def instant(**options: Any) -> Forecaster:
    return Forecaster("pretrained", HORIZON, device="cpu", **options)


def lstm() -> Forecaster:
    return Forecaster("lstm", HORIZON, settings=TINY, device="cpu")


def test_the_windows_lie_a_step_size_apart_and_end_with_the_series() -> None:
    forecaster = instant()
    table = forecaster.cross_validation(TABLE, n_windows=3, step_size=2)
    bounds = ["pretrained-lo-95", "pretrained-lo-80", "pretrained-hi-80", "pretrained-hi-95"]
    assert table.columns[:9] == ["unique_id", "ds", "cutoff", "y", "pretrained", *bounds]
    assert table["cutoff"].unique().to_list() == days(70)[[61, 63, 65]].tolist()
    assert (table["ds"] - table["cutoff"]).dt.total_days().to_list() == [1, 2, 3, 4] * 6
    assert_frame_equal(
        table.select("unique_id", "ds", "y"),
        table.select("unique_id", "ds").join(TABLE, on=["unique_id", "ds"], how="left", maintain_order="left"),
    )
    assert not forecaster.is_fitted


def test_by_default_three_windows_that_do_not_overlap() -> None:
    table = instant().cross_validation(TABLE)
    assert table["cutoff"].unique().to_list() == days(70)[[57, 61, 65]].tolist()


@pytest.mark.parametrize("refit", [False, True, 2])
def test_it_equals_fits_by_hand(refit: bool | int) -> None:
    table = lstm().cross_validation(TABLE, n_windows=3, step_size=3, refit=refit)
    cutoffs = [60, 63, 66]
    fitted_at = {False: [60, 60, 60], True: cutoffs, 2: [60, 60, 66]}[refit]
    for cutoff, known in zip(cutoffs, fitted_at, strict=True):
        past = TABLE.filter(pl.col("ds") < days(70)[known])
        by_hand = Forecaster("lstm", HORIZON, settings=replace(TINY, windows=0), device="cpu").fit(past)
        expected = by_hand.predict(TABLE.filter(pl.col("ds") < days(70)[cutoff]))
        found = table.filter(pl.col("cutoff") == days(70)[cutoff - 1])
        columns = ["lstm", "lstm-lo-95", "lstm-hi-80"]
        np.testing.assert_allclose(found.select(columns).to_numpy(), expected.select(columns).to_numpy(), rtol=1e-5)


def test_values_after_the_first_cutoff_change_no_forecast_from_it() -> None:
    early = pl.col("cutoff") == days(70)[61]
    plain = lstm().cross_validation(TABLE, n_windows=2).filter(early)
    late = pl.when(pl.col("ds") > days(70)[61]).then(pl.col("y") * 3 + 5).otherwise("y")
    changed = lstm().cross_validation(TABLE.with_columns(y=late), n_windows=2).filter(early)
    assert_frame_equal(plain.drop("y"), changed.drop("y"))


def test_scores_by_series_cutoff_and_step_ahead() -> None:
    forecaster = instant()
    table = forecaster.cross_validation(TABLE, n_windows=3, step_size=2)
    validation = forecaster.validation
    assert validation is not None
    error = (table["y"] - table["pretrained"]).abs()
    inside = table["y"].is_between(table["pretrained-lo-80"], table["pretrained-hi-80"])
    rows = table.with_columns(error=error, inside=inside, step=(pl.col("ds") - pl.col("cutoff")).dt.total_days())
    for part in ("unique_id", "cutoff", "step"):
        found = validation.scores_by(part)
        assert found.columns == [part, "values", "MAE", "RMSE", "CRPS", "coverage-80", "coverage-95"]
        expected = rows.group_by(part).agg(pl.len(), pl.col("error").mean(), pl.col("inside").mean()).sort(part)
        assert found[part].to_list() == expected[part].to_list()
        assert found["values"].to_list() == expected["len"].to_list()
        np.testing.assert_allclose(found["MAE"], expected["error"])
        np.testing.assert_allclose(found["coverage-80"], expected["inside"])
        # A distribution with some spread scores better than its median alone.
        assert (found["CRPS"] < found["MAE"]).all()


def test_the_table_is_of_the_type_of_the_input() -> None:
    table = instant().cross_validation(TABLE.to_pandas(), n_windows=1)
    assert isinstance(table, pd.DataFrame)
    assert len(table) == 2 * HORIZON


def test_a_series_too_short_for_all_windows_has_fewer() -> None:
    forecaster = instant()
    table = forecaster.cross_validation(pl.concat([TABLE, series("short", 11, 5, 2)]), n_windows=3)
    assert table.filter(unique_id="short")["cutoff"].n_unique() == 2
    assert forecaster.validation is not None
    assert forecaster.validation.notes[0] == "1 of 3 series are too short for 3 windows of 4 steps."


def test_without_a_table_that_of_the_fit_is_taken() -> None:
    fitted = instant().fit(TABLE)
    assert_frame_equal(fitted.cross_validation(n_windows=1), instant().cross_validation(TABLE, n_windows=1))
    with pytest.raises(SettingsError, match="not fitted"):
        instant().cross_validation()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"n_windows": 0}, "n_windows is 0"),
        ({"n_windows": 2.5}, "n_windows is 2.5"),
        ({"step_size": 0}, "step_size is 0"),
        ({"step_size": True}, "step_size is True"),
        ({"refit": -1}, "refit is -1"),
    ],
)
def test_numbers_that_make_no_sense(options: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        instant().cross_validation(TABLE, **options)


def test_series_no_longer_than_the_horizon() -> None:
    with pytest.raises(TableError, match="no series is longer than the horizon of 4 steps"):
        instant().cross_validation(series("a", 4, 1, 0))


def test_scores_by_something_else() -> None:
    forecaster = instant()
    forecaster.cross_validation(TABLE, n_windows=1)
    assert forecaster.validation is not None
    with pytest.raises(SettingsError, match="no scores by 'week': choose unique_id, cutoff or step"):
        forecaster.validation.scores_by("week")  # type: ignore[arg-type]

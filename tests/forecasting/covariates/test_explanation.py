"""What covariates are worth: much where the target follows them, nothing where it does not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest

from foretell.errors import SettingsError
from foretell.forecasting.forecaster import Forecaster
from foretell.forecasting.settings import ForecastSettings

RANDOM = np.random.default_rng(0)
DAYS = pl.date_range(pl.date(2024, 1, 1), pl.date(2024, 9, 30), eager=True)
DEFAULTS = ForecastSettings()
QUICK = replace(DEFAULTS, hidden=16, batch_size=8, training=replace(DEFAULTS.training, steps=100, patience=None))


def table() -> pl.DataFrame:
    parts = []
    for name, level in (("a", 50), ("b", 80)):
        offer, chance = RANDOM.random((2, len(DAYS))) < 0.3
        sold = level + 30 * offer + RANDOM.normal(0, 2, len(DAYS))
        parts.append(
            pl.DataFrame(
                {"shop": name, "day": DAYS, "sold": sold, "offer": offer, "chance": chance, "size": float(level)}
            )
        )
    return pl.concat(parts)


TABLE = table()


@pytest.fixture(scope="module")
def fitted() -> Forecaster:
    columns: Any = {"known": ["chance", "offer"], "static": ["size"]}
    return Forecaster("lstm", 7, settings=QUICK, device="cpu", **columns).fit(TABLE)


def test_the_column_that_matters_comes_first(fitted: Forecaster) -> None:
    found = fitted.explain()
    assert found["column"][0] == "offer"
    assert set(found["column"]) == {"offer", "chance", "size"}
    change = dict(zip(found["column"], found["change"], strict=True))
    assert change["offer"] > 0.5
    assert abs(change["chance"]) < 0.15
    assert found.columns[-1] == "MAE permuted 7"
    np.testing.assert_allclose(found["CRPS permuted"] / found["CRPS"] - 1, found["change"])
    steps = found.select(f"MAE permuted {step}" for step in range(1, 8)).to_numpy()
    np.testing.assert_allclose(steps.mean(1), found["MAE permuted"])


def test_the_error_with_its_own_values_is_that_of_the_backtest(fitted: Forecaster) -> None:
    backtest = fitted.backtest().scores_by("step")
    np.testing.assert_allclose(fitted.explain()["MAE"], backtest["MAE"].mean(), rtol=1e-9)


def test_a_forecast_without_covariates() -> None:
    plain = Forecaster("pretrained", 7, device="cpu").fit(TABLE.drop("offer", "chance", "size"))
    with pytest.raises(SettingsError, match="made without covariates"):
        plain.explain()


def test_one_window_has_no_other(fitted: Forecaster) -> None:
    with pytest.raises(SettingsError, match="it takes two of them"):
        fitted.explain(TABLE.filter(pl.col("shop") == "a"), windows=1)

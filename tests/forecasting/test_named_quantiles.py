"""Quantiles by name, and forecasts that stay at 0 or above: asked for, found and said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from foretell.errors import SettingsError
from foretell.forecasting.forecaster import ALWAYS_POSITIVE, Forecaster
from foretell.forecasting.settings import ForecastSettings

DAYS = pl.datetime_range(pl.datetime(2024, 1, 1), pl.datetime(2024, 4, 9), "1d", eager=True)
RANDOM = np.random.default_rng(0)
FALLING = np.linspace(20, 1, len(DAYS)) + RANDOM.normal(0, 0.3, len(DAYS))


def instant(**options: Any) -> Forecaster:
    return Forecaster("pretrained", 8, device="cpu", **options)


def table(values: Any) -> pl.DataFrame:
    return pl.DataFrame({"ds": DAYS, "y": values})


def test_each_quantile_has_a_column_of_its_own(tmp_path: Path) -> None:
    forecaster = instant(levels=80, quantiles=[0.9, 0.05, 0.25]).fit(table(FALLING + 50))
    forecast = forecaster.predict()
    names = ["pretrained-q-5", "pretrained-q-25", "pretrained-q-90"]
    assert forecast.columns == ["unique_id", "ds", "pretrained", "pretrained-lo-80", "pretrained-hi-80", *names]
    np.testing.assert_array_equal(forecast["pretrained-q-90"], forecast["pretrained-hi-80"])
    assert (forecast["pretrained-q-5"] <= forecast["pretrained-lo-80"]).all()
    assert (forecast["pretrained-q-25"] > forecast["pretrained-lo-80"]).all()
    assert (forecast["pretrained-q-25"] < forecast["pretrained"]).all()
    backtest = forecaster.backtest().table
    assert backtest.columns[-6:] == [*names, "naive", "seasonal_naive", "linear"]
    forecaster.save(tmp_path / "model")
    assert_frame_equal(Forecaster.load(tmp_path / "model").predict(table(FALLING + 50)), forecast)


def test_a_single_quantile_without_a_list() -> None:
    assert instant(quantiles=0.05).settings.quantiles == (0.05,)
    assert instant(settings=ForecastSettings(quantiles=(0.3,))).settings.quantiles == (0.3,)


@pytest.mark.parametrize("quantiles", [0.0, 1.0, 5, [0.1, 0.999], "0.1", [0.1, 0.1]])
def test_quantiles_that_make_no_sense(quantiles: Any) -> None:
    with pytest.raises(SettingsError, match="quantiles is"):
        instant(quantiles=quantiles)


def test_what_was_never_negative_is_not_forecast_to_be() -> None:
    forecaster = instant().fit(table(FALLING))
    assert forecaster.predict()["pretrained-lo-95"].min() == 0
    assert ALWAYS_POSITIVE in forecaster.findings.sentences()


def test_unless_that_is_allowed() -> None:
    forecaster = instant(non_negative=False).fit(table(FALLING))
    assert forecaster.predict()["pretrained-lo-95"].min() < 0
    assert ALWAYS_POSITIVE not in forecaster.findings.sentences()


def test_what_was_negative_once_may_be_so_again() -> None:
    forecaster = instant().fit(table(np.append(-0.5, FALLING[1:])))
    assert forecaster.predict()["pretrained-lo-95"].min() < 0
    assert ALWAYS_POSITIVE not in forecaster.findings.sentences()


def test_a_loaded_model_keeps_to_it(tmp_path: Path) -> None:
    forecaster = instant().fit(table(FALLING))
    forecaster.save(tmp_path / "model")
    assert_frame_equal(Forecaster.load(tmp_path / "model").predict(table(FALLING)), forecaster.predict())


def test_a_negative_value_where_there_is_to_be_none() -> None:
    with pytest.raises(SettingsError, match=r"the series 'y' has the value -0\.5 at 2024-01-01; correct it"):
        instant(non_negative=True).fit(table(np.append(-0.5, FALLING[1:])))

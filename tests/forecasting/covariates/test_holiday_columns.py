"""Holidays as known columns, for days, hours and longer steps, beyond the end of the table."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from foretell.errors import SettingsError
from foretell.forecasting.covariates.holiday_columns import with_holidays
from foretell.forecasting.forecaster import Forecaster
from foretell.forecasting.settings import ForecastSettings
from foretell.training.settings import TrainingSettings

pytest.importorskip("holidays")

TINY = ForecastSettings(
    hidden=8, layers=1, batch_size=8, input_steps=16, training=TrainingSettings(steps=20, evaluate_every=10)
)
DAYS = pl.date_range(pl.date(2024, 1, 1), pl.date(2024, 6, 30), eager=True)
TABLE = pl.DataFrame({"day": DAYS, "sold": 50 + np.arange(len(DAYS)) % 7 + np.random.default_rng(0).random(len(DAYS))})


def cells(panel: Any, place: str = "US", horizon: int = 0) -> Any:
    return with_holidays(panel, (place,), horizon).known[f"holidays {place}"]


def test_days_before_and_after(make_panel: Any) -> None:
    found = cells(make_panel([np.ones(20)], alias="D"))  # from 1 January 2024, a Monday
    assert found[[0, 1, 2]].tolist() == ["holiday", "day after", "other day"]
    assert found[[13, 14, 15]].tolist() == ["day before", "holiday", "day after"]  # Martin Luther King's


def test_hours_of_a_holiday(make_panel: Any) -> None:
    found = cells(make_panel([np.ones(49)], alias="h"))
    assert found.tolist() == ["holiday"] * 24 + ["day after"] * 24 + ["other day"]


def test_longer_steps_count_them(make_panel: Any) -> None:
    months = cells(make_panel([np.ones(12)], alias="MS"))
    assert months.tolist() == [2, 1, 0, 0, 1, 1, 1, 0, 1, 1, 2, 1]
    assert cells(make_panel([np.ones(3)], alias="W")).tolist() == [1, 0, 1]


def test_the_steps_ahead_have_them_too(make_panel: Any) -> None:
    panel = with_holidays(make_panel([np.ones(10), np.ones(14)], alias="D"), ("US", "DE-BY"), 7)
    assert np.diff(panel.offsets).tolist() == [17, 21]
    assert panel.known["holidays US"][[14, 17 + 14]].tolist() == ["holiday", "holiday"]
    assert panel.known["holidays DE-BY"][[5, 14]].tolist() == ["holiday", "other day"]  # Epiphany
    assert np.isnan(panel.values[10:17]).all()
    assert with_holidays(panel, ()) is panel


def test_counted_time_has_none(make_panel: Any) -> None:
    with pytest.raises(SettingsError, match="those of this table are numbers"):
        cells(make_panel([np.ones(10)], alias="1"))


def lstm(**options: Any) -> Forecaster:
    return Forecaster("lstm", 7, settings=TINY, device="cpu", **options)


def test_a_forecaster_needs_nothing_else(tmp_path: Path) -> None:
    forecaster = lstm(holidays="us").fit(TABLE)
    plain = lstm().fit(TABLE)
    network = forecaster.fitted_model.network
    assert network is not None
    assert list(network.covariates.known) == ["holidays US"]
    forecast = forecaster.predict()
    assert not forecast["lstm"].equals(plain.predict()["lstm"])
    assert len(forecaster.backtest().table) == 21
    assert len(forecaster.cross_validation(n_windows=1)) == 7
    assert len(forecaster.sample(samples=2)) == 14
    forecaster.save(tmp_path / "model")
    loaded = Forecaster.load(tmp_path / "model", device="cpu")
    assert_frame_equal(loaded.predict(TABLE), forecast)


def test_beside_a_known_column_of_another_table() -> None:
    table = TABLE.with_columns(price=pl.Series(np.arange(len(DAYS)) % 3).cast(pl.Float64))
    ahead = pl.DataFrame({"day": pl.date_range(pl.date(2024, 7, 1), pl.date(2024, 7, 7), eager=True), "price": 1.0})
    forecaster = lstm(holidays=["US", "DE-BY"], known="price").fit(table)
    assert len(forecaster.predict(table, future=ahead)) == 7


@pytest.mark.parametrize(("place", "said"), [("XQ", "did you mean"), (["US", "DE-XX"], "regions of DE are")])
def test_a_place_that_does_not_exist(place: Any, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        lstm(holidays=place)


def test_the_settings_of_a_network_are_those_of_a_table_with_holidays() -> None:
    longer = replace(TINY, training=replace(TINY.training, steps=5))
    forecaster = Forecaster("lstm", 7, holidays="US", settings=longer, device="cpu").fit(TABLE)
    assert forecaster.columns.holidays == ("US",)
    assert forecaster.columns.known == ()

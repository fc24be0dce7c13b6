"""Dates of forecasts by the calendars of business, a test for each kind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from foretell.errors import TableError
from foretell.forecasting.forecaster import Forecaster

STEPS = 70


def forecast(
    times: Any, horizon: int = 6, frequency: str | None = None, zone: str | None = None
) -> tuple[list[Any], Forecaster]:
    """The times of a forecast after all but the last of the given times, and the forecaster."""
    values = 100 + np.arange(len(times)) % 5
    table = pl.DataFrame({"ds": times, "y": values.astype(float)})
    if zone is not None:
        table = table.with_columns(pl.col("ds").dt.replace_time_zone("UTC").dt.convert_time_zone(zone))
    forecaster = Forecaster("pretrained", horizon, frequency=frequency, device="cpu").fit(table[:-horizon])
    return forecaster.predict()["ds"].to_list(), forecaster


@pytest.mark.parametrize(
    "times",
    [
        pd.bdate_range("2024-01-01", periods=STEPS),
        *(pd.date_range("2023-01-01", periods=STEPS, freq=f"W-{day}") for day in ("MON", "WED", "FRI", "SAT")),
        pd.date_range("2024-03-29", periods=STEPS, freq="h"),
    ],
)
def test_the_dates_go_on(times: pd.DatetimeIndex) -> None:
    found, _ = forecast(times.to_numpy())
    assert found == list(times[-6:].to_pydatetime())


def test_business_days_without_holidays(tmp_path: Path) -> None:
    alias = "B/2024-12-25+2024-12-26+2025-01-01"
    offset = pd.offsets.CustomBusinessDay(holidays=["2024-12-25", "2024-12-26", "2025-01-01"])
    times = pd.date_range(end="2025-01-03", periods=STEPS, freq=offset)
    found, forecaster = forecast(times.to_numpy(), frequency=alias)
    assert found == list(times[-6:].to_pydatetime())
    assert "one step a business day, without the holidays of 2024-12-25" in " ".join(forecaster.findings.sentences())
    assert not forecaster.findings.missing
    forecaster.save(tmp_path / "model")
    newer = pl.DataFrame({"ds": times.to_numpy()[:-3], "y": np.arange(STEPS - 3.0)})
    assert Forecaster.load(tmp_path / "model").predict(newer)["ds"].to_list()[:3] == list(times[-3:].to_pydatetime())
    with pytest.raises(TableError, match=r"the time 2024-12-25 in row \d+ .* is off the grid"):
        forecast(pd.bdate_range(end="2025-01-03", periods=STEPS).to_numpy(), frequency=alias)


@pytest.mark.parametrize("begin", [False, True])
def test_months_of_four_four_and_five_weeks(begin: bool) -> None:
    quarter: Any = pd.offsets.FY5253Quarter
    offset = quarter(weekday=5, startingMonth=1, variation="nearest", qtr_with_extra_week=4)
    quarters = pd.date_range("2018-01-01", "2024-06-30", freq=offset)
    ends = [end + pd.Timedelta(weeks=weeks) for end in quarters for weeks in (0, 4, 8)]
    times = pd.DatetimeIndex(ends) + pd.Timedelta(days=int(begin))
    found, forecaster = forecast(times.to_numpy())
    assert found == list(times[-6:].to_pydatetime())
    assert "one step a month of 4-4-5 weeks" in " ".join(forecaster.findings.sentences())
    assert 12 in forecaster.fitted_model.frequency.seasons


@pytest.mark.parametrize(("day", "hours"), [("2024-03-31", 23), ("2024-10-27", 25)])
def test_hours_of_days_on_which_clocks_change(day: str, hours: int) -> None:
    zone = "Europe/Berlin"
    midnight = pd.Timestamp(day, tz=zone)
    times = pd.date_range(end=midnight + pd.DateOffset(days=1), periods=200, freq="h", inclusive="left")
    found, _ = forecast(times.tz_convert("UTC").tz_localize(None).to_numpy(), hours, zone=zone)
    assert found == [time.to_pydatetime() for time in times[-hours:]]
    assert (found[0].hour, found[-1].hour) == (0, 23)
    assert {time.date().isoformat() for time in found} == {day}


def test_local_hours_without_a_zone() -> None:
    """Clocks in Berlin were put back on 27 October: the hour from two to three comes twice."""
    zone = "Europe/Berlin"
    times = pd.date_range("2024-10-25", periods=100, freq="h", tz=zone).tz_localize(None)
    found, forecaster = forecast(times.to_numpy())
    assert found == list(times[-6:].to_pydatetime())
    assert "clocks were put back" in " ".join(forecaster.findings.sentences())

"""Totals of a report by calendar month."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from foretell.forecasting.forecaster import Forecaster
from foretell.forecasting.report.content import ReportTable
from foretell.forecasting.report.totals import totals_by_month

START = np.datetime64("2024-01-01", "us")


def totals(frequency: str, horizon: int, **series: Any) -> tuple[ReportTable | None, Forecaster]:
    steps = len(next(iter(series.values())))
    unit = {"D": 24, "h": 1, "W": 168}.get(frequency)
    times: Any = np.arange(steps)
    if unit is not None:
        times = START + np.arange(steps) * np.timedelta64(unit, "h")
    if frequency == "MS":
        times = (START.astype("datetime64[M]") + np.arange(steps)).astype("datetime64[us]")
    table = pl.DataFrame({"ds": times, **series})
    forecaster = Forecaster("pretrained", horizon, device="cpu").fit(table)
    prediction = forecaster.forecast(forecaster.reading)
    return totals_by_month(forecaster, prediction, list(range(len(series)))), forecaster


def value(cell: str) -> float:
    return float(cell.replace("\N{NARROW NO-BREAK SPACE}", ""))


def test_months_series_and_all_of_them() -> None:
    noise = np.random.default_rng(0).normal(0, 1, (2, 111))
    found, forecaster = totals("D", 14, a=100 + noise[0], b=300 + noise[1])  # ends on 20 April
    assert found is not None
    assert [row[:2] for row in found.rows] == [
        ["a, 2024-04", "10"],
        ["a, 2024-05", "4"],
        ["a, all", "14"],
        ["b, 2024-04", "10"],
        ["b, 2024-05", "4"],
        ["b, all", "14"],
        ["all series", "28"],
    ]
    medians = forecaster.predict().group_by("unique_id", maintain_order=True).agg(pl.col("pretrained").sum())
    for row, median in zip((found.rows[2], found.rows[5]), medians["pretrained"], strict=True):
        low, middle, high = map(value, row[2:])
        assert middle == pytest.approx(median, rel=0.01)
        assert low < middle < high
    assert value(found.rows[6][3]) == pytest.approx(14 * 400, rel=0.02)


def test_within_one_month_there_is_one_total() -> None:
    found, _ = totals("h", 24, a=np.sin(np.arange(200.0)))
    assert found is not None
    assert [row[:2] for row in found.rows] == [["a, 2024-01", "24"]]


@pytest.mark.parametrize(("frequency", "horizon"), [("MS", 6), ("1", 6), ("D", 1)])
def test_where_there_is_nothing_to_add_up(frequency: str, horizon: int) -> None:
    assert totals(frequency, horizon, a=np.arange(40.0) % 5)[0] is None

"""Answers in the kind of the table that came, with Nixtla's names."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from foretell.forecasting.tables.frames import to_polars
from foretell.forecasting.tables.nixtla import TableKind, named_columns, quantile_columns
from foretell.tables.clock import Clock

DAYS = np.array(["2024-01-01", "2024-01-02"], dtype="datetime64[us]")


def kind_of(table: Any) -> TableKind:
    return TableKind.of(table, to_polars(table), "id", "ds")


@pytest.mark.parametrize(
    "table",
    [
        pl.DataFrame({"id": ["a"], "ds": [date(2024, 1, 1)]}),
        pd.DataFrame({"id": ["a"], "ds": [datetime(2024, 1, 1)]}),
        pa.table({"id": ["a"], "ds": [date(2024, 1, 1)]}),
    ],
)
def test_the_answer_is_of_the_kind_that_came(table: Any) -> None:
    kind = kind_of(table)
    assert type(kind.table({"model": ["lstm"]})) is type(table)
    answer = kind.forecast_table(["a"], 2, {"ds": DAYS[None]}, {"lstm": np.ones((1, 2))}, Clock())
    assert type(answer) is type(table)
    frame = to_polars(answer)
    assert frame.columns == ["unique_id", "ds", "lstm"]
    assert frame["ds"].cast(pl.Date).to_list() == [date(2024, 1, 1), date(2024, 1, 2)]


def test_dates_stay_dates_unless_the_steps_have_a_clock() -> None:
    kind = kind_of(pl.DataFrame({"id": ["a"], "ds": [date(2024, 1, 1)]}))
    assert kind.forecast_table(["a"], 2, {"ds": DAYS}, {}, Clock())["ds"].dtype == pl.Date
    half_days = DAYS + np.timedelta64(12, "h")
    assert kind.forecast_table(["a"], 2, {"ds": half_days}, {}, Clock())["ds"].dtype == pl.Datetime("us")


def test_times_in_a_zone_come_back_in_it() -> None:
    kind = kind_of(pl.DataFrame({"id": ["a"], "ds": [datetime(2024, 1, 1)]}))
    answer = kind.forecast_table(["a"], 2, {"ds": DAYS}, {}, Clock("Asia/Tokyo"))
    assert answer["ds"].dtype == pl.Datetime("us", "Asia/Tokyo")
    assert answer["ds"][0].hour == 9


def test_ids_that_were_whole_numbers_are_so_again() -> None:
    kind = kind_of(pl.DataFrame({"id": pl.Series([7], dtype=pl.Int16), "ds": [1]}))
    answer = kind.forecast_table(["7", "11"], 2, {"ds": np.arange(4)}, {}, Clock())
    assert answer["unique_id"].to_list() == [7, 7, 11, 11]
    named = kind.forecast_table(["7", "eleven"], 1, {"ds": np.arange(2)}, {}, Clock())
    assert named["unique_id"].to_list() == ["7", "eleven"]


def test_quantiles_by_name() -> None:
    found = quantile_columns("gru", (95, 80), np.arange(5.0)[None])
    assert {name: float(values[0]) for name, values in found.items()} == {
        "gru": 2, "gru-lo-95": 0, "gru-lo-80": 1, "gru-hi-80": 3, "gru-hi-95": 4,
    }  # fmt: skip
    assert list(found) == ["gru", "gru-lo-95", "gru-lo-80", "gru-hi-80", "gru-hi-95"]
    assert list(quantile_columns("gru", (), np.zeros((1, 1)))) == ["gru"]


def test_single_quantiles_are_named_in_percent() -> None:
    distribution = np.arange(15.0)[None, None]
    found = named_columns("gru", (0.95, 0.05, 0.005), distribution)
    assert {name: float(column[0, 0]) for name, column in found.items()} == {
        "gru-q-0.5": 0,
        "gru-q-5": 2,
        "gru-q-95": 12,
    }
    assert named_columns("gru", (), distribution) == {}

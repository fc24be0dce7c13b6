"""Columns that are plainly times are told from those that are not, whether or not they can be read."""

from __future__ import annotations

import polars as pl
import pytest

from foretell.forecasting.tables.time_columns import is_time_like


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("yearweek", [201801, 201802, 201803]),
        ("order_date_key", [20230101, 20230102, 20230103]),
        ("FiscalQuarter", [20231, 20232, 20233]),
        ("week", [201801, 201860, 201802, 201803]),
        ("x", ["the 1st of January 49", "the 2nd of January 49"]),
        ("x", ["at 5:00 or so", "at 6:00"]),
        ("x", ["on 1/2/2023?", "on 2/2/2023?"]),
        ("month", ["Jan", "Feb", "Mar"]),
        ("Report Period", ["P1", "P2"]),
        ("YearWeek", ["first", "second"]),
    ],
)
def test_times(name: str, cells: list[object]) -> None:
    assert is_time_like(pl.Series(name, cells))


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("store", ["a1", "b2"]),
        ("code", ["12-345", "13-456"]),
        ("version", ["1.2.3", "1.2.4"]),
        ("ip", ["10.0.0.1", "10.0.0.2"]),
        ("lead_time", [3, 4, 5]),
        ("update", [1, 2, 3]),
        ("candidate", ["Ann", "Bob"]),
        ("sales", [201801, 201802, 201803]),
        ("date_share", ["0.5", "0.7"]),
        ("weekly", [None, None]),
    ],
)
def test_other_columns(name: str, cells: list[object]) -> None:
    assert not is_time_like(pl.Series(name, cells))

"""Tables of every kind reach polars with their values, and what is no table is refused."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from polars.testing import assert_frame_equal

from foretell.errors import TableError
from foretell.forecasting.tables.frames import to_polars

TABLE = pl.DataFrame({"id": ["a", "b"], "ds": [datetime(2024, 1, 1), datetime(2024, 1, 2)], "y": [1.5, None]})


@pytest.mark.parametrize("kind", [pl.DataFrame.to_pandas, pl.DataFrame.to_arrow, pl.DataFrame.lazy, pl.DataFrame.clone])
def test_values_arrive(kind: Any) -> None:
    found = to_polars(kind(TABLE))
    assert_frame_equal(found, TABLE, check_dtypes=False)
    assert found["ds"].dtype.is_temporal()


def test_an_index_with_a_meaning_becomes_columns() -> None:
    times = pd.date_range("2024-01-01", periods=2)
    assert to_polars(pd.DataFrame({"y": [1.0, 2.0]}, index=times)).columns == ["time", "y"]
    named = pd.DataFrame({"y": [1.0, 2.0]}, index=pd.MultiIndex.from_arrays([["a", "b"], times], names=["shop", None]))
    assert to_polars(named).columns == ["shop", "time", "y"]
    counted = pd.DataFrame({"y": [1.0, 2.0]}).iloc[::-1]
    assert to_polars(counted).to_dict(as_series=False) == {"y": [2.0, 1.0]}
    with pytest.raises(TableError, match="'y' names both a column and an index level"):
        to_polars(pd.DataFrame({"y": [1.0]}, index=pd.Index([5.0], name="y")))


def test_columns_that_pandas_keeps_as_objects() -> None:
    frame = pd.DataFrame(
        {
            "number": pd.Series([1, None], dtype=object),
            "mixed": pd.Series(["a", 1], dtype=object),
            "kind": pd.Categorical(["W", "A"]),
            "month": pd.period_range("2024-01", periods=2, freq="M"),
            "nullable": pd.array([1, None], dtype="Int64"),
        }
    )
    found = to_polars(frame)
    assert found.select(pl.exclude("month")).to_dict(as_series=False) == {
        "number": [1, None], "mixed": ["a", "1"], "kind": ["W", "A"], "nullable": [1, None],
    }  # fmt: skip
    assert found["month"].to_list() == [datetime(2024, 1, 1), datetime(2024, 2, 1)]


@pytest.mark.parametrize("kind", [object, "category"])
def test_large_integers_and_decimals_keep_their_digits(kind: Any) -> None:
    ids = [720575940631797752, 720575940631797753, None, 2**64 + 1]
    assert to_polars(pd.DataFrame({"id": pd.Series(ids[:3], dtype=object).astype(kind)}))["id"].to_list() == ids[:3]
    written = to_polars(pd.DataFrame({"id": pd.Series(ids, dtype=object).astype(kind)}))["id"].to_list()
    assert written == ["720575940631797752", "720575940631797753", None, "18446744073709551617"]
    decimals = pd.Series([Decimal("1.10"), Decimal("1.1")], dtype=object)
    assert to_polars(pd.DataFrame({"id": decimals}))["id"].to_list() == ["1.10", "1.1"]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ([1, 2], "a list is not a table"),
        (pl.DataFrame(), "no rows"),
        (TABLE.clear(), "no rows"),
        (pd.DataFrame(np.ones((1, 2)), columns=["y", "y"]), "'y' is named twice"),
        (pa.table([[1], [2]], names=["y", "y"]), "'y' is named twice"),
        (pd.DataFrame({"y": [1j]}), "column 'y' of type complex128 cannot be read"),
    ],
)
def test_what_is_no_table_is_refused(table: Any, message: str) -> None:
    with pytest.raises(TableError, match=message):
        to_polars(table)

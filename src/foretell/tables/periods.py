"""Periods of pandas, such as a month or a quarter, as they come in Parquet files and Arrow tables."""

from __future__ import annotations

import json

import polars as pl


def without_periods(table: pl.DataFrame) -> pl.DataFrame:
    """The table with each column of periods as the times at which they begin."""
    names = [name for name, dtype in table.schema.items() if _is_period(dtype)]
    return table.with_columns(_starts(table[name]) for name in names) if names else table


def _is_period(dtype: pl.DataType) -> bool:
    name = getattr(dtype, "ext_name", None)
    return name is not None and name() == "pandas.period"


def _starts(column: pl.Series) -> pl.Series:
    dtype = column.dtype
    import pandas as pd

    frequency = json.loads(dtype.ext_metadata() or "{}")["freq"]  # type: ignore[attr-defined]
    ordinals = column.ext.storage()
    # What pandas-stubs do not know yet.
    periods = pd.PeriodIndex.from_ordinals(ordinals.drop_nulls().to_numpy(), freq=frequency)  # type: ignore[attr-defined]
    starts = periods.to_timestamp().to_numpy().astype("datetime64[us]")
    times = pl.Series(column.name, [None] * len(ordinals), dtype=pl.Datetime("us"))
    return times.scatter(ordinals.is_not_null().arg_true(), pl.Series(starts))

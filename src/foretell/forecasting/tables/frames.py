"""Conversion of pandas, pyarrow and other tables to polars."""

from __future__ import annotations

import json
from typing import Any

import narwhals as nw
import polars as pl
from narwhals.typing import IntoFrame

from foretell.errors import TableError
from foretell.forked import require_polars

# Types that pandas and polars both store as numpy does, so that nothing needs to be converted.
_PLAIN = ("float64", "float32", "int64", "int32", "datetime64[ns]", "datetime64[us]", "datetime64[ms]")


def to_polars(table: IntoFrame) -> pl.DataFrame:
    """Return the table as a polars frame; a pandas index that is not a plain row count becomes columns.

    Raises `TableError` for anything that is not a table, and if two columns have the same name; see `require_polars`
    for a forked process.
    """
    require_polars()
    if isinstance(table, pl.DataFrame) and not table.is_empty():
        return _without_periods(table)
    try:
        frame: Any = nw.from_native(table)
    except TypeError as error:
        raise TableError(f"a {type(table).__name__} is not a table; pass a pandas, polars or pyarrow table") from error
    except nw.exceptions.DuplicateError as error:
        names = [str(name) for name in getattr(table, "column_names", None) or list(table.columns)]
        twice = next((repr(name) for name in names if names.count(name) > 1), "")
        raise TableError(f"the column {twice} is named twice; rename one") from error
    if isinstance(frame, nw.LazyFrame):
        frame = frame.collect()
    native = nw.to_native(frame)
    polars = _from_pandas(native) if frame.implementation.is_pandas() else frame.to_polars()
    if polars.is_empty() or not polars.width:
        raise TableError("the table holds no rows of values")
    return _without_periods(polars)


def _from_pandas(table: Any) -> pl.DataFrame:
    import pandas as pd

    names = [str(name) for name in table.columns]
    index = table.index
    plain = isinstance(index, pd.RangeIndex) or (index.nlevels == 1 and index.name is None and index.dtype.kind in "iu")
    if not plain:
        free = [
            str(n) if n is not None else ("time" if i + 1 == index.nlevels else f"level_{i}")
            for i, n in enumerate(index.names)
        ]
        repeated = set(free) & set(names)
        if repeated:
            raise TableError(f"{min(repeated)!r} names both a column and an index level; rename one")
        table = table.reset_index(names=free)
    columns = []
    for name, column in zip(
        (str(name) for name in table.columns), (table.iloc[:, i] for i in range(table.shape[1])), strict=True
    ):
        if str(column.dtype) in _PLAIN:
            columns.append(pl.Series(name, column.to_numpy(), nan_to_null=True))
            continue
        if isinstance(column.dtype, pd.PeriodDtype):
            column = column.dt.to_timestamp()
        elif isinstance(column.dtype, pd.CategoricalDtype):
            column = column.astype(object)
        if column.dtype == object:
            kind = pd.api.types.infer_dtype(column, skipna=True)
            if kind == "floating":
                column = column.astype(float)
            elif kind == "integer" and column.dropna().between(-(2**63), 2**63 - 1).all():
                column = column.astype("Int64")
            elif kind != "boolean":
                # Mixed cells, such as instants of several zones, are read as text; numbers that no float represents,
                # such as large integers and decimals, keep their digits.
                column = column.map(str, na_action="ignore")
        try:
            columns.append(pl.Series(name, pl.from_pandas(column)))
        except (TypeError, ValueError, NotImplementedError, pl.exceptions.PolarsError) as error:
            raise TableError(f"column {name!r} of type {column.dtype} cannot be read: {error}") from error
    return pl.DataFrame(columns)


def _without_periods(table: pl.DataFrame) -> pl.DataFrame:
    """Replace each column of periods by the times at which they begin."""
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
    # pandas-stubs does not have this yet.
    periods = pd.PeriodIndex.from_ordinals(ordinals.drop_nulls().to_numpy(), freq=frequency)  # type: ignore[attr-defined]
    starts = periods.to_timestamp().to_numpy().astype("datetime64[us]")
    times = pl.Series(column.name, [None] * len(ordinals), dtype=pl.Datetime("us"))
    return times.scatter(ordinals.is_not_null().arg_true(), pl.Series(starts))

"""Times as text, no longer than they need be."""

from __future__ import annotations

import polars as pl

_TICKS = {"ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
"""Ticks of a second."""


def with_times_as_text(df: pl.DataFrame, between: str = " ") -> pl.DataFrame:
    """The table with times as text, no longer than need be: dates alone where every clock shows midnight.

    `between`: what stands between date and time of day.
    """
    for name, dtype in df.schema.items():
        if isinstance(dtype, pl.Datetime):
            times = (
                df[name].dt.convert_time_zone(dtype.time_zone).dt.replace_time_zone(None)
                if dtype.time_zone
                else df[name]
            )
            # As numbers, which takes no threads of polars: most of these tables are short.
            ticks = times.drop_nulls().to_physical().to_numpy()
            second = _TICKS[dtype.time_unit]
            if not dtype.time_zone and not (ticks % (86_400 * second)).any():
                pattern = "%Y-%m-%d"
            else:
                whole = not (ticks % second).any()
                pattern = f"%Y-%m-%d{between}%H:%M:%S" + ("" if whole else "%.6f") + ("%:z" if dtype.time_zone else "")
            df = df.clone().replace_column(df.get_column_index(name), df[name].dt.strftime(pattern))
    return df

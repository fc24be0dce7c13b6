"""Times as text, no longer than they need be."""

from __future__ import annotations

from datetime import time

import polars as pl


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
            clock = times.dt.time().drop_nulls()
            if not dtype.time_zone and (clock == time(0)).all():
                pattern = "%Y-%m-%d"
            else:
                whole = not (times.dt.microsecond() > 0).any()
                pattern = f"%Y-%m-%d{between}%H:%M:%S" + ("" if whole else "%.6f") + ("%:z" if dtype.time_zone else "")
            df = df.with_columns(pl.col(name).dt.strftime(pattern))
    return df

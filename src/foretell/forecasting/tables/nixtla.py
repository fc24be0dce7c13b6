"""Results as tables in the Nixtla convention, of the same type as the user's table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import narwhals as nw
import numpy as np
import polars as pl
from narwhals.typing import IntoFrame
from numpy.typing import NDArray

from foretell.forecasting.quantiles import read_off
from foretell.tables.clock import Clock
from foretell.tables.grids import Times

Library: TypeAlias = Literal[nw.Implementation.PANDAS, nw.Implementation.PYARROW, nw.Implementation.POLARS]


@dataclass(frozen=True)
class TableKind:
    """Type of the input table, so that results can have the same type."""

    library: Library = nw.Implementation.POLARS
    """Library of the results: pandas for pandas, pyarrow for pyarrow, and polars for all others."""
    integer_ids: pl.DataType | None = None
    """Type of ids that are whole numbers; None for names."""
    dates: bool = False
    """True if the times are dates without a time of day."""

    @classmethod
    def of(cls, table: IntoFrame, frame: pl.DataFrame, series: str | None, time: str | None) -> TableKind:
        """Determine the type from the table, its polars frame, and the names of its id and time columns."""
        library: Library = nw.Implementation.POLARS
        if nw.dependencies.is_pandas_dataframe(table):
            library = nw.Implementation.PANDAS
        elif nw.dependencies.is_pyarrow_table(table):
            library = nw.Implementation.PYARROW
        dtype = frame.schema.get(series) if series is not None else None
        return cls(
            library,
            dtype if dtype is not None and dtype.is_integer() else None,
            time is not None and frame.schema.get(time) == pl.Date,
        )

    def table(self, columns: Mapping[str, Any]) -> Any:
        """Build a table of this type from arrays and lists; times have no time zone."""
        return nw.from_dict(dict(columns), backend=self.library).to_native()

    def forecast_table(
        self,
        ids: Sequence[str],
        steps: int,
        times: Mapping[str, Times],
        columns: Mapping[str, NDArray[Any]],
        clock: Clock,
    ) -> Any:
        """Build a table of `unique_id`, the time columns, then `columns`: a row per step of each of B forecasts.

        `ids` (B,) are the names of the forecasts' series; all arrays hold B x `steps` numbers, NaN where there is none.
        Times are on a grid of the `clock`, and are shown in its zone.
        """
        shown = {name: clock.answer(values) for name, values in times.items()}
        zone = next((zone for _, zone in shown.values()), None)
        times = {name: values for name, (values, _) in shown.items()}
        data: dict[str, Any] = {"unique_id": self._ids(ids, steps)}
        data |= {name: np.asarray(values).ravel() for name, values in (*times.items(), *columns.items())}
        frame = nw.from_dict(data, backend=self.library)
        lacking = [name for name, values in columns.items() if values.dtype.kind == "f" and np.isnan(values).any()]
        if lacking and self.library is not nw.Implementation.PANDAS:
            frame = frame.with_columns(nw.when(~nw.col(name).is_nan()).then(nw.col(name)) for name in lacking)
        if zone is not None:
            frame = frame.with_columns(nw.col(*times).dt.replace_time_zone("UTC").dt.convert_time_zone(zone))
        elif self.dates and self.library is not nw.Implementation.PANDAS:
            whole = all(not np.any(t.astype(np.int64) % 86_400_000_000) for t in times.values())
            frame = frame.with_columns(nw.col(*times).cast(nw.Date)) if whole else frame
        return frame.to_native()

    def _ids(self, ids: Sequence[str], steps: int) -> Any:
        if self.integer_ids is not None:
            numbers = pl.Series(list(ids), dtype=pl.String).cast(self.integer_ids, strict=False)
            if not numbers.null_count():
                return np.repeat(numbers.to_numpy(), steps)
        return [name for name in ids for _ in range(steps)]


def named_columns(
    model: str, probabilities: Sequence[float], distribution: NDArray[np.float64]
) -> dict[str, NDArray[Any]]:
    """Name single quantiles, such as `{model}-q-5` for 0.05, of a distribution (..., 15) by `GRID`."""
    ascending = sorted(probabilities)
    if not ascending:
        return {}
    found = read_off(distribution, ascending)
    return {f"{model}-q-{round(100 * p, 6):g}": found[..., k] for k, p in enumerate(ascending)}


def quantile_columns(model: str, levels: Sequence[int], quantiles: NDArray[np.float64]) -> dict[str, NDArray[Any]]:
    """Name quantiles (..., Q), Q = 2 levels + 1: `{model}` for the median, then `{model}-lo-95`, `-lo-80`, `-hi-80`,
    `-hi-95`."""
    ascending = sorted(levels)
    names = [f"{model}-lo-{level}" for level in reversed(ascending)] + [f"{model}-hi-{level}" for level in ascending]
    middle = len(ascending)
    outer = [k for k in range(2 * middle + 1) if k != middle]
    return {model: quantiles[..., middle]} | {name: quantiles[..., k] for name, k in zip(names, outer, strict=True)}

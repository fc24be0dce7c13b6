"""Forecasts of Spark, Dask and pandas frames, by fugue."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl

from foretell import optional
from foretell.distributed.partitions import id_column, with_partitions
from foretell.distributed.scoring import _loaded as loaded
from foretell.forecasting.forecaster import Forecaster
from foretell.forecasting.quantiles import quantiles_of
from foretell.forecasting.tables.nixtla import named_columns, quantile_columns

PLACE = "foretell_partition"


def predict_frame(frame: Any, model: str | Path, *, partitions: int = 8, engine: Any = None) -> Any:
    """Forecast every series of a long frame of Spark, Dask or pandas, and return a frame of the same kind.

    `model` is a folder that all workers see; `engine` is one of fugue, such as a Spark session, by default the frame's
    own. Series are kept whole by a hash of their ids; each worker holds one model and one of the `partitions`. The rows
    are those of `Forecaster.predict`, in no order. Raises MissingExtraError without fugue, ModelError for a folder
    without a model, and what `Forecaster.predict` raises, through fugue.
    """
    fugue = optional.load("fugue.api", "scores frames of Spark and Dask", "fugue")
    folder = str(Path(model).resolve())
    forecaster = Forecaster.load(folder, "cpu")
    column = id_column(forecaster.fitted_model)
    found = fugue.get_schema(frame)
    names = {"unique_id": str(found[column].type) if column in found else "str", "ds": _time(forecaster)}
    names |= dict.fromkeys(_forecasts(forecaster), "double")
    if names["unique_id"] == "string":
        names["unique_id"] = "str"
    schema = ",".join(f"`{name}`:{kind}" for name, kind in names.items())

    def placed(part: pd.DataFrame) -> pd.DataFrame:
        return part.assign(**{PLACE: with_partitions(pl.from_pandas(part), column, partitions).to_numpy()})

    def scored(part: pd.DataFrame) -> pd.DataFrame:
        table = loaded(folder).predict(pl.from_pandas(part.drop(columns=PLACE)))
        return table.to_pandas()  # type: ignore[no-any-return]

    # fugue looks at the annotations, not at their names.
    for function in (placed, scored):
        function.__annotations__ = {"part": pd.DataFrame, "return": pd.DataFrame}
    keyed = fugue.transform(frame, placed, schema=f"*,{PLACE}:long", engine=engine, as_fugue=True)
    forecasts = fugue.transform(
        keyed, scored, schema=schema, partition={"by": [PLACE], "num": partitions}, engine=engine, as_fugue=True
    )
    return fugue.get_native_as_df(forecasts)


def _forecasts(forecaster: Forecaster) -> list[str]:
    """Return the names of the columns of a forecast."""
    nothing = np.zeros((1, 1, len(quantiles_of(forecaster.levels))))
    named = named_columns(forecaster.model, forecaster.settings.quantiles, np.zeros((1, 1, 15)))
    return [*quantile_columns(forecaster.model, forecaster.levels, nothing), *named]


def _time(forecaster: Forecaster) -> str:
    """Return the type of the times of a forecast."""
    return "long" if forecaster.fitted_model.frequency.is_integer else "datetime"

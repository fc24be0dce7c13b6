"""Forecasts of a dataset of Ray Data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from foretell.distributed.partitions import id_column, with_partitions
from foretell.distributed.scoring import _loaded
from foretell.forecasting.forecaster import Forecaster

_PLACE = "foretell_partition"


def predict(dataset: Any, model: str | Path, *, partitions: int = 8) -> Any:
    """Forecast every series of a `ray.data.Dataset`, a long table, and return the forecasts as another.

    `model` is a folder that all machines see. Series are kept whole by a hash of their ids; each worker holds one
    model and one of the `partitions`. The rows are those of `Forecaster.predict`, in no order. Raises ModelError for a
    folder without a model, and what `Forecaster.predict` raises, through Ray.
    """
    folder = str(Path(model).resolve())
    column = id_column(Forecaster.load(folder, "cpu").fitted_model)

    def placed(batch: Any) -> Any:
        table = pl.from_arrow(batch)
        assert isinstance(table, pl.DataFrame)
        return table.with_columns(with_partitions(table, column, partitions).alias(_PLACE)).to_arrow()

    def scored(batch: Any) -> Any:
        table = pl.from_arrow(batch)
        assert isinstance(table, pl.DataFrame)
        return _loaded(folder).predict(table.drop(_PLACE)).to_arrow()

    keyed = dataset.map_batches(placed, batch_format="pyarrow")
    return keyed.groupby(_PLACE, num_partitions=partitions).map_groups(scored, batch_format="pyarrow")

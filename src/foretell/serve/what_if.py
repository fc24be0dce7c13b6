"""What if: forecasts of one series of a finished job, with other values of the columns known in advance."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from foretell.errors import SettingsError
from foretell.field_types import read_value
from foretell.forecasting.forecaster import Forecaster
from foretell.forecasting.panel import Panel, select
from foretell.forecasting.tables.nixtla import quantile_columns
from foretell.forecasting.tables.reading import Reading
from foretell.serve.jobs import FUTURE, TABLE, Job

_KEPT = 2
"""Tables that are kept as they were read."""


class WhatIf:
    """Answers what the forecast of a job would be with other plans."""

    def __init__(self) -> None:
        self._readings: dict[str, Reading] = {}
        self._lock = threading.Lock()

    def ask(self, job: Job, forecaster: Forecaster, place: Any, known: Any) -> dict[str, list[float]]:
        """Return the forecast of the series at a place, with `known` values by column for the steps of the horizon.

        Raises SettingsError for a place, a column or a number of values that there is not.
        """
        reading = self._reading(job, forecaster)
        panel = reading.panel if reading.ahead is None else reading.ahead
        if isinstance(place, bool) or not isinstance(place, int) or not 0 <= place < len(panel):
            raise SettingsError(f"place is {place!r}: it must be a whole number from 0 to {len(panel) - 1:,}")
        one = with_plans(select(panel, np.array([place])), known, forecaster.horizon)
        prediction = forecaster.forecast(replace(reading, ahead=one))
        columns = quantile_columns(forecaster.model, forecaster.levels, prediction.quantiles[0])
        return {name: values.tolist() for name, values in columns.items()}

    def _reading(self, job: Job, forecaster: Forecaster) -> Reading:
        with self._lock:
            if job.id not in self._readings:
                table, future = job.folder / TABLE, job.folder / FUTURE
                reading = forecaster.read(pl.read_ipc(table), pl.read_ipc(future) if future.exists() else None)
                while len(self._readings) >= _KEPT:
                    self._readings.pop(next(iter(self._readings)))
                self._readings[job.id] = reading
            return self._readings[job.id]


def with_plans(panel: Panel, known: Any, horizon: int) -> Panel:
    """Return the panel of one series with other values of known columns after its history. Raises SettingsError."""
    if not isinstance(known, Mapping):
        raise SettingsError("known must be an object with the values of each column")
    columns = dict(panel.known)
    first = int(panel.history[0])
    for name, values in known.items():
        if name not in columns or columns[name].dtype == object:
            raise SettingsError(f"there is no known column {name!r} of numbers")
        try:
            given = np.array(read_value(tuple[float, ...], values), dtype=np.float64)
        except (ValueError, OverflowError):
            given = np.empty(0)
        if given.shape != (horizon,) or not np.isfinite(given).all():
            raise SettingsError(f"known column {name!r} needs {horizon:,} numbers, one for each step of the horizon")
        columns[name] = columns[name].copy()
        columns[name][first : first + horizon] = given
    return replace(panel, known=columns)

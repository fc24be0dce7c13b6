"""What if: forecasts of several plans for the known columns, and how they differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from narwhals.typing import IntoFrame
from numpy.typing import NDArray

from foretell.errors import SettingsError, TableError
from foretell.forecasting.forecast_arrays import Prediction
from foretell.forecasting.quantiles import MEDIAN
from foretell.forecasting.tables.reading import Reading

Floats = NDArray[np.float64]


def readings_by_plan(reading: Reading, plans: Mapping[str, IntoFrame], horizon: int) -> dict[str, Reading]:
    """Return the reading with the known values of each plan.

    Raises SettingsError if there is no plan or one without a name, and what `Reading.looking_ahead` raises, naming the
    plan.
    """
    if not plans:
        raise SettingsError("future names no plan: give a table for each name, or one table alone")
    found: dict[str, Reading] = {}
    for name, table in plans.items():
        if not isinstance(name, str) or not name:
            raise SettingsError(f"a plan is called {name!r}: its name must be text")
        try:
            found[name] = reading.looking_ahead(table, horizon)
        except (TableError, SettingsError) as error:
            raise type(error)(f"plan {name!r}: {error}") from error
    return found


@dataclass(frozen=True)
class PlanDifference:
    """The forecast of a series by one plan, beside that by the first one."""

    plan: str
    series: str
    median: Floats
    """(H,)"""
    first: Floats
    """(H,), by the first plan."""

    @property
    def difference(self) -> Floats:
        """Return (H,), by how much the forecast lies above that by the first plan."""
        return self.median - self.first

    def to_dict(self) -> dict[str, Any]:
        """Return the sums of the medians over the horizon, for JSON."""
        total, difference = float(self.median.sum()), float(self.difference.sum())
        return {"plan": self.plan, "unique_id": self.series, "total": total, "difference": difference}


def plan_differences(plans: Mapping[str, Prediction]) -> list[PlanDifference]:
    """Return each series by each plan, plan after plan, as far as the first plan has the series too."""
    if not plans:
        return []
    first = next(iter(plans.values()))
    place = {name: i for i, name in enumerate(first.panel.ids)}
    return [
        PlanDifference(plan, name, prediction.distribution[i, :, MEDIAN], first.distribution[place[name], :, MEDIAN])
        for plan, prediction in plans.items()
        for i, name in enumerate(prediction.panel.ids)
        if name in place
    ]

"""Times that tables and charts can show."""

from __future__ import annotations

import numpy as np

from foretell.errors import TableError
from foretell.forecasting.panel import Panel

# Pandas, polars, matplotlib and Python all support these years, with a margin for charts.
_YEARS = (1000, 9900)


def check_years(panel: Panel, horizon: int) -> None:
    """Raise TableError if the times, or those to be forecast, are beyond what tables and charts can show."""
    if panel.frequency.is_integer:
        return
    lasts = panel.starts.astype(np.float64) + panel.frequency.microseconds * (panel.history + horizon)
    lowest, highest = (float(np.datetime64(str(year), "us").astype(np.int64)) for year in _YEARS)
    if panel.starts.astype(np.float64).min() < lowest or lasts.max() > highest:
        raise TableError(
            f"the times begin at {panel.clock.show(panel.starts.min())} and, with a horizon of {horizon:,} steps, do "
            f"not all lie within the years {_YEARS[0]} to {_YEARS[1]}; correct the time stamps, or shorten the horizon"
        )

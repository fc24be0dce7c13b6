"""Mixed frequencies: series with longer time steps than the others of their table."""

from __future__ import annotations

import numpy as np

from foretell.errors import TableError
from foretell.forecasting.tables.findings import describe_frequency
from foretell.forecasting.tables.source import Source
from foretell.tables.frequency import Frequency
from foretell.tables.frequency_inference import infer_frequency
from foretell.tables.grids import IntegerGrid

# Fewer times than this may be evenly spaced by chance; denser series have the table's own step.
_FEWEST, _DENSEST, _SHOWN = 6, 0.6, 5
# At most this many sparse series are examined, to save time.
_MOST = 1_000


def slower_series(source: Source, frequency: Frequency) -> str | None:
    """Return a sentence naming the series with steps longer than the `frequency` of the table; None if there are none.

    `source`: sorted by owner and time.
    """
    number = frequency.positions(source.times)[0]
    head = np.searchsorted(source.owner, np.arange(len(source.names) + 1))
    rows = np.diff(head)
    span = number[head[1:] - 1] - number[head[:-1]] + 1
    slower = {}
    for i in np.flatnonzero((rows >= _FEWEST) & (rows < _DENSEST * span))[:_MOST]:
        own = _own_frequency(source, slice(head[i], head[i + 1]))
        if own is not None and own.alias != frequency.alias and _length(own) > 1.5 * _length(frequency):
            slower[repr(source.names[i]) if source.names[i] else "the values"] = own
    if not slower:
        return None
    shown = ", ".join(f"{name} ({describe_frequency(own.alias)})" for name, own in list(slower.items())[:_SHOWN])
    more = f" and {len(slower) - _SHOWN:,} more" if len(slower) > _SHOWN else ""
    return (
        f"Series with a longer step than the table's, {describe_frequency(frequency.alias)}: {shown}{more}. The steps "
        "between their values count as missing; forecast them separately, or give the longer step with --frequency "
        "and aggregate the others first."
    )


def _own_frequency(source: Source, rows: slice) -> Frequency | None:
    try:
        return infer_frequency([source.times[rows]])
    except TableError:
        return None


def _length(frequency: Frequency) -> int:
    return frequency.grid.size if isinstance(frequency.grid, IntegerGrid) else frequency.microseconds

"""Cold start: series without any history, which only the table of future values contains."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from foretell.forecasting.panel import Column, Panel, absent_like
from foretell.forecasting.tables.columns import Columns
from foretell.forecasting.tables.composite_columns import id_cells
from foretell.forecasting.tables.composite_times import time_cells
from foretell.forecasting.tables.future import find_ids, future_cells, future_time, in_panel_time
from foretell.forecasting.tables.source import is_missing, read_ids


def with_cold_starts(panel: Panel, frame: pl.DataFrame, columns: Columns) -> Panel:
    """Return the panel with, as series without history, those that only the table of future values has, in its order.

    They start at their first time in that table or, if it has no time column, one step after the latest end of the
    others. Static columns are read from it if it has them. Raises TableError as `future_rows` does.
    """
    time = future_time(panel, frame, columns)
    series = find_ids(panel, frame, time, columns)
    if series is None:
        return panel
    numbers = np.arange(len(frame))
    names, owner = read_ids(id_cells(frame, series), numbers)
    new = np.array([i for i, name in enumerate(names) if name not in set(panel.ids)], dtype=np.int64)
    if not len(new):
        return panel
    if time is None:
        ends = [panel.frequency.range(s, int(h) + 1)[-1] for s, h in zip(panel.starts, panel.history, strict=True)]
        starts = np.full(len(new), max(ends))
    else:
        times = in_panel_time(panel, time_cells(frame, time), time, numbers, columns)
        starts = np.array([times[owner == i].min() for i in new])
    static: dict[str, Column] = {}
    for name, column in panel.static.items():
        cells = future_cells(column, frame[name], numbers) if name in frame.columns else None
        added = absent_like(column, len(new))
        for k, i in enumerate(new if cells is not None else ()):
            assert cells is not None
            present = np.flatnonzero((owner == i) & ~is_missing(cells))
            if len(present):
                added[k] = cells[present[0]]
        static[name] = np.concatenate([column, added])
    return replace(
        panel,
        ids=(*panel.ids, *(names[i] for i in new)),
        starts=np.concatenate([panel.starts, starts.astype(panel.starts.dtype)]),
        offsets=np.append(panel.offsets, np.full(len(new), panel.offsets[-1])),
        history=np.append(panel.history, np.zeros(len(new), np.int64)),
        static=static,
    )

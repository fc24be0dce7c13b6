"""A look at a table: what is found in it, before anything is fitted."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from foretell.forecasting.tables.findings import describe_frequency
from foretell.forecasting.tables.reading import Reading

_SHORTEST, _LONGEST = 1, 400


def look(table: pl.DataFrame, reading: Reading) -> dict[str, Any]:
    """Return what is found in a table, its columns, the extent of its series, and a horizon that suits it.

    It holds no cell of the table but the first and the last time.
    """
    findings, panel = reading.findings, reading.panel
    clock, frequency = panel.clock, panel.frequency
    ends = [
        frequency.range(start, int(rows))[-1] if rows else start
        for start, rows in zip(panel.starts, panel.history, strict=True)
    ]
    return {
        "findings": {**findings.to_dict(), "sentences": findings.sentences()},
        "frequency": {"alias": frequency.alias, "words": describe_frequency(frequency.alias)},
        "columns": [
            {"name": name, "type": str(dtype), "role": _role(name, reading)} for name, dtype in table.schema.items()
        ],
        "series": {
            "count": len(panel),
            "shortest": int(panel.history.min()),
            "longest": int(panel.history.max()),
            "first": clock.show(panel.starts.min()),
            "last": clock.show(max(ends)),
        },
        "horizon": _horizon(reading),
    }


def first_rows(table: pl.DataFrame, rows: int) -> dict[str, list[str | None]]:
    """Return the cells of the first rows as text, by column."""
    head = table.head(rows)
    return {name: [None if cell is None else str(cell) for cell in head[name].to_list()] for name in head.columns}


def _horizon(reading: Reading) -> int:
    """Return a horizon to begin with: a season or two, but at most a third of the longest series."""
    seasons = reading.panel.frequency.seasons
    season = seasons[0] if seasons else 12
    wanted = 2 * season if season < 10 else season
    return int(np.clip(wanted, _SHORTEST, max(_SHORTEST, min(_LONGEST, int(reading.panel.history.max()) // 3))))


def _role(name: str, reading: Reading) -> str | None:
    columns, findings = reading.columns, reading.findings
    for role, names in (
        ("time", (findings.time or "").split(" + ")),
        ("id", (findings.id or "").split(" + ")),
        ("target", findings.targets),
        ("known", columns.known),
        ("past", columns.past),
        ("static", columns.static),
    ):
        if name in names:
            return role
    return None

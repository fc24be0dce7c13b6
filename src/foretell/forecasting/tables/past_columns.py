"""Past covariates: they must be known for as long as each series is."""

from __future__ import annotations

import numpy as np

from foretell.errors import TableError
from foretell.forecasting.panel import Panel
from foretell.forecasting.tables.source import is_missing


def past_sentences(panel: Panel) -> list[str]:
    """Return what there is to say of gaps in the past columns, in which the networks read nothing.

    A series may lack a column that others have. Raises `TableError` for a column that ends before the history of a
    series does, naming the first date that it lacks, and for one without any value.
    """
    sentences = []
    for name, column in panel.past.items():
        missing = is_missing(column)
        absent: list[str] = []
        gaps = 0
        for i, (start, rows) in enumerate(zip(panel.offsets, panel.history.tolist(), strict=False)):
            have = np.flatnonzero(~missing[start : start + rows])
            if not len(have):
                absent += [panel.ids[i]] if rows else []
            elif int(have[-1]) + 1 < rows:
                raise _ends_early(panel, name, i, int(have[-1]) + 1)
            else:
                gaps += rows - len(have)
        if len(absent) == int((panel.history > 0).sum()):
            raise TableError(
                f"the past column {name!r} holds no value during the history of any series; leave it out, or correct it"
            )
        if absent:
            shown = ", ".join(map(repr, absent[:5])) + (" and others" if len(absent) > 5 else "")
            sentences.append(f"The past column {name!r} holds no value for {len(absent):,} series: {shown}.")
        if gaps:
            sentences.append(f"{gaps:,} {'value' if gaps == 1 else 'values'} missing in the past column {name!r}.")
    return sentences


def _ends_early(panel: Panel, name: str, series: int, first: int) -> TableError:
    times = panel.times(series, int(panel.history[series]))
    show = panel.clock.show
    return TableError(
        f"the past column {name!r} has no value from {show(times[first])} on in series {panel.ids[series]!r}, whose "
        f"own values go on until {show(times[-1])}; past columns must be known up to the last value: fill the column "
        f"in, end the table at {show(times[first - 1])}, or leave the column out"
    )

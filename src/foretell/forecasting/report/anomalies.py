"""What a report says of anomalies."""

from __future__ import annotations

import numpy as np

from foretell.forecasting.anomalies.anomalies import Anomalies
from foretell.forecasting.report.content import ReportContent, ReportTable, SeriesView
from foretell.forecasting.report.wording import column, fixed, moments, number
from foretell.forecasting.tables.findings import describe_frequency

_MOST_SERIES = 6
_SHOWN = 730
"""Latest steps of a series that are drawn."""


def anomalies_content(found: Anomalies, *, title: str = "Anomalies") -> ReportContent:
    """The content of a report on anomalies; the series with the most of them are drawn, up to six."""
    scores = found.scores
    panel = scores.panel
    at = np.flatnonzero(scores.unlikely)
    owner = np.searchsorted(panel.offsets, at, side="right") - 1
    counts = np.bincount(owner, minlength=len(panel))
    shown = sorted(np.argsort(-counts, kind="stable")[:_MOST_SERIES].tolist())
    times = [
        panel.clock.wall_times(panel.times(int(i), int(row - panel.offsets[i]) + 1)[-1:])
        for i, row in zip(owner, at, strict=True)
    ]
    written = moments(np.concatenate(times)) if times else []
    columns = [column(values[at]) for values in (scores.panel.values, scores.expected, scores.lower, scores.upper)]
    rows = [
        [panel.ids[i], time, *cells, number(float(scores.chance[row]), 2), fixed(float(scores.size[row]), 1)]
        for i, row, time, *cells in zip(owner, at, written, *columns, strict=True)
    ]
    heads = ["series", "time", "value", "expected", "from", "to", "probability", "size in spreads"]
    return ReportContent(
        title=title,
        series=[_view(found, i) for i in shown],
        total_series=len(panel),
        anomalies=ReportTable("Anomalies", heads, rows, found.sentence),
        findings=found.findings.sentences(),
        facts={"Frequency": describe_frequency(panel.frequency.alias), "Probability": f"{scores.probability:g}"},
    )


def _view(found: Anomalies, i: int) -> SeriesView:
    panel = found.scores.panel
    rows = int(panel.history[i])
    start = max(0, rows - _SHOWN)
    times = panel.clock.wall_times(panel.times(i, rows))[start:]
    values = panel.series(i)[start:]
    first = int(panel.offsets[i])
    marks = np.where(found.scores.unlikely[first + start : first + rows], values, np.nan)
    nothing = np.empty(0)
    return SeriesView(panel.ids[i], times, values, times[:0], nothing, marks=marks)

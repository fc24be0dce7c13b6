"""What a report says of gaps that were filled."""

from __future__ import annotations

import numpy as np

from foretell.forecasting.filling.filling import Filled
from foretell.forecasting.report.content import BacktestWindow, ReportContent, ReportTable, SeriesView
from foretell.forecasting.report.wording import column, fixed
from foretell.forecasting.tables.findings import describe_frequency

_MOST_SERIES = 6
_MOST_ROWS = 400
_SHOWN = 730
"""Steps of a series that are drawn, up to its last gap and a tenth of these."""


def gaps_content(found: Filled, *, title: str = "Gaps") -> ReportContent:
    """The content of a report on gaps; the series with the most missing values are drawn, up to six."""
    gaps = found.gaps
    panel, stretches = gaps.panel, gaps.stretches
    missing = np.bincount(stretches.series, weights=stretches.length, minlength=len(panel))
    shown = sorted(np.argsort(-missing, kind="stable")[:_MOST_SERIES].tolist())
    listed = gaps.listed[:_MOST_ROWS]
    first = panel.offsets[stretches.series] + stretches.first
    bounds = gaps.bounds
    ends = [first[: len(listed)], (first + stretches.length - 1)[: len(listed)]]
    cells = [column(values[rows]) for rows in ends for values in (gaps.values, bounds[:, 0], bounds[:, -1])]
    rows = [
        [gap["unique_id"], gap["first"], gap["last"], fixed(gap["steps"], 0), *own]
        for gap, *own in zip(listed, *cells, strict=True)
    ]
    heads = ["series", "first step", "last step", "steps"]
    heads += [f"{which} {what}" for which in ("first", "last") for what in ("value", "from", "to")]
    return ReportContent(
        title=title,
        series=[_view(found, i) for i in shown],
        total_series=len(panel),
        gaps=ReportTable("Gaps", heads, rows, " ".join(found.sentences)),
        findings=found.findings.sentences(),
        facts={
            "Frequency": describe_frequency(panel.frequency.alias),
            "Intervals": ", ".join(f"{level} %" for level in gaps.levels),
        },
    )


def _view(found: Filled, i: int) -> SeriesView:
    gaps = found.gaps
    panel = gaps.panel
    own = np.flatnonzero(gaps.stretches.series == i)
    ends = (gaps.stretches.first + gaps.stretches.length)[own]
    stop = min(int(panel.history[i]), int(ends.max(initial=0)) + _SHOWN // 10) if len(own) else int(panel.history[i])
    start = max(0, stop - _SHOWN)
    clock = panel.clock.wall_times
    times = clock(panel.times(i, stop))[start:]
    return SeriesView(
        panel.ids[i],
        times,
        panel.series(i)[start:stop],
        times[:0],
        np.empty(0),
        windows=[_window(found, int(k)) for k in own[ends > start]],
        filled=True,
    )


def _window(found: Filled, k: int) -> BacktestWindow:
    gaps = found.gaps
    first = int(gaps.panel.offsets[gaps.stretches.series[k]] + gaps.stretches.first[k])
    rows = slice(first, first + int(gaps.stretches.length[k]))
    bounds, middle = gaps.bounds[rows], len(gaps.levels)
    intervals = {
        level: (bounds[:, middle - 1 - n], bounds[:, middle + 1 + n]) for n, level in enumerate(sorted(gaps.levels))
    }
    i, start, length = gaps.stretches.listed()[k]
    times = gaps.panel.clock.wall_times(gaps.panel.times(i, start + length)[start:])
    return BacktestWindow(times, bounds[:, middle], intervals, np.full(len(times), np.nan))

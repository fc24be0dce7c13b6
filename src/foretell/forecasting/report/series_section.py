"""The forecasts themselves: a chart of each series, a sentence, and the numbers behind it."""

from __future__ import annotations

import re

from foretell.forecasting.report.charts import forecast_chart, inline_svg
from foretell.forecasting.report.charts.forecast import NARROW, WIDE, band_opacity
from foretell.forecasting.report.content import ReportContent, SeriesView
from foretell.forecasting.report.legend import band, dot, legend, line
from foretell.forecasting.report.wording import column, count, escape, moments, number, percent

_MOST_ROWS = 400
_HYPHEN = re.compile(r"(?<=\d)-(?=\d)")  # in a date, where a line should not break


def series_section(content: ReportContent) -> str:
    """HTML of the section "Forecasts"."""
    if not content.series:
        return '<section id="forecasts"><h2>Forecasts</h2><p>No series was chosen to be shown.</p></section>'
    shown, total = len(content.series), content.total_series
    which = f"{shown} of {count(total, 'series', 'series')} shown." if shown < total else ""
    links = "".join(
        f'<a href="#series-{i}"><bdi>{escape(view.id)}</bdi></a>' for i, view in enumerate(content.series, start=1)
    )
    navigation = f'<nav aria-label="Series">{links}</nav>' if shown > 3 else ""
    figures = "".join(_figure(i, view) for i, view in enumerate(content.series, start=1))
    note = f'<p class="note">{which}</p>' if which else ""
    heading = "Forecasts" if any(len(view.median) for view in content.series) else "Series"
    return f'<section id="forecasts"><h2>{heading}</h2>{note}{_legend(content)}{navigation}{figures}</section>'


def _legend(content: ReportContent) -> str:
    levels = sorted({level for view in content.series for level in view.intervals}, reverse=True)
    opacity = band_opacity(len(levels))
    entries = [(line("history", 1.5), "history")]
    if any(len(view.median) for view in content.series):
        entries.append((line("forecast", 2.4), "forecast (median)"))
    if any(len(view.marks) for view in content.series):
        entries.append((dot("backtest"), "anomaly"))
    for i, level in enumerate(levels):
        entries.append((band("forecast", 1 - (1 - opacity) ** (i + 1)), f"{percent(level / 100)} interval"))
    if any(view.windows for view in content.series):
        filled = any(view.filled for view in content.series)
        words = "filled, with the widest interval" if filled else "backtest: forecast of what was already known"
        entries.append((line("backtest", 1.8), words))
    return legend(entries)


def _figure(i: int, view: SeriesView) -> str:
    what = "history and forecast" if len(view.median) else "history"
    label = f"Chart of the series {view.id}: {what}. {_sentence(view)}"
    wide = inline_svg(forecast_chart(view, WIDE), f"f{i}w", label, "wide")
    narrow = inline_svg(forecast_chart(view, NARROW), f"f{i}n", label, "narrow")
    name = escape(view.id) or "(no name)"
    return (
        f'<figure id="series-{i}"><h3><bdi>{name}</bdi></h3>{wide}{narrow}'
        f"<figcaption>{_HYPHEN.sub('-&#8288;', escape(_sentence(view)))}</figcaption>{_numbers(view)}</figure>"
    )


def _sentence(view: SeriesView) -> str:
    steps = len(view.median)
    if not steps and len(view.marks):
        found = int((view.marks == view.marks).sum())
        return f"{count(found, 'anomaly', 'anomalies')} in the part shown."
    if not steps and view.filled:
        return f"{count(len(view.windows), 'gap')} in the part shown."
    if not steps:
        return "No step was forecast."
    times = moments(view.forecast_times)
    if view.forecast_times.dtype.kind != "M":
        times = [f"time {time}" for time in times]
    places = [0] if steps == 1 else [0, steps - 1]
    parts = [f"{times[k]}: {number(float(view.median[k]), 4)}{_between(view, k)}" for k in places]
    missing = int((view.values != view.values).sum())
    gaps = (
        f" {count(missing, 'value')} of the history shown {'is' if missing == 1 else 'are'} missing." if missing else ""
    )
    history = "" if len(view.values) else " The series has no history of its own."
    return "Forecast for " + ", and for ".join(parts) + "." + gaps + history


def _between(view: SeriesView, k: int) -> str:
    if not view.intervals:
        return ""
    level = max(view.intervals)
    lower, upper = (number(float(bound[k]), 4) for bound in view.intervals[level])
    return f" ({percent(level / 100)} interval {lower} to {upper})"


def _numbers(view: SeriesView) -> str:
    if not len(view.median):
        return ""
    levels = sorted(view.intervals)
    headers = [f"{percent(level / 100)} {side}" for level in reversed(levels) for side in ("from",)]
    headers += ["median"] + [f"{percent(level / 100)} to" for level in levels]
    columns = [view.intervals[level][0] for level in reversed(levels)]
    columns += [view.median] + [view.intervals[level][1] for level in levels]
    cut = len(view.median) > _MOST_ROWS
    cells = zip(
        moments(view.forecast_times[:_MOST_ROWS]), *(column(values[:_MOST_ROWS]) for values in columns), strict=True
    )
    rows = "".join(
        f'<tr><th scope="row">{time}</th>{"".join(f"<td>{value}</td>" for value in values)}</tr>'
        for time, *values in cells
    )
    head = "".join(f'<th scope="col">{header}</th>' for header in headers)
    rest = f'<p class="note">The first {_MOST_ROWS} steps; the forecast table holds all.</p>' if cut else ""
    return (
        '<details><summary>Show the numbers</summary><div class="scroll" tabindex="0">'
        f'<table><thead><tr><th scope="col">time</th>'
        f"{head}</tr></thead><tbody>{rows}</tbody></table></div>{rest}</details>"
    )

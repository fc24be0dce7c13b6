"""The report in a sentence or two, true to the numbers whichever way they fall."""

from __future__ import annotations

import math
from collections.abc import Sequence

from foretell.forecasting.report.content import ReportContent, Score
from foretell.forecasting.report.wording import count, number, percent

PREFERRED_METRICS = ("MASE", "sMAPE", "MAE", "RMSE")
PREFERRED_BASELINES = ("seasonal naive", "naive")

_SAME = 0.005
"""A difference of less than half a percent is called none."""


def our_score(scores: Sequence[Score]) -> Score | None:
    """The first row that is ours."""
    return next((score for score in scores if score.is_ours), None)


def headline_metric(ours: Score) -> str | None:
    """The metric that the summary speaks of: the first known one that is finite, or any that is."""
    names = [*PREFERRED_METRICS, *ours.metrics]
    return next((name for name in names if math.isfinite(ours.metrics.get(name, math.nan))), None)


def baseline(scores: Sequence[Score], metric: str) -> Score | None:
    """The baseline to be measured against: seasonal naive, else naive, else the best of the others."""
    others = [s for s in scores if not s.is_ours and math.isfinite(s.metrics.get(metric, math.nan))]
    named = (s for name in PREFERRED_BASELINES for s in others if s.model.replace("_", " ").lower() == name)
    return next(named, None) or min(others, key=lambda score: score.metrics[metric], default=None)


def relative_change(ours: float, theirs: float) -> float:
    """How much larger our error is, as a share of theirs: -0.23 is 23 % lower. NaN where theirs is not above zero."""
    return ours / theirs - 1 if theirs > 0 and math.isfinite(ours / theirs) else math.nan


def horizon(content: ReportContent) -> int:
    """Steps forecast, the most of any series."""
    return max((len(view.forecast_times) for view in content.series), default=0)


def window_count(content: ReportContent) -> int:
    """Backtest windows, the most of any series shown."""
    return max((len(view.windows) for view in content.series), default=0)


def widest_coverage(content: ReportContent) -> tuple[int, float] | None:
    """(level in percent, share reached) of the widest interval with a known share."""
    known = {level: share for level, share in content.coverage.items() if math.isfinite(share)}
    return (max(known), known[max(known)]) if known else None


def summarise(content: ReportContent) -> str:
    """Plain text: how much was forecast, and how good the backtest says it is."""
    steps = horizon(content)
    ahead = f"{count(steps, 'step')} ahead" if steps else "no steps ahead"
    return f"{count(content.total_series, 'series', 'series')}, forecast {ahead}. {_backtest(content)}"


def _backtest(content: ReportContent) -> str:
    ours = our_score(content.scores)
    metric = headline_metric(ours) if ours else None
    inside = widest_coverage(content)
    windows = window_count(content)
    where = f"In the backtest of {count(windows, 'window')}" if windows else "In the backtest"
    covered = (
        f"{percent(inside[1])} of the values fell inside the {percent(inside[0] / 100)} intervals" if inside else ""
    )
    if ours is None or metric is None:
        if covered:
            return f"{where} {covered}; how far off the forecasts were is not known."
        return "There is no backtest, so how accurate the forecasts are is not known."
    other = baseline(content.scores, metric)
    error = ours.metrics[metric]
    if other is None:
        compared = f"the forecasts' error was {number(error)} ({metric})"
    else:
        compared = _compared(error, other, metric) + _better_still(content.scores, error, other, metric)
    return f"{where} {compared}{'; ' + covered if covered else ''}."


def _compared(error: float, other: Score, metric: str) -> str:
    theirs = other.metrics[metric]
    change = relative_change(error, theirs)
    figures = f"{metric} {number(error)} against {number(theirs)}"
    if math.isnan(change):
        return f"the forecasts had {figures} for {other.model}"
    if abs(change) < _SAME:
        return f"the forecasts were about as accurate as {other.model} ({figures})"
    if change > 1:
        times = number(1 + change, 2)
        return f"the forecasts were less accurate than {other.model}, with {times} times its error ({figures})"
    direction = "more" if change < 0 else "less"
    amount = "lower" if change < 0 else "higher"
    by = f"an error {percent(abs(change))} {amount}"
    return f"the forecasts were {direction} accurate than {other.model}, with {by} ({figures})"


def _better_still(scores: Sequence[Score], error: float, other: Score, metric: str) -> str:
    rivals = [s for s in scores if not s.is_ours and s is not other and math.isfinite(s.metrics.get(metric, math.nan))]
    best = min(rivals, key=lambda score: score.metrics[metric], default=None)
    if best is None or best.metrics[metric] >= min(error, other.metrics[metric]):
        return ""
    return f", but {best.model} was the most accurate ({number(best.metrics[metric])})"

"""How good forecasts of the past were: errors beside the baselines, by step ahead, and what the intervals held."""

from __future__ import annotations

import math
from collections.abc import Sequence

from foretell.forecasting.report.charts import error_by_step_chart, inline_svg
from foretell.forecasting.report.charts.scores import model_styles
from foretell.forecasting.report.content import ReportContent, Score
from foretell.forecasting.report.legend import legend, line
from foretell.forecasting.report.summary import baseline, headline_metric, our_score, relative_change, window_count
from foretell.forecasting.report.table import html_table
from foretell.forecasting.report.wording import DASH, count, difference, escape, number, percent

_CLOSE = 0.05
"""Coverage within five points of its level is called close."""

NO_BACKTEST = (
    "There was no backtest, so nothing here says how accurate the forecasts are. "
    "That is so when it was turned off, or when the series are too short to hold back a window of their own past."
)


def backtest_section(content: ReportContent) -> str:
    """HTML of the section "Backtest", which says so where there was none."""
    if not content.scores and not content.scores_by_step and not content.coverage:
        return f'<section id="backtest"><h2>Backtest</h2><p>{NO_BACKTEST}</p></section>'
    windows = window_count(content)
    over = f"{count(windows, 'stretch', 'stretches')} of the past" if windows else "Stretches of the past"
    were = "was" if windows == 1 else "were"
    intro = (
        f"{over} {were} forecast as though still to come, by each model from the same data, and held against what came."
    )
    return (
        f'<section id="backtest"><h2>Backtest</h2><p class="note">{intro}</p>{_table(content.scores)}'
        f'<div class="pair">{_by_step(content)}{_coverage(content)}</div>'
        f"{''.join(map(html_table, content.score_tables))}</section>"
    )


def _table(scores: Sequence[Score]) -> str:
    metrics = list(dict.fromkeys(name for score in scores for name in score.metrics))
    if not metrics:
        return "<p>No errors were computed.</p>"
    best = {name: _lowest(scores, name) for name in metrics}
    ours = our_score(scores)
    metric = headline_metric(ours) if ours else None
    other = baseline(scores, metric) if metric else None
    against = f"{metric} beside {other.model}" if metric and other else ""
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in metrics)
    if against:
        head += f'<th scope="col">{escape(against)}</th>'
    rows = []
    for score in scores:
        cells = "".join(_cell(score.metrics.get(name, math.nan), best[name]) for name in metrics)
        if metric and other:
            cells += f"<td>{_change(score.metrics.get(metric, math.nan), other, score, metric)}</td>"
        tag = ' <span class="tag">this model</span>' if score.is_ours else ""
        kind = ' class="ours"' if score.is_ours else ""
        rows.append(f'<tr{kind}><th scope="row"><bdi>{escape(score.model)}</bdi>{tag}</th>{cells}</tr>')
    return (
        '<p class="note" id="errors">Errors: lower is better. A star marks the lowest of each column.</p>'
        '<div class="scroll" tabindex="0"><table class="models" aria-labelledby="errors">'
        f'<thead><tr><th scope="col">Model</th>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'
    )


def _lowest(scores: Sequence[Score], metric: str) -> float:
    values = (score.metrics.get(metric, math.nan) for score in scores)
    return min((value for value in values if math.isfinite(value)), default=math.nan)


def _cell(value: float, best: float) -> str:
    if value == best:
        return f'<td><span class="best">{number(value)}</span><span class="spoken"> (lowest)</span></td>'
    return f"<td>{number(value)}</td>"


def _change(error: float, other: Score, score: Score, metric: str) -> str:
    if score is other:
        return DASH
    change = relative_change(error, other.metrics[metric])
    return DASH if math.isnan(change) else difference(change)


def _by_step(content: ReportContent) -> str:
    title = "<h3>Error by step ahead</h3>"
    errors = {name: values for name, values in content.scores_by_step.items() if len(values)}
    if not errors:
        return f'<figure>{title}<p class="note">Errors by step were not computed.</p></figure>'
    ours = {score.model for score in content.scores if score.is_ours}
    entries = [
        (line(colour, 1.6 if dashes else 2.4, dashes), name) for name, colour, dashes in model_styles(errors, ours)
    ]
    label = "Chart of the mean absolute scaled error at each step ahead: " + "; ".join(
        f"{name} {number(float(values[0]))} at the first step, {number(float(values[-1]))} at the last"
        for name, values in errors.items()
    )
    svg = inline_svg(error_by_step_chart(errors, ours), "step", label)
    return (
        f"<figure>{title}{legend(entries)}{svg}<figcaption>Mean absolute scaled error (MASE) of each step ahead; "
        "1 is the error of the naive or seasonal naive forecast within the training part.</figcaption></figure>"
    )


def _coverage(content: ReportContent) -> str:
    title = "<h3>Do the intervals hold what they promise?</h3>"
    if not content.coverage:
        return f'<figure>{title}<p class="note">The coverage of the intervals was not computed.</p></figure>'
    rows = "".join(_coverage_row(level, share) for level, share in sorted(content.coverage.items()))
    return (
        f'<figure>{title}<div class="scroll" tabindex="0"><table class="coverage"><thead>'
        '<tr><th scope="col">Interval</th><th scope="col"><span class="spoken">Share inside, drawn</span></th>'
        '<th scope="col">values inside</th>'
        f'<th scope="col"><span class="spoken">Verdict</span></th></tr></thead><tbody>{rows}</tbody></table></div>'
        "<figcaption>The bar is the share of the backtest's values inside the interval, the upright mark the share "
        "that should be.</figcaption></figure>"
    )


def _coverage_row(level: int, share: float) -> str:
    promised = level / 100
    filled = 0.0 if math.isnan(share) else min(max(share, 0.0), 1.0)
    if math.isnan(share):
        verdict = DASH
    elif abs(share - promised) <= _CLOSE:
        verdict = "close"
    else:
        verdict = "too narrow" if share < promised else "too wide"
    gauge = f'<span class="gauge"><i style="width:{filled:.1%}"></i><b style="left:{promised:.1%}"></b></span>'
    return (
        f'<tr><th scope="row">{percent(promised)}</th><td class="wide-cell">{gauge}</td>'
        f"<td>{percent(share, 1)}</td><td>{verdict}</td></tr>"
    )

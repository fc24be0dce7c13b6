"""What each covariate added: how much larger the errors are without its own values."""

from __future__ import annotations

import math

import numpy as np

from foretell.forecasting.report.charts import error_by_step_chart, inline_svg
from foretell.forecasting.report.charts.scores import model_styles
from foretell.forecasting.report.content import ColumnEffect, ReportContent, ReportTable
from foretell.forecasting.report.legend import legend, line
from foretell.forecasting.report.table import html_table
from foretell.forecasting.report.wording import DASH, column, difference, escape, number

_MOST_DRAWN = 4
_OWN = "all columns"

NOTE = (
    "Permutation over whole windows: the windows of the backtest are forecast once more, with the values that a column "
    "had in other windows. It shows what the forecast makes of the column, not what causes what."
)


def effects_section(content: ReportContent) -> str:
    """HTML of the section "What each column added"; nothing without covariates or a backtest."""
    if not content.effects:
        return ""
    rows = [
        [effect.column, *column(np.array([effect.score, effect.permuted_score])), _change(effect)]
        for effect in content.effects
    ]
    table = ReportTable(
        "Error without its own values", ["column", "CRPS", "CRPS without", "change"], rows, "Errors: lower is better."
    )
    return (
        f'<section id="columns"><h2>What each column added</h2><p class="note">{escape(NOTE)}</p>'
        f"{html_table(table, folded=False)}{_by_step(content)}</section>"
    )


def _change(effect: ColumnEffect) -> str:
    change = effect.permuted_score / effect.score - 1 if effect.score > 0 else math.nan
    return difference(change) if math.isfinite(change) else DASH


def _by_step(content: ReportContent) -> str:
    first, *_ = content.effects
    errors = {_OWN: first.error}
    errors |= {f"without {effect.column}": effect.permuted_error for effect in content.effects[:_MOST_DRAWN]}
    errors = {name: values for name, values in errors.items() if np.isfinite(values).any()}
    if not errors:
        return ""
    entries = [
        (line(colour, 1.6 if dashes else 2.4, dashes), name) for name, colour, dashes in model_styles(errors, {_OWN})
    ]
    label = "Chart of the mean absolute error at each step ahead: " + "; ".join(
        f"{name} {number(float(values[0]))} at the first step, {number(float(values[-1]))} at the last"
        for name, values in errors.items()
    )
    svg = inline_svg(error_by_step_chart(errors, {_OWN}, error="absolute error"), "effects", label)
    return (
        f"<figure><h3>Effect over the horizon</h3>{legend(entries)}{svg}<figcaption>Mean absolute error (MAE) of each "
        "step ahead, with and without a column's own values.</figcaption></figure>"
    )

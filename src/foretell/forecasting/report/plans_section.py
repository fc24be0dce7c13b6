"""What if: the forecasts of several plans, and by how much they differ from that of the first."""

from __future__ import annotations

import numpy as np

from foretell.forecasting.report.charts import difference_chart, inline_svg
from foretell.forecasting.report.charts.scores import model_styles
from foretell.forecasting.report.content import PlanView, ReportContent, ReportTable
from foretell.forecasting.report.legend import legend, line
from foretell.forecasting.report.table import html_table
from foretell.forecasting.report.wording import column, escape, moments, number


def plans_section(content: ReportContent) -> str:
    """HTML of the section "What if"; nothing for one plan."""
    if not content.plans:
        return ""
    first, *others = content.plans[0].medians
    entries = [
        (line(colour, 1.8, dashes), f"{plan} beside {first}")
        for plan, colour, dashes in model_styles(others, others[:1])
    ]
    note = f"The charts above show the plan {first}. Here is by how much the medians of the others lie above its own."
    figures = "".join(_figure(i, view) for i, view in enumerate(content.plans, start=1))
    return f'<section id="plans"><h2>What if</h2><p class="note">{escape(note)}</p>{legend(entries)}{figures}</section>'


def _figure(i: int, view: PlanView) -> str:
    totals = {plan: float(values.sum()) for plan, values in view.differences.items()}
    said = "; ".join(f"{plan} {number(total, 4)}" for plan, total in totals.items())
    sentence = f"Difference in total over the horizon: {said}."
    svg = inline_svg(difference_chart(view), f"p{i}", f"Chart of the series {view.series}. {sentence}")
    return (
        f"<figure><h3><bdi>{escape(view.series) or '(no name)'}</bdi></h3>{svg}"
        f"<figcaption>{escape(sentence)}</figcaption>{html_table(_numbers(view))}</figure>"
    )


def _numbers(view: PlanView) -> ReportTable:
    """The medians of each plan, the differences from the first, and a row with their sums."""
    differences = {f"{plan}, difference": values for plan, values in view.differences.items()}
    columns = {**view.medians, **differences}
    cells = [column(np.append(values, values.sum())) for values in columns.values()]
    rows = [list(row) for row in zip([*moments(view.times), "total"], *cells, strict=True)]
    return ReportTable("Show the numbers", ["time", *columns], rows)

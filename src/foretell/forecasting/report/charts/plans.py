"""By how much the forecasts of several plans differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from foretell.forecasting.report.charts.axes import TimeAxis, dress_values, label_width, span, unit_of, value_ticks
from foretell.forecasting.report.charts.scores import FONT_SIZE, model_styles
from foretell.forecasting.report.charts.theme import COLOURS, blank, panel, style
from foretell.forecasting.report.content import PlanView

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SIZE = (9.0, 2.4)
"""Inches: as wide as the page's column."""


def difference_chart(view: PlanView) -> Figure:
    """One line per plan but the first: by how much its median lies above the first plan's at each time."""
    width, height = _SIZE
    differences = view.differences
    unit = unit_of(list(differences.values()))
    low, high = span([*(unit.scaled(values) for values in differences.values()), np.zeros(1)])
    ticks = value_ticks(low, high, 5)
    time = TimeAxis([view.times])
    places = time.place(view.times)
    with style():
        figure = blank(width, height)
        left = label_width(ticks[1], FONT_SIZE)
        axes = panel(figure, left, 0.42, width - left - 0.12, height - 0.72)
        air = 0.012 * (places[-1] - places[0]) or 0.5
        axes.set_xlim(places[0] - air, places[-1] + air)
        axes.set_ylim(low, high)
        dress_values(axes, ticks, FONT_SIZE, f"difference, {unit.name}" if unit.name else "difference")
        time.dress(axes, 9, FONT_SIZE)
        axes.axhline(0.0, color=COLOURS["axis"], linewidth=0.9)
        first = next(iter(differences))
        for plan, colour, dashes in model_styles(differences, {first}):
            axes.plot(
                places,
                unit.scaled(differences[plan]),
                color=COLOURS[colour],
                linewidth=1.8,
                dashes=dashes or (None, None),
                marker="o" if len(places) == 1 else None,
                markersize=4,
            )
    return figure

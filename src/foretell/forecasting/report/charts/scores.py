"""How the error grows with the horizon, ours beside the baselines."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

import numpy as np

from foretell.forecasting.report.charts.axes import (
    dress_steps,
    dress_values,
    label_width,
    span,
    unit_of,
    value_ticks,
)
from foretell.forecasting.report.charts.theme import COLOURS, baseline_style, blank, panel, style
from foretell.forecasting.report.charts.thinning import lonely, thin
from foretell.forecasting.report.content import Floats

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HALF = (4.5, 2.75)
"""Inches: half the page's column."""

FONT_SIZE = 9.0
_MOST_POINTS = 200


def error_by_step_chart(
    errors: Mapping[str, Floats],
    ours: Collection[str],
    size: tuple[float, float] = HALF,
    error: str = "scaled error",
) -> Figure:
    """One line per model: its mean error `(H,)` at horizon steps 1 to H. `ours` names our own models.

    `error` is what the value axis is called.
    """
    width, height = size
    longest = max(len(values) for values in errors.values())
    unit = unit_of(list(errors.values()))
    scaled = {name: unit.scaled(values) for name, values in errors.items()}
    low, high = span([*scaled.values(), np.zeros(1)])
    low = max(low, 0.0)
    with style():
        figure = blank(width, height)
        ticks = value_ticks(low, high, 5)
        left = label_width(ticks[1], FONT_SIZE)
        axes = panel(figure, left, 0.5, width - left - 0.12, height - 0.8)
        axes.set_xlim((0.5, 1.5) if longest == 1 else (1 - 0.02 * longest, longest * 1.02))
        axes.set_ylim(low, high)
        dress_values(axes, ticks, FONT_SIZE, f"error, {unit.name}" if unit.name else error)
        dress_steps(axes, 7, FONT_SIZE)
        axes.set_xlabel("steps ahead", fontsize=FONT_SIZE, color=COLOURS["label"], labelpad=3)
        for name, colour, dashes in model_styles(errors, ours):
            kept = thin(scaled[name], _MOST_POINTS)
            steps, values = 1.0 + kept, scaled[name][kept]
            is_ours = not dashes
            axes.plot(
                steps,
                values,
                color=COLOURS[colour],
                linewidth=2.2 if is_ours else 1.4,
                dashes=dashes or (None, None),
                zorder=3 if is_ours else 2,
            )
            few = np.ones(len(kept), dtype=bool) if longest <= 16 and is_ours else lonely(values)
            axes.plot(
                steps[few], values[few], color=COLOURS[colour], linestyle="none", marker="o", markersize=4, zorder=3
            )
    return figure


def model_styles(names: Collection[str], ours: Collection[str]) -> list[tuple[str, str, tuple[float, ...]]]:
    """(name, colour name, dashes) of each model in the order they came; ours is solid, with no dashes."""
    baselines = [name for name in names if name not in ours]
    styles = {name: baseline_style(i) for i, name in enumerate(baselines)}
    return [(name, *styles.get(name, ("forecast", ()))) for name in names]

"""How training went: the loss, and the size of the gradient, step by step."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from foretell.forecasting.report.charts.axes import (
    decade_ticks,
    dress_steps,
    dress_values,
    label_width,
    span,
    unit_of,
    value_ticks,
)
from foretell.forecasting.report.charts.scores import FONT_SIZE, HALF
from foretell.forecasting.report.charts.theme import COLOURS, blank, panel, style
from foretell.forecasting.report.charts.thinning import lonely, thin
from foretell.forecasting.report.content import Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST_POINTS = 300


def loss_chart(
    losses: Floats,
    evaluations: Sequence[tuple[int, float]],
    best_step: int | None,
    size: tuple[float, float] = HALF,
) -> Figure:
    """Training loss `(S,)` faintly and smoothed, validation losses as points, and the step that was kept.

    The axis is logarithmic where all losses are positive and span more than a factor of ten.
    """
    marks = np.array([loss for _, loss in evaluations], dtype=np.float64)
    at = np.array([step for step, _ in evaluations], dtype=np.float64)
    both = np.concatenate([losses, marks])
    finite = both[np.isfinite(both)]
    logarithmic = bool(finite.size) and finite.min() > 0 and math.log10(finite.max()) - math.log10(finite.min()) > 1
    unit = unit_of([both])
    convert = _logarithm if logarithmic else unit.scaled
    smooth = smoothed(convert(losses))
    with style():
        name = "loss" if logarithmic or not unit.name else f"loss, {unit.name}"
        axes = _axes(size, [convert(both)], max(len(losses), int(at.max(initial=1))), logarithmic, name)
        _curve(axes, convert(losses), "faint", 0.9)
        _curve(axes, smooth, "history", 1.5)
        axes.plot(at, convert(marks), color=COLOURS["forecast"], linewidth=1.2, marker="o", markersize=3.6)
        best = [i for i, (step, _) in enumerate(evaluations) if step == best_step]
        if best_step is not None:
            axes.axvline(best_step, color=COLOURS["backtest"], linewidth=1.0, dashes=(3, 2.5))
        if best:
            axes.plot(
                at[best],
                convert(marks[best]),
                linestyle="none",
                marker="o",
                markersize=9,
                markerfacecolor="none",
                markeredgecolor=COLOURS["backtest"],
                markeredgewidth=1.6,
            )
    return axes.get_figure(root=True)  # type: ignore[return-value]


def gradient_chart(norms: Floats, clip_norm: float | None, size: tuple[float, float] = HALF) -> Figure:
    """The gradient's norm `(S,)` before clipping, on a logarithmic axis, with the norm it is clipped at as a line."""
    heights = _logarithm(norms)
    limit = _logarithm(np.array([] if clip_norm is None else [clip_norm], dtype=np.float64))
    with style():
        axes = _axes(size, [heights, limit], len(norms), True, "gradient norm")
        _curve(axes, heights, "faint", 0.9)
        _curve(axes, smoothed(heights), "history", 1.5)
        for height in limit[np.isfinite(limit)]:
            axes.axhline(float(height), color=COLOURS["backtest"], linewidth=1.2, dashes=(5, 2.5))
    return axes.get_figure(root=True)  # type: ignore[return-value]


def smoothed(values: Floats) -> Floats:
    """A centred running mean `(S,)` over a fortieth of the steps; NaN is left out, and stays where all is NaN."""
    width = max(1, len(values) // 40) | 1
    present = np.isfinite(values)
    kernel = np.ones(width)
    total = np.convolve(np.where(present, values, 0.0), kernel, mode="same")[: len(values)] if len(values) else values
    number = np.convolve(present.astype(np.float64), kernel, mode="same")[: len(values)] if len(values) else values
    return np.where(number > 0, total / np.maximum(number, 1), np.nan)


def _axes(size: tuple[float, float], heights: Sequence[Floats], last: int, logarithmic: bool, unit: str) -> Axes:
    width, height = size
    figure = blank(width, height)
    low, high = span(heights)
    ticks = (decade_ticks if logarithmic else value_ticks)(low, high, 5)
    left = label_width(ticks[1], FONT_SIZE)
    axes = panel(figure, left, 0.5, width - left - 0.14, height - 0.8)
    axes.set_ylim(low, high)
    axes.set_xlim(*((0.5, 1.5) if last <= 1 else (1 - 0.015 * last, last * 1.015)))
    dress_values(axes, ticks, FONT_SIZE, unit)
    dress_steps(axes, 6, FONT_SIZE)
    axes.set_xlabel("training step", fontsize=FONT_SIZE, color=COLOURS["label"], labelpad=3)
    return axes


def _curve(axes: Axes, values: Floats, colour: str, width: float) -> None:
    kept = thin(values, _MOST_POINTS)
    axes.plot(1.0 + kept, values[kept], color=COLOURS[colour], linewidth=width)
    alone = kept[lonely(values[kept])]
    axes.plot(1.0 + alone, values[alone], color=COLOURS[colour], linestyle="none", marker="o", markersize=3)


def _logarithm(values: Floats) -> Floats:
    positive = np.isfinite(values) & (values > 0)
    return np.where(positive, np.log10(np.where(positive, values, 1.0)), np.nan)

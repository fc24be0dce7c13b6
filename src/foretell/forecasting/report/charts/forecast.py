"""Pictures of forecasts: history, forecast with its intervals, and the backtest over the history; as PNG, too."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from foretell.errors import SettingsError
from foretell.forecasting.report.charts.axes import TimeAxis, dress_values, label_width, span, unit_of, value_ticks
from foretell.forecasting.report.charts.theme import COLOURS, blank, panel, style
from foretell.forecasting.report.charts.thinning import lonely, thin
from foretell.forecasting.report.content import BacktestWindow, Floats, SeriesView
from foretell.forecasting.report.wording import printable
from foretell.storage.whole_file import replace_file

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_PANELS = 48
"""More would pass the 65,536 pixels that a picture may be high."""
MOST_POINTS = 320

WIDE = (9.0, 3.1)
"""Inches: as wide as the page's column at 96 pixels an inch."""
NARROW = (3.6, 2.6)
"""Inches: for a phone."""

_HEADING = 0.42
_LEGEND = 0.42


def band_opacity(levels: int) -> float:
    """Opacity of one interval band, when so many lie on top of each other."""
    return 0.22 if levels < 3 else 0.18


def forecast_chart(view: SeriesView, size: tuple[float, float] = WIDE, *, title: bool = False) -> Figure:
    """The picture of one series; `size` in inches, `title` and legend within the picture where asked.

    Raises `MissingExtraError` where matplotlib is missing.
    """
    return forecast_charts([view], size, title=title)


def forecast_charts(views: Sequence[SeriesView], size: tuple[float, float] = WIDE, *, title: bool = True) -> Figure:
    """Several series below each other, each in a panel of `size` inches."""
    width, height = size
    heading = _HEADING if title else 0.0
    legend = _LEGEND if title else 0.0
    with style():
        figure = blank(width, (height + heading) * len(views) + legend)
        bottom = (height + heading) * len(views)
        for view in views:
            bottom -= height + heading
            axes = _draw(figure, view, bottom, width, height)
            if title:
                name = printable(view.id)
                axes.annotate(
                    name if len(name) <= 80 else name[:79] + "…",
                    (0, 1),
                    (0, 22),
                    xycoords="axes fraction",
                    textcoords="offset points",
                    fontsize=12,
                    annotation_clip=False,
                )
        if title:
            _legend(figure, views)
    return figure


def _draw(figure: Figure, view: SeriesView, bottom: float, width: float, height: float) -> Axes:
    small = width < 5
    if small:
        view = _recent(view)
    font_size = 8.0 if small else 9.0
    time = TimeAxis([view.times, view.forecast_times, *(window.times for window in view.windows)])
    past = time.place(view.times)
    future = time.place(view.forecast_times)
    windows = _in_view(view, time)

    drawn = [view.values, view.median, *(bound for pair in view.intervals.values() for bound in pair)]
    for window in windows:
        drawn += [window.median[_shown(window, past, time)]]
        drawn += [bound[_shown(window, past, time)] for bound in _widest(window)]
    unit = unit_of(drawn)
    low, high = span([unit.scaled(array) for array in drawn])
    ticks = value_ticks(low, high, 4 if small else 5)

    left = label_width(ticks[1], font_size)
    above = 0.3
    below = 0.42
    axes = panel(figure, left, bottom + below, width - left - 0.12, height - below - above)
    axes.set_xlim(*_horizontal(past, future, [time.place(window.times) for window in windows]))
    axes.set_ylim(low, high)
    dress_values(axes, ticks, font_size, unit.name)
    time.dress(axes, 4 if small else 9, font_size)

    _line(axes, past, unit.scaled(view.values), "history", 1.0 if small else 1.15)
    if len(view.marks):
        marked = ~np.isnan(view.marks)
        axes.plot(
            past[marked],
            unit.scaled(view.marks[marked]),
            color=COLOURS["backtest"],
            linestyle="none",
            marker="o",
            markersize=3.2 if small else 4.2,
        )
    for window in windows:
        places = time.place(window.times)
        lower, upper = _widest(window)
        _band(axes, places, unit.scaled(lower), unit.scaled(upper), "backtest", 0.16)
        _line(axes, places, unit.scaled(window.median), "backtest", 1.3)
    if len(past) and len(future):
        cutoff = (past[-1] + future[0]) / 2
        axes.axvline(cutoff, color=COLOURS["axis"], linewidth=0.9, dashes=(3, 2.5))
    opacity = band_opacity(len(view.intervals))
    for level in sorted(view.intervals, reverse=True):
        lower, upper = view.intervals[level]
        _band(axes, future, unit.scaled(lower), unit.scaled(upper), "forecast", opacity)
    _line(axes, future, unit.scaled(view.median), "forecast", 1.9)
    return axes


def _recent(view: SeriesView) -> SeriesView:
    """The view with no more history than a narrow picture has room for."""
    shown = max(60, 3 * len(view.forecast_times))
    return replace(view, times=view.times[-shown:], values=view.values[-shown:], marks=view.marks[-shown:])


def _line(axes: Axes, places: Floats, values: Floats, colour: str, width: float) -> None:
    kept = thin(values, MOST_POINTS)
    axes.plot(places[kept], values[kept], color=COLOURS[colour], linewidth=width)
    alone = lonely(values[kept])
    if alone.any():
        at = kept[alone]
        axes.plot(places[at], values[at], color=COLOURS[colour], linestyle="none", marker="o", markersize=2.2 + width)


def _band(axes: Axes, places: Floats, lower: Floats, upper: Floats, colour: str, opacity: float) -> None:
    if not len(places):
        return
    if len(places) == 1:  # one step has no width of its own
        axes.vlines(places, lower, upper, color=COLOURS[colour], alpha=opacity * 1.6, linewidth=7)
        return
    kept = np.union1d(thin(lower, MOST_POINTS), thin(upper, MOST_POINTS))
    axes.fill_between(
        places[kept], lower[kept], upper[kept], color=COLOURS[colour], alpha=opacity, linewidth=0, edgecolor="none"
    )


def _widest(window: BacktestWindow) -> tuple[Floats, Floats]:
    return window.intervals[max(window.intervals)] if window.intervals else (window.median, window.median)


def _in_view(view: SeriesView, time: TimeAxis) -> list[BacktestWindow]:
    past = time.place(view.times)
    return [window for window in view.windows if _shown(window, past, time).any()]


def _shown(window: BacktestWindow, past: Floats, time: TimeAxis) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    places = time.place(window.times)
    return np.asarray(places >= (past[0] if len(past) else -np.inf))


def _horizontal(past: Floats, future: Floats, windows: Sequence[Floats]) -> tuple[float, float]:
    """The x range: from the first shown time to the last forecast one, with a little air."""
    places = np.concatenate([past, future] if len(past) else [future, *windows])
    if not len(places):
        return 0.0, 1.0
    first, last = float(places.min()), float(places.max())
    if first == last:
        return first - 0.5, last + 0.5
    air = 0.012 * (last - first)
    return first - air, last + air


def _legend(figure: Figure, views: Sequence[SeriesView]) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    levels = sorted({level for view in views for level in view.intervals}, reverse=True)
    handles: list[Line2D | Patch] = [Line2D([], [], color=COLOURS["history"], linewidth=1.4, label="history")]
    if any(len(view.median) for view in views):
        handles.append(Line2D([], [], color=COLOURS["forecast"], linewidth=2.2, label="forecast (median)"))
    if any(len(view.marks) for view in views):
        handles.append(Line2D([], [], color=COLOURS["backtest"], linestyle="none", marker="o", label="anomaly"))
    opacity = band_opacity(len(levels))
    for i, level in enumerate(levels):
        shade = 1 - (1 - opacity) ** (i + 1)
        handles.append(Patch(facecolor=COLOURS["forecast"], alpha=shade, label=f"{level} % interval", linewidth=0))
    if any(view.windows for view in views):
        label = "filled" if any(view.filled for view in views) else "backtest"
        handles.append(Line2D([], [], color=COLOURS["backtest"], linewidth=1.6, label=label))
    figure.legend(
        handles=handles, loc="upper left", ncols=len(handles), frameon=False, fontsize=9, labelcolor=COLOURS["label"]
    )


def plot_forecast(
    views: SeriesView | Sequence[SeriesView], size: tuple[float, float] = WIDE, resolution: int = 160
) -> bytes:
    """A PNG of one series, or of several below each other.

    `size` is that of one panel in inches, `resolution` in pixels an inch. The same input gives the same bytes.
    Raises `MissingExtraError` where matplotlib is missing, `SettingsError` for no series or more than `MOST_PANELS`.
    """
    from_many = [views] if isinstance(views, SeriesView) else list(views)
    if not 1 <= len(from_many) <= MOST_PANELS:
        raise SettingsError(f"a picture shows 1 to {MOST_PANELS} series, not {len(from_many)}: choose some of them")
    figure = forecast_charts(from_many, size, title=True)
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    buffer = io.BytesIO()
    figure.set_dpi(resolution)
    with style(), warnings.catch_warnings():
        # A name in a script that the font lacks is drawn as boxes; the picture is right all the same.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        FigureCanvasAgg(figure).print_png(buffer, metadata={"Software": None})  # type: ignore[no-untyped-call]
    return buffer.getvalue()


def write_png(
    views: SeriesView | Sequence[SeriesView], path: str | Path, size: tuple[float, float] = WIDE, resolution: int = 160
) -> None:
    """`plot_forecast` into a file, which is there whole or not at all. Raises `SettingsError` where it cannot be."""
    replace_file(Path(path), plot_forecast(views, size, resolution))

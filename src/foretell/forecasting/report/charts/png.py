"""Forecast pictures as PNG files."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from pathlib import Path

from foretell.errors import SettingsError
from foretell.forecasting.report.charts.canvas import style
from foretell.forecasting.report.charts.forecast import WIDE, forecast_charts
from foretell.forecasting.report.content import SeriesView
from foretell.storage.whole_file import replace_file

MOST_PANELS = 48
"""More would pass the 65,536 pixels that a picture may be high."""


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
    views: SeriesView | Sequence[SeriesView], path: Path, size: tuple[float, float] = WIDE, resolution: int = 160
) -> None:
    """`plot_forecast` into a file, which is there whole or not at all. Raises `SettingsError` where it cannot be."""
    replace_file(Path(path), plot_forecast(views, size, resolution))

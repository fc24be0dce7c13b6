"""The style of the charts: colours by what they stand for, and blank matplotlib figures, never through pyplot.

`style.css` gives each colour a light and a dark value; the user's own matplotlib settings change nothing.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from foretell.errors import MissingExtraError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Pictures (PNG) use these values. In a page they are only stand-ins: `svg.py` swaps each for `var(--chart-NAME)`.
COLOURS = {
    "surface": "#fffefb",
    "ink": "#22272f",
    "label": "#6a6f78",
    "grid": "#e8e5de",
    "axis": "#b9b6ae",
    "history": "#4a505a",
    "forecast": "#1c6ea4",
    "backtest": "#bd6a13",
    "baseline-1": "#b96a14",
    "baseline-2": "#7c699e",
    "baseline-3": "#55825a",
    "baseline-4": "#8a7d66",
    "faint": "#b7c9d6",
}

# Baselines differ by dashes as well as by colour, for those who cannot tell the colours apart, and for grey printers.
DASHES: tuple[tuple[float, ...], ...] = ((5, 2), (1.2, 1.6), (6, 1.6, 1.2, 1.6), (9, 3))


def baseline_style(i: int) -> tuple[str, tuple[float, ...]]:
    """Colour name and dash pattern (points on, points off, ...) of the i-th baseline."""
    return f"baseline-{i % 4 + 1}", DASHES[(i + i // 4) % 4]


_STYLE = {
    "axes.edgecolor": COLOURS["axis"],
    "axes.facecolor": "none",
    "axes.linewidth": 0.8,
    "figure.facecolor": COLOURS["surface"],
    "font.family": ["DejaVu Sans"],  # ships inside matplotlib, so that a picture is the same on every machine
    "lines.solid_capstyle": "round",
    "lines.solid_joinstyle": "round",
    "path.simplify": False,  # `thinning.py` has done so already, and keeps every extreme
    "svg.fonttype": "none",
    "svg.hashsalt": "foretell",
    "text.color": COLOURS["ink"],
    "text.parse_math": False,  # a `$` in a name is a dollar
}


def style() -> AbstractContextManager[None]:
    """The settings under which figures are made and drawn. Raises `MissingExtraError` where matplotlib is missing."""
    try:
        import matplotlib.style
    except ImportError as error:
        raise MissingExtraError(
            "reports and pictures need matplotlib, which is not installed: pip install 'foretell[report]'"
        ) from error
    return matplotlib.style.context(["default", _STYLE])


def blank(width: float, height: float) -> Figure:
    """An empty figure; width and height in inches. Call it within `style()`."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height))


def panel(figure: Figure, left: float, bottom: float, width: float, height: float) -> Axes:
    """Axes at a place given in inches, with a bottom line and no frame."""
    whole_width, whole_height = figure.get_size_inches()
    axes = figure.add_axes((left / whole_width, bottom / whole_height, width / whole_width, height / whole_height))
    axes.spines[["left", "top", "right"]].set_visible(False)
    axes.set_axisbelow(True)
    return axes

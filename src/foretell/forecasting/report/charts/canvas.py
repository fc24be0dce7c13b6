"""A blank matplotlib figure in foretell's style, whatever the user's own matplotlib settings; never through pyplot."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from foretell.errors import MissingExtraError
from foretell.forecasting.report.charts.theme import COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

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

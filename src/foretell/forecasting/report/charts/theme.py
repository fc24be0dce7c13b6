"""The colours of the charts by what they stand for; `style.css` gives each a light and a dark value."""

from __future__ import annotations

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

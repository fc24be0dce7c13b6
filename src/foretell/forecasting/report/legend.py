"""Keys to the charts, in HTML so that they wrap on a phone."""

from __future__ import annotations

from collections.abc import Sequence

from foretell.forecasting.report.wording import escape


def line(colour: str, width: float, dashes: Sequence[float] = ()) -> str:
    """A swatch: a line of a `theme.py` colour, `width` in pixels, `dashes` in line widths as matplotlib has them."""
    pattern = " ".join(f"{dash * width:.3g}" for dash in dashes)
    dashed = f' stroke-dasharray="{pattern}"' if pattern else ""
    return _swatch(f'<path d="M0 6H26" style="stroke:var(--chart-{colour});stroke-width:{width};fill:none"{dashed}/>')


def band(colour: str, opacity: float) -> str:
    """A swatch: a filled stretch."""
    return _swatch(f'<path d="M0 0H26V12H0z" style="fill:var(--chart-{colour});fill-opacity:{opacity:.3f}"/>')


def dot(colour: str) -> str:
    """A swatch: a dot."""
    return _swatch(f'<circle cx="13" cy="6" r="4" style="fill:var(--chart-{colour})"/>')


def legend(entries: Sequence[tuple[str, str]]) -> str:
    """HTML list of (swatch, plain text) pairs."""
    items = "".join(f"<li>{swatch}<span>{escape(text)}</span></li>" for swatch, text in entries)
    return f'<ul class="legend">{items}</ul>'


def _swatch(shape: str) -> str:
    return f'<svg viewBox="0 0 26 12" aria-hidden="true">{shape}</svg>'

"""A figure as SVG for the inside of a page: colours and fonts are the page's, ids its own, links and dates none."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from foretell.forecasting.report.charts.theme import COLOURS, style
from foretell.forecasting.report.wording import printable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_NAMESPACE = re.compile(r"^\{[^}]*\}")
_COLOUR = re.compile("|".join(re.escape(value) for value in COLOURS.values()))
_VARIABLE = {value: f"var(--chart-{name})" for name, value in reversed(COLOURS.items())}
_LONG_NUMBER = re.compile(r"-?\d+\.\d{3,}")
_REFERENCE = re.compile(r"url\(#([^)]*)\)")
_GEOMETRY = ("d", "x", "y", "width", "height", "transform", "style")


def inline_svg(figure: Figure, key: str, label: str, css_class: str = "") -> str:
    """The figure as an `<svg>` element with no XML header; `key` begins its ids, `label` is what screen readers say.

    Text stays text in the page's own font. The same figure, key and label give the same characters.
    """
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    buffer = io.StringIO()
    figure.patch.set_visible(False)  # the page is the background
    with style():
        FigureCanvasSVG(figure).print_svg(buffer, metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))  # type: ignore[no-untyped-call]
    root = ElementTree.fromstring(buffer.getvalue())
    for element in root.iter():
        element.tag = _NAMESPACE.sub("", element.tag)
        element.attrib = {_NAMESPACE.sub("", name): value for name, value in element.attrib.items()}
    _drop(root, ("metadata", "style"))
    _tidy(root, key)
    view = root.attrib["viewBox"]
    root.attrib = {
        "class": f"chart {css_class}".strip(),
        "role": "img",
        "aria-label": printable(label),
        "viewBox": view,
    }
    return ElementTree.tostring(root, encoding="unicode", short_empty_elements=True)


def _drop(root: ElementTree.Element, tags: tuple[str, ...]) -> None:
    """Takes out elements of these tags, empty groups, and the white space between elements."""
    for parent in reversed(list(root.iter())):  # from the leaves up, so that a group of empty groups goes too
        for child in list(parent):
            child.tail = None
            if child.tag in tags or (child.tag in ("defs", "g") and not len(child)):
                parent.remove(child)
        if parent.tag != "text":
            parent.text = None


def _tidy(root: ElementTree.Element, key: str) -> None:
    """Renames the ids in use and drops the others, shortens numbers, and lets the page choose fonts and colours."""
    references = {element.attrib["href"][1:] for element in root.iter() if "href" in element.attrib}
    for element in root.iter():
        references.update(found for value in element.attrib.values() for found in _REFERENCE.findall(value))
    names = {old: f"{key}-{i}" for i, old in enumerate(sorted(references))}
    for element in root.iter():
        attributes = element.attrib
        identity = attributes.pop("id", None)
        if identity in names:
            attributes["id"] = names[identity]
        if "href" in attributes:
            attributes["href"] = "#" + names[attributes["href"][1:]]
        for name, value in attributes.items():
            attributes[name] = _REFERENCE.sub(lambda found: f"url(#{names[found[1]]})", value)
        if element.tag == "text":
            _page_font(element)
            if attributes.get("transform", "").startswith("rotate(-0 "):
                del attributes["transform"]
        for name in _GEOMETRY:
            if name in attributes:
                attributes[name] = " ".join(_LONG_NUMBER.sub(_short, attributes[name]).split())
        if "style" in attributes:
            attributes["style"] = _COLOUR.sub(lambda found: _VARIABLE[found[0]], attributes["style"])


def _short(found: re.Match[str]) -> str:
    return f"{float(found[0]):.2f}".rstrip("0").rstrip(".")


def _page_font(text: ElementTree.Element) -> None:
    """Takes the font's family out of a text's style, so that the page's own is inherited."""
    declarations = [part.strip() for part in text.attrib.get("style", "").split(";")]
    text.attrib["style"] = "; ".join(part for part in declarations if part and not part.startswith("font-family"))

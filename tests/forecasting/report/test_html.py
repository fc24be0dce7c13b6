"""The page as a whole: complete, harmless, well formed, the same every time, and written at once."""

from __future__ import annotations

import dataclasses
import os
import re
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from foretell.errors import MissingExtraError, SettingsError
from foretell.forecasting.report import ReportContent, Score, SeriesView, render_report, write_report
from foretell.forecasting.report.backtest_section import NO_BACKTEST
from foretell.forecasting.report.charts.theme import COLOURS
from foretell.forecasting.report.wording import DASH, printable

SECTIONS = ("forecasts", "backtest", "training", "data", "settings")


class Outline(HTMLParser):
    """The tags of a page in order, its ids, and the text within each kind of tag."""

    VOID = frozenset({"meta"})

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.texts: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.ids += [value or "" for name, value in attrs if name == "id"]
        self.links += [value or "" for name, value in attrs if name in ("href", "src", "srcset", "data", "action")]
        assert not [name for name, _ in attrs if name.startswith("on")]
        if tag not in self.VOID:
            self._open.append(tag)
            self.texts.setdefault(tag, []).append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        for tag in set(self._open):
            self.texts[tag][-1] += data


@pytest.fixture(scope="module")
def page(content: Callable[..., ReportContent]) -> str:
    return render_report(content())


def drawings(page: str) -> list[str]:
    return re.findall(r"<svg .*?</svg>", page, flags=re.DOTALL)


def test_it_has_every_section(page: str) -> None:
    outline = Outline(page)
    assert [name for name in outline.ids if name in SECTIONS] == list(SECTIONS)
    assert outline.texts["title"] == ["chicago_ridership.csv: forecast"]
    assert outline.texts["h3"][:2] == ["rail", "bus"]
    for sentence in (
        "31 rows were there twice and dropped.",
        "2 steps were skipped",
        "weights kept are those of step 800",
    ):
        assert sentence in page
    assert "lstm, 2 layers of 64 units" in outline.texts["dd"]


def test_it_refers_to_nothing_outside_itself(page: str) -> None:
    outline = Outline(page)
    assert all(link.startswith("#") and link[1:] in outline.ids for link in outline.links)
    assert not {"link", "script", "img", "iframe", "object", "image", "base"} & set(outline.tags)
    assert not re.search(r"https?:|//|@import|@font-face|xmlns", page)
    assert all(target in outline.ids for target in re.findall(r"url\(#([^)]*)\)", page))
    assert page.count("url(") == page.count("url(#")


def test_drawings_are_well_formed_and_labelled_and_their_ids_are_their_own(page: str) -> None:
    found = drawings(page)
    charts = [ElementTree.fromstring(drawing) for drawing in found if 'class="chart' in drawing]
    assert len(charts) == 2 * 2 + 3
    for chart in charts:
        assert chart.attrib["role"] == "img"
        assert len(chart.attrib["aria-label"]) > 20
        assert chart.find(".//image") is None
    assert max(map(len, found)) < 40_000
    ids = Outline(page).ids
    assert len(ids) == len(set(ids))


def test_colours_follow_the_scheme(page: str) -> None:
    style = page[page.index("<style>") : page.index("</style>")]
    light, dark = style.split("prefers-color-scheme: dark", maxsplit=1)
    for name, value in COLOURS.items():
        assert f"--chart-{name}: {value};" in light
        assert f"--chart-{name}: #" in dark
    for drawing in drawings(page):
        assert not re.search(r"(fill|stroke): ?#", drawing)
        assert "font-family" not in drawing


def test_the_same_content_gives_the_same_bytes(content: Callable[..., ReportContent], page: str) -> None:
    import matplotlib

    with matplotlib.rc_context({"lines.linewidth": 9, "font.size": 30, "svg.fonttype": "path"}):
        assert render_report(content()) == page


def test_pyplot_is_never_touched(page: str) -> None:
    assert page
    assert "matplotlib.pyplot" not in sys.modules


def test_the_best_score_is_marked_without_colour(page: str) -> None:
    assert '<span class="best">0.512</span><span class="spoken"> (lowest)</span>' in page
    assert page.count('class="best"') == 4
    assert "this model" in page


def test_an_unknown_score_is_a_dash(content: Callable[..., ReportContent]) -> None:
    rows = (Score("lstm", {"MASE": float("nan")}, True), Score("naive", {"sMAPE": 3.0}))
    text = render_report(content(scores=rows, coverage={80: float("nan")}))
    assert "nan" not in re.sub(r'aria-label="[^"]*"', "", text).lower()
    assert f"<td>{DASH}</td>" in text


def test_without_a_backtest_the_section_says_so(
    content: Callable[..., ReportContent], view: Callable[..., SeriesView]
) -> None:
    text = render_report(content(scores=(), scores_by_step={}, coverage={}, series=(view(windows=0),)))
    assert NO_BACKTEST in text
    assert "There is no backtest" in text
    assert [name for name in Outline(text).ids if name in SECTIONS] == list(SECTIONS)


def test_a_bare_content_still_makes_a_page() -> None:
    text = render_report(ReportContent("empty", (), 0))
    assert [name for name in Outline(text).ids if name in SECTIONS] == list(SECTIONS)
    assert "was not trained in this run" in text


def test_a_part_of_the_series_is_said_to_be_one(content: Callable[..., ReportContent]) -> None:
    assert "2 of 414 series shown." in render_report(content(total_series=414))


nasty = st.text(max_size=30) | st.sampled_from(
    [
        "<script>alert(1)</script>",
        "$x_1^2$",
        "a & b",
        '" onload="x',
        "</style>",
        "]]>",
        "\x00\x1b",
        "${title}",
        "\ud800",
    ]
)


@pytest.fixture(scope="module")
def named(content: Callable[..., ReportContent], view: Callable[..., SeriesView]) -> Callable[[str], ReportContent]:
    """`named(word)`: a small report in which everything that has a name is called that."""

    def report(word: str) -> ReportContent:
        small = dataclasses.replace(view(history=8, horizon=2, windows=0), id=word)
        rows = (Score(f"{word}.", {f"{word}!": 1.0}, True), Score(word, {f"{word}!": 2.0}))
        return content(
            title=word,
            series=(small,),
            scores=rows,
            scores_by_step={word: np.ones(2)},
            losses=np.empty(0),
            gradient_norms=np.empty(0),
            evaluations=(),
            findings=(word,),
            facts={word: word},
            warnings=(word,),
        )

    return report


@pytest.fixture(scope="module")
def plain_tags(named: Callable[[str], ReportContent]) -> list[str]:
    return Outline(render_report(named("plain"))).tags


@settings(max_examples=12, deadline=None)
@given(nasty)
@example("<script>alert(1)</script>")
@example("$\\frac{_}$")
@example("lstm")
def test_names_are_harmless_wherever_they_stand(
    named: Callable[[str], ReportContent], plain_tags: list[str], name: str
) -> None:
    text = render_report(named(name))
    assert text.encode("utf-8")
    outline = Outline(text)
    assert outline.tags == plain_tags
    assert outline.texts["title"] == [f"{printable(name)}: forecast"]
    assert outline.texts["h1"] == [printable(name)]
    assert outline.texts["h3"][0] == (printable(name) or "(no name)")
    for drawing in drawings(text):
        ElementTree.fromstring(drawing)


def test_writing_replaces_the_file_at_once(content: Callable[..., ReportContent], page: str, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text("old")
    write_report(content(), path)
    assert path.read_text(encoding="utf-8") == page
    assert list(tmp_path.iterdir()) == [path]


def test_a_failed_write_leaves_what_was_there(
    content: Callable[..., ReportContent], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "report.html"
    path.write_text("old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(SettingsError, match=r"report\.html: No space left on device"):
        write_report(content(), path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_folder_is_named(content: Callable[..., ReportContent], tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"cannot write .*absent.*No such file or directory"):
        write_report(content(), tmp_path / "absent" / "report.html")


def test_without_matplotlib_the_extra_is_named(
    content: Callable[..., ReportContent], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match=r"foretell\[report\]"):
        render_report(content())

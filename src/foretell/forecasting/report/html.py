"""The page: one file that needs nothing else, on a screen, on a phone, in the dark, on paper."""

from __future__ import annotations

import math
from importlib.resources import files
from pathlib import Path
from string import Template

from foretell.forecasting.report.backtest_section import backtest_section
from foretell.forecasting.report.content import ReportContent, ReportTable
from foretell.forecasting.report.effects_section import effects_section
from foretell.forecasting.report.plans_section import plans_section
from foretell.forecasting.report.series_section import series_section
from foretell.forecasting.report.summary import (
    baseline,
    headline_metric,
    horizon,
    our_score,
    relative_change,
    summarise,
    widest_coverage,
)
from foretell.forecasting.report.table import html_table
from foretell.forecasting.report.training_section import training_section
from foretell.forecasting.report.wording import THIN, TIMES, difference, escape, fixed, number, percent
from foretell.storage.whole_file import replace_file

# The policy holds the page to its word: a browser that reads it fetches nothing.
_PAGE = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>$title: $kind</title>
<style>
$style
</style>
</head>
<body>
<header>
<p class="eyebrow">$eyebrow</p>
<h1><bdi>$title</bdi></h1>
<p class="summary">$summary</p>
$tiles
</header>
<main>
$sections
</main>
<footer>Made by foretell. This page is complete in itself and can be kept or sent as one file.</footer>
</body>
</html>
""")


def render_report(content: ReportContent) -> str:
    """The whole page as text; the same content gives the same text.

    Raises `MissingExtraError` where matplotlib is missing.
    """
    if content.anomalies is not None:
        return _page_of_table(content, content.anomalies, "anomalies", "Anomaly report")
    if content.gaps is not None:
        return _page_of_table(content, content.gaps, "gaps", "Report on gaps")
    sections = (
        _warnings(content),
        series_section(content),
        plans_section(content),
        _totals(content),
        backtest_section(content),
        effects_section(content),
        training_section(content),
        _findings(content),
        _facts(content),
    )
    return _PAGE.substitute(
        kind="forecast",
        eyebrow="Forecast report",
        title=escape(content.title),
        style=files(__package__).joinpath("style.css").read_text(encoding="utf-8").strip(),
        summary=escape(summarise(content)),
        tiles=_tiles(content),
        sections="\n".join(section for section in sections if section),
    )


def _page_of_table(content: ReportContent, found: ReportTable, kind: str, eyebrow: str) -> str:
    table = f'<section id="{kind}">{html_table(found, folded=False)}</section>'
    sections = (_warnings(content), series_section(content), table, _findings(content), _facts(content))
    return _PAGE.substitute(
        kind=kind,
        eyebrow=eyebrow,
        title=escape(content.title),
        style=files(__package__).joinpath("style.css").read_text(encoding="utf-8").strip(),
        summary=escape(found.note),
        tiles="",
        sections="\n".join(section for section in sections if section),
    )


def write_report(content: ReportContent, path: str | Path) -> None:
    """`render_report` into a UTF-8 file, which is there whole or not at all.

    Raises `SettingsError` where it cannot be written, `MissingExtraError` where matplotlib is missing.
    """
    replace_file(Path(path), render_report(content).encode("utf-8"))


def _tiles(content: ReportContent) -> str:
    steps = horizon(content)
    tiles = [
        (f"{fixed(content.total_series, 0)}{THIN}{TIMES}{THIN}{fixed(steps, 0)}", f"series {TIMES} steps ahead"),
    ]
    ours = our_score(content.scores)
    metric = headline_metric(ours) if ours else None
    if ours and metric:
        tiles.append((number(ours.metrics[metric]), f"{metric} in the backtest"))
        other = baseline(content.scores, metric)
        change = relative_change(ours.metrics[metric], other.metrics[metric]) if other else math.nan
        if other and not math.isnan(change):
            tiles.append((difference(change), f"{metric} beside {other.model} (lower is better)"))
    inside = widest_coverage(content)
    if inside:
        tiles.append((percent(inside[1]), f"of values inside the {percent(inside[0] / 100)} intervals"))
    if len(tiles) == 1:  # the summary has said that already
        return ""
    return f'<dl class="tiles">{"".join(_pair(label, value) for value, label in tiles)}</dl>'


def _pair(term: str, meaning: str) -> str:
    return f"<div><dt>{escape(term)}</dt><dd>{escape(meaning)}</dd></div>"


def _list(sentences: list[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(sentence)}</li>' for sentence in sentences)}</ul>"


def _warnings(content: ReportContent) -> str:
    if not content.warnings:
        return ""
    return f'<section id="warnings" class="warnings"><h2>Take note</h2>{_list(list(content.warnings))}</section>'


def _totals(content: ReportContent) -> str:
    if content.totals is None:
        return ""
    return f'<section id="totals">{html_table(content.totals)}</section>'


def _findings(content: ReportContent) -> str:
    found = _list(list(content.findings)) if content.findings else "<p>Nothing was noted about the data.</p>"
    return f'<section id="data"><h2>What was found in the data</h2>{found}</section>'


def _facts(content: ReportContent) -> str:
    facts = "".join(_pair(name, value) for name, value in content.facts.items())
    body = f'<dl class="facts">{facts}</dl>' if facts else "<p>No settings were handed to the report.</p>"
    return f'<section id="settings"><h2>Settings</h2>{body}</section>'

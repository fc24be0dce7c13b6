"""What each covariate added, in words, numbers and a chart."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import numpy as np

from foretell.forecasting.report.content import ColumnEffect, ReportContent
from foretell.forecasting.report.effects_section import effects_section
from foretell.forecasting.report.html import render_report
from foretell.forecasting.report.wording import DASH

OWN = np.array([1.0, 2.0, 3.0])


def effect(name: str, factor: float, **changes: Any) -> ColumnEffect:
    own: dict[str, Any] = {"score": 2.0, "permuted_score": 2 * factor, "error": OWN, "permuted_error": OWN * factor}
    return ColumnEffect(name, **own | changes)


def test_nothing_without_covariates(content: Callable[..., ReportContent]) -> None:
    assert effects_section(content()) == ""
    assert "What each column added" not in render_report(content())


def test_columns_their_errors_and_their_change(content: Callable[..., ReportContent]) -> None:
    section = effects_section(content(effects=[effect("rain", 1.5), effect("<b>", 1.0)]))
    assert "Permutation over whole windows" in section
    cells = [re.findall(r"<td>(.*?)</td>", row) for row in re.findall(r"<tr>(.*?)</tr>", section)[1:]]
    assert cells == [["2.000", "3.000", "+50\u202f%"], ["2.000", "2.000", "same"]]
    assert "&lt;b&gt;" in section
    assert "<b>" not in section.replace("</b>", "")


def test_the_chart_tells_the_error_of_each_step(content: Callable[..., ReportContent]) -> None:
    page = render_report(content(effects=[effect("rain", 1.5)]))
    said = re.search(r'aria-label="(Chart of the mean absolute error[^"]*)"', page)
    assert said is not None
    assert said[1].endswith(
        "all columns 1.00 at the first step, 3.00 at the last; without rain 1.50 at the first step, 4.50 at the last"
    )
    HTMLParser().feed(page)
    assert page.index('id="backtest"') < page.index('id="columns"') < page.index('id="training"')


def test_only_the_largest_effects_are_drawn(content: Callable[..., ReportContent]) -> None:
    section = effects_section(content(effects=[effect(f"column {i}", 2 - i / 10) for i in range(7)]))
    assert "without column 3" in section
    assert "without column 4" not in section
    assert len(re.findall("<tr>", section)) == 8


def test_errors_that_are_not_there(content: Callable[..., ReportContent]) -> None:
    nothing = np.full(3, np.nan)
    section = effects_section(content(effects=[effect("rain", 1.0, score=0.0, error=nothing, permuted_error=nothing)]))
    assert "Effect over the horizon" not in section
    assert f"<td>{DASH}</td>" in section

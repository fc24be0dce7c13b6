"""The summary is true whichever way the numbers fall."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from foretell.forecasting.report.content import ReportContent, Score
from foretell.forecasting.report.summary import summarise
from foretell.forecasting.report.wording import THIN


def scores(ours: float, **others: float) -> tuple[Score, ...]:
    rows = [Score("lstm", {"MASE": ours}, is_ours=True)]
    return (*rows, *(Score(name.replace("_", " "), {"MASE": error}) for name, error in others.items()))


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (scores(0.77, seasonal_naive=1.0), "more accurate than seasonal naive, with an error 23 % lower (MASE 0.770"),
        (scores(1.3, seasonal_naive=1.0), "less accurate than seasonal naive, with an error 30 % higher"),
        (scores(2.5, seasonal_naive=1.0), "less accurate than seasonal naive, with 2.5 times its error"),
        (scores(1.001, seasonal_naive=1.0), "about as accurate as seasonal naive"),
        (scores(0.77, seasonal_naive=1.0, linear=0.7), ", but linear was the most accurate (0.700)"),
        (scores(0.5, naive=1.0), "more accurate than naive"),
        (scores(0.5, linear=1.0), "more accurate than linear"),
        (scores(0.5, seasonal_naive=0.0), "had MASE 0.500 against 0 for seasonal naive"),
        (scores(0.5, seasonal_naive=math.nan), "the forecasts' error was 0.500 (MASE)"),
    ],
)
def test_it_compares_honestly(content: Callable[..., ReportContent], rows: tuple[Score, ...], words: str) -> None:
    summary = summarise(content(scores=rows))
    assert words in summary.replace(THIN, " ")
    assert summary.startswith("2 series, forecast 14 steps ahead. In the backtest of 3 windows ")
    assert f"93{THIN}% of the values fell inside the 95{THIN}% intervals." in summary


def test_a_better_baseline_is_named_only_where_it_beats_both(content: Callable[..., ReportContent]) -> None:
    assert "linear" not in summarise(content(scores=scores(0.77, seasonal_naive=1.0, linear=0.8)))
    assert "linear" not in summarise(content(scores=scores(1.3, seasonal_naive=0.5, linear=0.8)))


def test_another_metric_serves_where_the_first_is_not_known(content: Callable[..., ReportContent]) -> None:
    rows = (
        Score("lstm", {"MASE": math.nan, "MAE": 4.0}, is_ours=True),
        Score("seasonal naive", {"MASE": math.nan, "MAE": 5.0}),
    )
    assert "MAE 4.00 against 5.00" in summarise(content(scores=rows))


def test_no_backtest_is_said(content: Callable[..., ReportContent]) -> None:
    summary = summarise(content(scores=(), coverage={}))
    assert "There is no backtest" in summary
    nothing_known = (Score("lstm", {"MASE": math.nan}, is_ours=True),)
    assert "There is no backtest" in summarise(content(scores=nothing_known, coverage={95: math.nan}))

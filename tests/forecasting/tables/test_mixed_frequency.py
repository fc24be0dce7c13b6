"""Series of a longer step than the others are named."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from foretell.forecasting.tables.columns import Columns
from foretell.forecasting.tables.regularise import to_panel


def steps(name: str, every: str, count: int) -> pl.DataFrame:
    ds = pl.date_range(date(2024, 1, 1), date(2034, 1, 1), every, eager=True)[:count]
    return pl.DataFrame({"unique_id": name, "ds": ds, "y": range(count)})


@pytest.mark.parametrize(
    ("slow", "fast", "words"),
    [
        ("1w", "1d", r"'slow' \(one step a week \(\"W-MON\"\)\)"),
        ("1mo", "1d", r"'slow' \(one step a month"),
        ("1q", "1mo", r"'slow' \(one step a quarter"),
        ("2d", "1d", "'slow'"),
    ],
)
def test_the_slower_series_is_named(slow: str, fast: str, words: str) -> None:
    table = pl.concat([steps("fast", fast, 100), steps("slow", slow, 20)])
    panel, findings = to_panel(table)
    note = next(note for note in findings.notes if "longer step" in note)
    assert len(panel) == 2
    assert pl.Series([note]).str.contains(words).all()
    assert "'fast'" not in note


def test_gaps_and_a_common_step_are_no_reason_to_speak() -> None:
    gaps = steps("gaps", "1d", 100).filter(pl.col("y") % 5 != 3)
    few = steps("few", "1w", 3)
    assert not to_panel(pl.concat([gaps, few]))[1].notes
    assert not to_panel(steps("weekly", "1w", 60).drop("unique_id"))[1].notes


def test_a_shorter_step_that_is_given_is_spoken_of_too() -> None:
    notes = to_panel(steps("weekly", "1w", 60).drop("unique_id"), Columns(frequency="D"))[1].notes
    assert any("longer step" in note for note in notes)

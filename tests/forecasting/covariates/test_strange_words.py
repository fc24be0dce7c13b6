"""Words that the networks never saw are said, and only these."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pytest

from foretell.forecasting.covariates.covariates import Covariates
from foretell.forecasting.covariates.strange_words import warn_of_strange_words
from foretell.forecasting.panel import Column, Panel
from foretell.tables.frequency import Frequency


def panel(sky: list[str | None], kind: str = "past") -> Panel:
    rows = len(sky)
    columns: dict[str, Column] = {"sky": np.array(sky, dtype=object), "rain": np.arange(float(rows))}
    bare = Panel(
        ids=("a",),
        frequency=Frequency.parse("1d"),
        starts=np.array(["2024-01-01"], dtype="datetime64[us]"),
        offsets=np.array([0, rows]),
        history=np.array([rows - 2]),
        values=np.array([1.0] * (rows - 2) + [np.nan] * 2),
    )
    return replace(bare, past=columns) if kind == "past" else replace(bare, known=columns)


TRAINED = ["clear", "cloudy", None, "clear", "cloudy", "clear"]


@pytest.mark.parametrize("kind", ["past", "known"])
def test_words_that_were_never_seen_are_said(kind: str) -> None:
    read = Covariates.fit(panel(TRAINED, kind))
    table = panel(["clear", "fog", None, "haze", "clear", "clear"], kind)
    said = (
        f"the {kind} column 'sky' has values that the model was not trained with: 'fog', 'haze'; it was trained with "
        "'clear', 'cloudy'. 2 of 3 cells count as unknown"
    )
    with pytest.warns(UserWarning, match=f"^{said}$") as found:
        warn_of_strange_words([read, read], table, 100)
    assert len(found) == 1


@pytest.mark.parametrize(
    ("sky", "rows"),
    [
        (["Clear", "CLOUDY ", None, "clear", "clear", "clear"], 100),
        # Before the rows that are read, and in the horizon, which the table with these values is checked for.
        (["fog", "clear", "clear", "clear", "fog", "haze"], 3),
        ([None] * 6, 100),
    ],
)
def test_nothing_else_is(sky: list[str | None], rows: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_strange_words([Covariates.fit(panel(TRAINED))], panel(sky), rows)
        warn_of_strange_words([], panel(["fog"] * 6), rows)

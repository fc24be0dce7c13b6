"""A known column that is the target in disguise is warned of; one that merely goes with it is not."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import polars as pl
import pytest

from foretell.forecasting.covariates.copied_target import warn_of_copies
from foretell.forecasting.forecaster import Forecaster

RANDOM = np.random.default_rng(0)
SOLD = 50 + RANDOM.normal(0, 5, 60).cumsum()
GAPS = np.where(np.arange(60) % 7 == 3, np.nan, SOLD)


@pytest.mark.parametrize(
    ("column", "when"),
    [
        (SOLD, "at the same time"),
        (3 * SOLD - 7, "at the same time"),
        (-SOLD, "at the same time"),
        (GAPS, "at the same time"),
        (np.append(SOLD[1:], np.nan), "1 step later"),
        (np.append(SOLD[3:], [0.0, 0, 0]), "3 steps later"),
    ],
)
def test_copies(make_panel: Any, column: np.ndarray, when: str) -> None:
    if when != "at the same time":
        column = np.where(np.arange(60) < 57, column, np.nan)
    with pytest.warns(UserWarning, match=f"the known column 'x' goes with the target {when}"):
        warn_of_copies(make_panel([SOLD], known={"x": column}))


@pytest.mark.parametrize(
    "column",
    [
        SOLD + RANDOM.normal(0, 1, 60),
        RANDOM.normal(0, 1, 60),
        np.full(60, 3.0),
        np.full(60, np.nan),
        np.append(np.nan, SOLD[:-1]),  # what was known yesterday
        np.array(["yes", "no"] * 30, dtype=object),
        np.where(np.arange(60) < 8, SOLD, np.nan),
    ],
)
def test_what_is_no_copy(make_panel: Any, column: np.ndarray) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_copies(make_panel([SOLD], known={"x": column}))


def test_a_fit_warns() -> None:
    days = pl.date_range(pl.date(2024, 1, 1), pl.date(2024, 2, 29), eager=True)
    table = pl.DataFrame({"day": days, "sold": SOLD, "revenue": SOLD * 2})
    with pytest.warns(UserWarning, match="'revenue' goes with the target at the same time"):
        Forecaster("pretrained", 3, known="revenue", device="cpu").fit(table)

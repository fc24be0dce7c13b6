"""A model has drifted if its errors grow or its intervals fail, beyond chance."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest

from foretell import Forecaster
from foretell.forecasting.updating.drift import Drift

DAYS = 300


def weekly(rows: int, seed: int = 0) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    pattern = np.sin(np.arange(rows) / 7 * 2 * np.pi)
    return {"a": 100 + 20 * pattern + random.normal(0, 2, rows), "b": 50 + 9 * pattern + random.normal(0, 1, rows)}


def table(values: dict[str, np.ndarray], rows: slice) -> pl.DataFrame:
    days = np.datetime64("2024-01-01", "us") + np.arange(DAYS + 60) * np.timedelta64(1, "D")
    return pl.DataFrame({"ds": days[rows], **{name: column[rows] for name, column in values.items()}})


@pytest.fixture(scope="module")
def drift() -> Callable[..., Drift]:
    values = weekly(DAYS + 60)
    forecaster = Forecaster("pretrained", 7).fit(table(values, slice(0, DAYS)))
    model = forecaster.fitted_model

    def after(rows: int, change: Any = lambda column: column) -> Drift:
        forecaster._fitted = model
        new = {name: change(column) for name, column in values.items()}
        return forecaster.update(table(new, slice(DAYS, DAYS + rows))).drift

    return after


def test_nothing_has_changed(drift: Callable[..., Drift]) -> None:
    found = drift(56)
    assert found.drifted is False
    assert found.windows == 16
    assert 0.7 < found.error / found.error_before < 1.3
    assert 0.6 < found.coverage[80] <= 1
    assert found.coverage[80] <= found.coverage[95]
    assert found.sentence.startswith("The model has not drifted: on the new rows, error 0.")


@pytest.mark.parametrize(
    "change",
    [lambda column: column + 60, lambda column: 3 * column, lambda column: column[::-1] * np.arange(len(column)) % 70],
)
def test_another_level_scale_or_pattern(drift: Callable[..., Drift], change: Any) -> None:
    found = drift(42, change)
    assert found.drifted is True
    assert found.error > 2 * found.error_before
    assert found.sentence.startswith("The model has drifted")
    assert found.to_dict()["drifted"] is True


def test_too_few_to_tell(drift: Callable[..., Drift]) -> None:
    found = drift(2)
    assert found.drifted is None
    assert found.windows == 2
    assert "too few rows to tell" in found.sentence


def test_without_a_backtest() -> None:
    values = {name: column[-20:] for name, column in weekly(DAYS + 60).items()}
    days = np.datetime64("2024-01-01", "us") + np.arange(20) * np.timedelta64(1, "D")
    rows = pl.DataFrame({"ds": days, **values})
    forecaster = Forecaster("pretrained", 7).fit(rows[:9])
    found = forecaster.update(rows[9:]).drift
    assert found.drifted is None
    assert found.coverage_before == {}
    assert "held out of the fit to compare with" in found.sentence

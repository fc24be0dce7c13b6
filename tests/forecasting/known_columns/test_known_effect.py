"""The effect of known columns in forecasts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from foretell import Forecaster

DAYS, HORIZON = 1500, 7


def table(promoted: np.ndarray) -> pl.DataFrame:
    """A level of 50 that a promotion doubles; the last days have no value yet."""
    random = np.random.default_rng(0)
    days = np.datetime64("2023-01-01") + np.arange(DAYS + HORIZON) * np.timedelta64(1, "D")
    values = 50 * (1 + promoted) + random.normal(size=len(days))
    values[DAYS:] = np.nan
    frame = pl.DataFrame({"ds": days.astype("datetime64[us]"), "y": values, "promoted": promoted})
    return frame.with_columns(pl.col("y").fill_nan(None))


PROMOTED = (np.random.default_rng(1).random(DAYS + HORIZON) < 0.1).astype(float)
PROMOTED[DAYS:] = [0, 0, 1, 0, 0, 1, 0]
PROMOTED[[DAYS - 16, DAYS - 12, DAYS - 4]] = 1


@pytest.fixture(scope="module")
def fitted() -> Forecaster:
    return Forecaster("pretrained", HORIZON, known="promoted").fit(table(PROMOTED))


def test_the_pretrained_network_knows_of_a_promotion(fitted: Forecaster) -> None:
    given = table(PROMOTED)
    found = fitted.predict(given)["pretrained"].to_numpy()
    np.testing.assert_allclose(found, 50 * (1 + PROMOTED[DAYS:]), atol=4)
    assert any("What 'promoted' adds is taken out" in note for note in fitted.fitted_model.notes)
    other = given.with_columns(promoted=pl.Series([*PROMOTED[:DAYS], *np.zeros(HORIZON)]))
    np.testing.assert_allclose(fitted.predict(other)["pretrained"].to_numpy(), 50, atol=4)


def test_it_is_the_same_whatever_came_long_before(fitted: Forecaster) -> None:
    given = table(PROMOTED)
    past = fitted.fitted_model.members.past
    assert fitted.fitted_model.members.reach < past < DAYS
    late = fitted.predict(given[DAYS - past :])
    np.testing.assert_allclose(fitted.predict(given)["pretrained"], late["pretrained"], rtol=1e-6)


def test_it_is_explained(fitted: Forecaster) -> None:
    found = fitted.explain(table(PROMOTED), windows=10)
    assert found["column"].to_list() == ["promoted"]
    assert found["change"][0] > 0.5


def test_it_is_saved(fitted: Forecaster, tmp_path: Path) -> None:
    fitted.save(tmp_path / "model")
    again = Forecaster.load(tmp_path / "model")
    given = table(PROMOTED)
    assert again.predict(given).equals(fitted.predict(given))


def test_updates_keep_it(fitted: Forecaster) -> None:
    longer = table(PROMOTED).with_columns(
        y=pl.when(pl.int_range(pl.len()) < DAYS + 2).then(pl.col("y").fill_null(50.0)),
    )
    fitted_too = Forecaster("pretrained", HORIZON, known="promoted").fit(table(PROMOTED))
    fitted_too.update(longer)
    before, after = fitted.fitted_model.members.known, fitted_too.fitted_model.members.known
    assert before is not None
    assert after is not None
    np.testing.assert_array_equal(before["final"].weights, after["final"].weights)
    np.testing.assert_array_equal(after["held_out"].weights, after["final"].weights)

"""Past columns: the network finds how far the target lags behind them, and sees nothing of what comes later."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from foretell.errors import TableError
from foretell.forecasting.forecaster import Forecaster
from foretell.forecasting.report import render_report
from foretell.forecasting.report.assembly import report_content
from foretell.forecasting.settings import ForecastSettings

HORIZON, LAG, STEPS = 4, 3, 400
DEFAULTS = ForecastSettings()
TRAINING = replace(DEFAULTS.training, steps=90, minutes=None, patience=None, learning_rate=0.01)
QUICK = replace(DEFAULTS, hidden=16, layers=1, windows=6, input_steps=24, seasons=(), training=TRAINING)
PAST = ("rain", "open", "sky", "chance")


def table() -> pl.DataFrame:
    """Two rivers that rise three hours after it rained; one in ten measurements of the rain is missing."""
    random = np.random.default_rng(0)
    parts = []
    for name, level in (("isar", 50), ("inn", 80)):
        rain = random.gamma(0.5, 2.0, STEPS + LAG)
        measured = np.where(random.random(STEPS) < 0.1, np.nan, rain[LAG:])
        measured[[-1, -21]] = rain[[-1, -21]]
        parts.append(
            pl.DataFrame(
                {
                    "river": name,
                    "hour": np.datetime64("2024-01-01", "us") + np.arange(STEPS) * np.timedelta64(1, "h"),
                    "level": level + 10 * rain[:STEPS] + random.normal(0, 0.5, STEPS),
                    "rain": measured,
                    "open": random.random(STEPS) < 0.5,
                    "sky": random.choice(["clear", "cloudy"], STEPS),
                    "chance": random.normal(size=STEPS),
                }
            ).with_columns(pl.col("rain").fill_nan(None))
        )
    return pl.concat(parts)


TABLE = table()


@pytest.fixture(scope="module")
def fitted() -> Forecaster:
    return Forecaster("lstm", HORIZON, past=PAST, settings=QUICK, device="cpu").fit(TABLE)


def test_the_lag_is_found(fitted: Forecaster) -> None:
    found = fitted.explain(windows=6)
    assert set(found["column"]) == set(PAST)
    assert found["column"][0] == "rain"
    change = dict(zip(found["column"], found["change"], strict=True))
    assert change["rain"] > 0.8
    assert max(abs(change[name]) for name in PAST[1:]) < 0.1
    # What it has rained says something of the next three hours, and nothing of the fourth.
    rain = found.row(0, named=True)
    worse = [rain[f"MAE permuted {step}"] / rain[f"MAE {step}"] for step in range(1, HORIZON + 1)]
    assert min(worse[:LAG]) > 2
    assert worse[-1] < 1.3


def test_numbers_words_and_gaps_are_features(fitted: Forecaster) -> None:
    covariates = fitted.fitted_model.members.networks[0].covariates
    # The rain and whether it is missing, one flag, two words, one number.
    assert covariates.past_features == fitted.fitted_model.members.networks[0].architecture.past == 6


def test_what_comes_after_the_last_value_is_not_read(fitted: Forecaster) -> None:
    expected = fitted.predict()
    later = TABLE.group_by("river", maintain_order=True).tail(HORIZON)
    later = later.with_columns(pl.col("hour").dt.offset_by(f"{HORIZON}h"), level=pl.lit(None), rain=pl.lit(1e6))
    assert fitted.predict(pl.concat([TABLE, later])).equals(expected)


def test_a_saved_model_reads_them_in_a_new_table(fitted: Forecaster, tmp_path: Path) -> None:
    fitted.save(tmp_path / "model")
    loaded = Forecaster.load(tmp_path / "model", device="cpu")
    assert loaded.facts()["past"] == "rain, open, sky, chance"
    newer = TABLE.filter(pl.col("river") == "inn")[:-20]
    forecast = loaded.predict(newer)
    assert forecast.equals(fitted.predict(newer))
    dry = newer.with_columns(rain=pl.lit(0.0))
    assert float((loaded.predict(dry)["lstm"] - forecast["lstm"]).abs().max() or 0) > 0.1
    with pytest.raises(TableError, match="there is no past column 'rain'; the columns are"):
        loaded.predict(newer.drop("rain"))
    with pytest.raises(TableError, match="'rain' holds text, but the model was trained on numbers"):
        loaded.predict(newer.with_columns(rain=pl.lit("much")))
    short = newer.with_columns(rain=pl.when(pl.col("hour") < newer["hour"][-2]).then("rain"))
    with pytest.raises(TableError, match=f"no value from {newer['hour'][-2]:%Y-%m-%d %H:%M}"):
        loaded.predict(short)


def test_networks_that_cross_validation_fits_read_them() -> None:
    settings = replace(QUICK, training=replace(QUICK.training, steps=3))
    forecaster = Forecaster("gru", HORIZON, past=["rain", "sky"], settings=settings, device="cpu")
    found = forecaster.cross_validation(TABLE, n_windows=2)
    assert len(found) == 2 * 2 * HORIZON
    assert np.isfinite(found["gru"].to_numpy()).all()


@pytest.mark.parametrize("model", ["rnn", "gru", "wavenet"])
def test_other_networks(model: str) -> None:
    settings = replace(QUICK, members=2, training=replace(QUICK.training, steps=2))
    forecaster = Forecaster(model, HORIZON, past="rain", settings=settings, device="cpu").fit(TABLE)
    changed = TABLE.with_columns(rain=pl.lit(5.0))
    assert not forecaster.predict(changed).equals(forecaster.predict(TABLE))


def test_the_report_shows_what_each_added(fitted: Forecaster) -> None:
    pytest.importorskip("matplotlib")
    content = report_content(fitted, fitted.backtest())
    found = fitted.explain(windows=6)
    assert [effect.column for effect in content.effects] == found["column"].to_list()
    np.testing.assert_allclose([effect.permuted_score for effect in content.effects], found["CRPS permuted"])
    assert report_content(fitted).effects == []
    assert "What each column added" in render_report(content)

"""What a report is told of a real forecast and its backtest."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from foretell.forecasting.forecaster import Forecaster
from foretell.forecasting.report import render_report
from foretell.forecasting.report.assembly import report_content
from foretell.forecasting.report.wording import fixed
from foretell.forecasting.settings import ForecastSettings
from foretell.training.settings import TrainingSettings

TINY = ForecastSettings(
    hidden=4, layers=1, batch_size=4, input_steps=8, training=TrainingSettings(steps=6, evaluate_every=2)
)
HORIZON = 3
STEPS = 60


def table(series: int, zone: str | None = None) -> pl.DataFrame:
    random = np.random.default_rng(0)
    hours = np.datetime64("2020-01-01", "us") + np.arange(STEPS) * np.timedelta64(1, "h")
    frame = pl.DataFrame(
        {
            "unique_id": np.repeat([f"s{i:02}" for i in range(series)], STEPS),
            "ds": np.tile(hours, series),
            "y": np.concatenate([np.sin(np.arange(STEPS)) + i * random.standard_normal(STEPS) for i in range(series)]),
        }
    )
    return frame.with_columns(pl.col("ds").dt.replace_time_zone(zone))


def fit(frame: pl.DataFrame, **options: Any) -> Forecaster:
    return Forecaster("lstm", HORIZON, device="cpu", **{"settings": TINY, "season": 12, **options}).fit(frame)


@pytest.fixture(scope="module")
def many() -> Forecaster:
    return fit(table(9))


def test_series_and_their_windows(many: Forecaster) -> None:
    backtest = many.backtest()
    forecast = many.predict()
    content = report_content(many, backtest, title="sines")
    assert (content.title, content.total_series, len(content.series)) == ("sines", 9, 6)
    errors = backtest.results.scores.by_series
    shown = {view.id for view in content.series}
    assert {"s00", min(errors, key=lambda n: errors[n]), max(errors, key=lambda n: errors[n])} <= shown
    for view in content.series:
        rows = forecast.filter(unique_id=view.id)
        np.testing.assert_array_equal(view.median, rows["lstm"].to_numpy())
        np.testing.assert_array_equal(view.forecast_times, rows["ds"].to_numpy())
        np.testing.assert_array_equal(view.intervals[95][0], rows["lstm-lo-95"].to_numpy())
        np.testing.assert_array_equal(view.intervals[80][1], rows["lstm-hi-80"].to_numpy())
        tested = backtest.table.filter(unique_id=view.id)
        assert len(view.windows) == 3
        for name, column in (("times", "ds"), ("median", "lstm"), ("actual", "y")):
            found = np.concatenate([getattr(window, name) for window in view.windows])
            np.testing.assert_array_equal(found, tested[column].to_numpy())
        lows = np.concatenate([window.intervals[80][0] for window in view.windows])
        np.testing.assert_array_equal(lows, tested["lstm-lo-80"].to_numpy())
        assert view.times[-1] < view.forecast_times[0]


def test_scores_training_and_facts(many: Forecaster) -> None:
    backtest = many.backtest()
    content = report_content(many, backtest)
    assert [score.model for score in content.scores] == ["lstm", "naive", "seasonal naive", "linear"]
    assert [score.is_ours for score in content.scores] == [True, False, False, False]
    assert dict(content.scores[1].metrics) == pytest.approx(backtest.scores.drop("model").row(1, named=True))
    assert set(content.scores_by_step) == {score.model for score in content.scores}
    assert content.coverage == backtest.coverage
    assert len(content.losses) == len(content.gradient_norms) == 6
    assert content.clip_norm == 1.0
    assert content.facts["Model"] == "lstm"
    assert content.facts["Network"] == "lstm, 1 layer of 4 units"
    assert content.facts["Horizon"] == "3 steps"
    assert content.facts["Parameters"] == fixed(sum(t.numel() for t in many.fitted_model.network.final.values()), 0)
    assert content.facts["Seed"] == "0"
    assert "torch 2." in content.facts["Versions"]
    several = report_content(fit(table(2), settings=replace(TINY, members=2)))
    assert several.facts["Network"] == "lstm, 1 layer of 4 units, 2 of them averaged"
    assert content.findings[0].startswith("9 series in long layout")
    assert "sines" in render_report(replace(content, title="sines"))


def test_without_backtest_series_are_chosen_evenly(many: Forecaster) -> None:
    content = report_content(many)
    assert content.series[0].id == "s00"
    assert content.series[-1].id == "s08"
    assert len(content.series) == 6
    assert (content.scores, content.coverage) == ((), {})
    assert all(view.windows == [] for view in content.series)


def test_warnings() -> None:
    short = pl.concat([table(1), table(2).filter(unique_id="s01")[:2]])
    forecaster = fit(short)
    forecaster.predict(future=pl.DataFrame({"unique_id": ["new"]}))
    content = report_content(forecaster, forecaster.backtest())
    assert any("could not be backtested" in warning for warning in content.warnings)
    assert any("1 series has no history" in warning for warning in content.warnings)
    assert render_report(content)
    tiny = report_content(fit(table(1)[:8], season=8))
    assert any("not calibrated" in warning for warning in tiny.warnings)
    untrained = Forecaster("auto", HORIZON, season=8).fit(table(1)[:8])
    assert any("No network was trained" in warning for warning in report_content(untrained).warnings)
    none = report_content(fit(table(1)[:8], season=8, levels=()))
    assert not any("calibrated" in warning for warning in none.warnings)
    assert none.series[0].intervals == {}


def test_times_are_those_that_clocks_show() -> None:
    forecaster = fit(table(1, "Asia/Tokyo"))
    view = report_content(forecaster, forecaster.backtest()).series[0]
    assert view.times[-1] == np.datetime64("2020-01-03T11:00", "us")
    assert view.forecast_times[0] == np.datetime64("2020-01-03T12:00", "us")
    assert view.windows[-1].times[-1] == view.times[-1]


def test_an_early_end_of_the_training_is_a_fact(many: Forecaster) -> None:
    assert "Training ended" not in report_content(many).facts
    patient = replace(TINY, training=replace(TINY.training, steps=200, evaluate_every=1, patience=1))
    assert report_content(fit(table(2), settings=patient)).facts["Training ended"].startswith("patience: 1 evaluations")


def test_a_report_leaves_the_forecaster_as_it_is() -> None:
    frame = table(2)
    forecaster = fit(frame)
    before = forecaster.reading
    content = report_content(forecaster)
    assert forecaster.prediction is None
    assert forecaster.reading is before
    forecast = forecaster.predict()
    for view in content.series:
        np.testing.assert_array_equal(view.median, forecast.filter(unique_id=view.id)["lstm"].to_numpy())
    # What was read last is reported on, whatever the forecaster was fitted to.
    other = fit(frame)
    other.backtest(frame.filter(unique_id="s01"))
    assert [view.id for view in report_content(other).series] == ["s01"]


def test_what_is_said_of_the_fit_is_no_warning(tmp_path: Path) -> None:
    forecaster = fit(table(1))
    remarked = replace(forecaster.fitted_model, notes=("Too few.", "As usual."), warnings=("Too few.",))
    forecaster._fitted = remarked
    forecaster.save(tmp_path / "model")
    loaded = Forecaster.load(tmp_path / "model")
    loaded.predict(table(1))
    content = report_content(loaded)
    assert content.findings.count("As usual.") == 1
    assert content.warnings.count("Too few.") == 1
    assert "Too few." not in content.findings
    assert "As usual." not in content.warnings

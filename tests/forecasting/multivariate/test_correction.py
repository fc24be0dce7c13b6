"""The option `multivariate`: it helps where a series leads the others, and is not used where none does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from foretell import SettingsError
from foretell.distributed.partitions import id_column
from foretell.errors import ExportError, ModelError
from foretell.forecasting.covariates.explanation import OTHERS
from foretell.forecasting.exported.forecast_program import forecast_program
from foretell.forecasting.forecast_arrays import predictions
from foretell.forecasting.forecaster import Forecaster

Table = Callable[..., pl.DataFrame]
LAG, ROWS = 3, 300


def fit(table: pl.DataFrame, horizon: int = LAG, **options: Any) -> Forecaster:
    return Forecaster("pretrained", horizon, season=7, device="cpu", **options).fit(table)


@pytest.fixture(scope="module")
def together(led: Table) -> Forecaster:
    return fit(led(), multivariate=True)


@pytest.fixture(scope="module")
def apart(led: Table) -> Forecaster:
    return fit(led())


def mae(forecaster: Forecaster, table: pl.DataFrame | None = None) -> dict[str, float]:
    found = forecaster.backtest(table, windows=5).scores_by("unique_id")
    return dict(found.select("unique_id", "MAE").iter_rows())


def test_those_that_follow_are_forecast_far_better(together: Forecaster, apart: Forecaster) -> None:
    with_others, alone = mae(together), mae(apart)
    followers = [name for name in alone if name != "leader"]
    for name in followers:
        assert with_others[name] < 0.6 * alone[name]
    assert sum(with_others[name] for name in followers) < 0.45 * sum(alone[name] for name in followers)
    assert with_others["leader"] < 1.1 * alone["leader"]


def test_the_findings_say_what_it_brought(together: Forecaster, apart: Forecaster) -> None:
    correction = together.fitted_model.correction
    assert correction is not None
    assert correction.loss is not None
    assert correction.loss_without is not None
    assert correction.loss < 0.75 * correction.loss_without
    said = f"lowers the loss on held-out data from {correction.loss_without:.3f} to {correction.loss:.3f}."
    assert [note for note in together.fitted_model.notes if said in note]
    assert together.facts()["other_series"] == "used"
    assert apart.fitted_model.correction is None
    assert "other_series" not in apart.facts()


@pytest.mark.parametrize("seed", [1, 2])
def test_independent_series_are_forecast_as_without(independent: Table, seed: int) -> None:
    table = independent(seed=seed)
    asked = fit(table, multivariate=True)
    correction = asked.fitted_model.correction
    assert correction is not None
    assert not correction.used
    assert "is not used: it does not lower the loss" in " ".join(asked.fitted_model.notes)
    assert asked.predict().equals(fit(table).predict())
    assert asked.facts()["other_series"] == "not used"


def test_a_single_series_says_that_it_has_no_others(led: Table) -> None:
    alone = fit(led().select("day", "leader"), multivariate=True)
    assert alone.fitted_model.correction is None
    assert "it takes two series" in " ".join(alone.fitted_model.notes)


def test_without_a_backtest_or_validation_it_is_not_used(led: Table) -> None:
    short = fit(led()[:36], horizon=16, multivariate=True)
    assert short.fitted_model.correction is None or not short.fitted_model.correction.used


def test_it_is_saved_and_loaded(led: Table, together: Forecaster, tmp_path: Path) -> None:
    together.save(tmp_path / "model")
    again = Forecaster.load(tmp_path / "model")
    assert again.settings.multivariate
    assert again.predict(led()).equals(together.predict(led()))
    assert again.predict().equals(together.predict())


def test_a_damaged_share_is_refused(together: Forecaster) -> None:
    from foretell.forecasting.multivariate.stored import describe_correction, read_correction

    assert together.fitted_model.correction is not None
    plain = describe_correction(together.fitted_model.correction)
    with pytest.raises((ValueError, KeyError, ModelError)):
        read_correction({**plain, "shares": [2.0]}, {})


def test_tables_of_one_batch_do_not_see_one_another(led: Table, together: Forecaster) -> None:
    other = led(seed=9)
    readings = [together.read(table) for table in (led(), other)]
    alone = [together.forecast(reading).quantiles for reading in readings]
    batch = predictions(together.fitted_model, [reading.panel for reading in readings], [None, None])
    for one, many in zip(alone, batch, strict=True):
        np.testing.assert_array_equal(one, many.quantiles)


def test_a_series_alone_is_forecast_without_the_others(led: Table, together: Forecaster, apart: Forecaster) -> None:
    table = led().select("day", "follower 0", "follower 1")
    assert together.predict(table).height == 2 * LAG
    # News of the leader is what moves a forecast away from that of the series alone.
    whole = together.predict(led()).filter(pl.col("unique_id") == "follower 0")["pretrained"].to_numpy()
    part = together.predict(table).filter(pl.col("unique_id") == "follower 0")["pretrained"].to_numpy()
    own = apart.predict(led()).filter(pl.col("unique_id") == "follower 0")["pretrained"].to_numpy()
    assert np.abs(part - own).max() < np.abs(whole - own).max()


def test_explain_says_what_the_others_are_worth(together: Forecaster, apart: Forecaster) -> None:
    found = together.explain(windows=5)
    assert found["column"].to_list() == [OTHERS]
    assert found["change"][0] > 0.5
    with pytest.raises(SettingsError, match="without covariates"):
        apart.explain()


def test_an_update_learns_the_factors_anew(led: Table) -> None:
    table = led()
    forecaster = fit(table[: ROWS - 40], multivariate=True)
    forecaster.update(table[ROWS - 40 :])
    assert forecaster.fitted_model.correction is not None
    assert forecaster.fitted_model.correction.used
    own = fit(table, multivariate=True).predict()["pretrained"].to_numpy()
    assert np.abs(forecaster.predict()["pretrained"].to_numpy() - own).mean() < 3


def test_what_needs_series_apart_refuses(together: Forecaster) -> None:
    with pytest.raises(SettingsError, match="cannot be shared among workers"):
        id_column(together.fitted_model)
    with pytest.raises(ExportError, match="without multivariate"):
        forecast_program(together)


def test_trained_networks_see_the_others_too(led: Table) -> None:
    from dataclasses import replace

    from foretell import ForecastSettings

    defaults = ForecastSettings()
    quick = replace(defaults, hidden=8, layers=1, training=replace(defaults.training, steps=40, patience=None))
    forecaster = Forecaster("lstm", LAG, season=7, settings=quick, multivariate=True, device="cpu").fit(led())
    correction = forecaster.fitted_model.correction
    assert correction is not None
    assert correction.loss is not None
    assert correction.loss_without is not None
    assert correction.loss < 0.8 * correction.loss_without

"""Past columns help any model where they say something, and change nothing where they do not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch

from foretell.errors import TableError
from foretell.forecasting.blending.correction import SHARES, Correction, Expected
from foretell.forecasting.exported.forecast_program import VALUES, forecast_program
from foretell.forecasting.exported.past_effect_program import PastEffectProgram
from foretell.forecasting.forecast_arrays import predictions
from foretell.forecasting.forecaster import Forecaster
from foretell.forecasting.past_columns.features import LAGS, PastFeatures
from foretell.forecasting.past_columns.stored import describe_past_effect, read_past_effect
from foretell.forecasting.settings import ForecastSettings
from foretell.forecasting.tables.columns import Columns
from foretell.forecasting.tables.reading import Reading

HORIZON, LAG, STEPS = 3, 3, 800
DEFAULTS = ForecastSettings(windows=40)
TINY = replace(DEFAULTS, hidden=8, layers=1, training=replace(DEFAULTS.training, steps=3, patience=None))


def river(seed: int = 0, *, by_hour: bool = False) -> pl.DataFrame:
    """A river that rises three hours after the rain, or at night alone, beside a column of noise and one of words."""
    random = np.random.default_rng(seed)
    rain = random.gamma(0.5, 2.0, STEPS + LAG)
    hours = np.arange(STEPS)
    share = (1 + np.sin(2 * np.pi * hours / 24)) / 2 if by_hour else 1.0
    measured = np.where(random.random(STEPS) < 0.02, np.nan, rain[LAG:])
    measured[-1] = 1.0
    return pl.DataFrame(
        {
            "hour": np.datetime64("2024-01-01", "us") + hours * np.timedelta64(1, "h"),
            "level": 50 + 10 * share * rain[:STEPS] + random.normal(0, 0.5, STEPS),
            "rain": measured,
            "chance": random.normal(size=STEPS),
            "sky": random.choice(["clear", "cloudy"], STEPS),
        }
    ).with_columns(pl.col("rain").fill_nan(None))


def fit(
    table: pl.DataFrame, *past: str, model: str = "pretrained", settings: ForecastSettings = DEFAULTS
) -> Forecaster:
    columns = table.select("hour", "level", *past)
    return Forecaster(model, HORIZON, past=past, device="cpu", settings=settings).fit(columns)


def mae(forecaster: Forecaster) -> float:
    return float(forecaster.backtest().scores_by("unique_id")["MAE"][0])


@pytest.fixture(scope="module")
def wet() -> Forecaster:
    return fit(river(), "rain", "chance", "sky")


def test_the_pretrained_network_learns_of_the_rain(wet: Forecaster) -> None:
    dry = fit(river())
    assert mae(wet) < 0.75 * mae(dry)
    effect = wet.fitted_model.past_effect
    assert effect is not None
    assert effect.loss is not None
    assert effect.loss_without is not None
    assert effect.loss < 0.8 * effect.loss_without
    said = f"lowers the loss on held-out data from {effect.loss_without:.3f} to {effect.loss:.3f}."
    assert wet.fitted_model.notes[-1] == f"The past of 'rain', 'chance', 'sky' is used: it {said}"
    assert wet.facts()["past_effect"] == "used"
    assert "past_effect" not in dry.facts()


@pytest.mark.parametrize("seed", range(4))
def test_columns_that_say_nothing_change_nothing(seed: int) -> None:
    table = river(seed)
    without, given = fit(table), fit(table, "chance", "sky")
    assert abs(mae(given) / mae(without) - 1) < 0.01
    model = given.fitted_model
    if model.past_effect is None:
        assert given.predict().equals(without.predict())
        assert "is not used: the training part does not show that it helps by more than chance" in model.notes[-1]


def test_networks_read_what_is_worth_it_alone() -> None:
    table = river()
    without = fit(table, model="lstm", settings=TINY)
    noise = fit(table, "chance", model="lstm", settings=TINY)
    assert noise.fitted_model.members.networks[0].architecture.past == 0
    assert noise.predict()["lstm"].to_list() == pytest.approx(without.predict()["lstm"].to_list(), rel=0.01)
    rain = fit(table, "rain", model="lstm", settings=TINY)
    assert rain.fitted_model.members.networks[0].architecture.past == 2
    assert rain.fitted_model.notes[-1].startswith("Networks read the past of 'rain'.")


def test_an_effect_that_depends_on_the_hour() -> None:
    table = river(by_hour=True)
    forecaster = fit(table, "rain")
    effect = forecaster.fitted_model.past_effect
    assert effect is not None
    assert effect.past["final"].features.by_phase
    assert mae(forecaster) < 0.9 * mae(fit(table))


def test_what_comes_after_the_last_value_is_not_read(wet: Forecaster) -> None:
    later = river().tail(HORIZON).with_columns(pl.col("hour").dt.offset_by(f"{HORIZON}h"), level=None, rain=pl.lit(1e6))
    assert wet.predict(pl.concat([river(), later])).equals(wet.predict(river()))


def test_it_is_saved_and_loaded(wet: Forecaster, tmp_path: Path) -> None:
    wet.save(tmp_path / "model")
    again = Forecaster.load(tmp_path / "model")
    table = river(7)
    assert again.predict(table).equals(wet.predict(table))
    with pytest.raises(TableError, match="there is no past column 'rain'"):
        again.predict(table.drop("rain"))
    effect = wet.fitted_model.past_effect
    assert effect is not None
    with pytest.raises(ValueError, match="from 0 to 1"):
        read_past_effect(
            {**describe_past_effect(effect), "shares": [2.0]},
            {stage: torch.from_numpy(each.weights) for stage, each in effect.past.items()},
        )


def test_several_tables_are_forecast_as_each_alone(wet: Forecaster) -> None:
    readings = [wet.read(river(seed)) for seed in range(3)]
    batch = predictions(wet.fitted_model, [reading.panel for reading in readings], [None] * 3)
    for reading, found in zip(readings, batch, strict=True):
        np.testing.assert_array_equal(wet.forecast(reading).quantiles, found.quantiles)


def test_explain_tells_the_rain_from_the_rest(wet: Forecaster) -> None:
    found = wet.explain(windows=6)
    assert found["column"][0] == "rain"
    change = dict(zip(found["column"], found["change"], strict=True))
    assert change["rain"] > 0.3
    assert max(abs(change[name]) for name in ("chance", "sky")) < 0.1


def test_an_update_learns_it_anew() -> None:
    table = river().select("hour", "level", "rain")
    forecaster = fit(table[: STEPS - 48], "rain")
    before = forecaster.fitted_model.past_effect
    forecaster.update(table[STEPS - 48 :])
    after = forecaster.fitted_model.past_effect
    assert before is not None
    assert after is not None
    assert after.used
    assert after.past["held_out"] is before.past["final"]
    assert not np.array_equal(after.past["final"].weights, before.past["final"].weights)
    own = fit(table, "rain").predict()["pretrained"].to_numpy()
    assert np.abs(forecaster.predict()["pretrained"].to_numpy() - own).mean() < 3


@pytest.mark.parametrize("by_hour", [False, True])
def test_an_exported_program_adds_the_same(by_hour: bool) -> None:
    table = river(by_hour=by_hour)
    model = fit(table, "rain", "sky").fitted_model
    panel, effect = model.learned, model.past_effect
    assert panel is not None
    assert effect is not None
    features = effect.past["final"].features
    assert features.by_phase == by_hour
    sky: Any = features.covariates.past["sky"]
    inputs: dict[str, Any] = {"past_rain": panel.past["rain"][None], "past_sky": sky.codes(panel.past["sky"])[None]}
    if by_hour:
        inputs["first_step"] = np.asarray(panel.frequency.positions(panel.starts)[0] + panel.history, np.int64)
    given = {name: torch.from_numpy(np.array(each)) for name, each in inputs.items()}
    found = PastEffectProgram(effect, HORIZON)(torch.from_numpy(panel.values[None]), given)
    expected = effect.added(panel, np.array([0]), panel.history, HORIZON, "final")
    assert np.abs(expected).max() > 0.1
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-5, atol=1e-6)


def test_a_program_asks_for_what_it_reads(wet: Forecaster) -> None:
    asked = {column.name for column in forecast_program(wet).columns}
    assert asked == {VALUES, "past_rain", "past_chance", "past_sky"}


def test_a_missing_value_counts_as_usual() -> None:
    table = river()
    panel = Reading.of(table, Columns(past=("rain",), target="level")).observed
    features = PastFeatures.fit(panel, panel.history, ())
    column = np.asarray(panel.past["rain"], dtype=np.float64).copy()
    column[-1] = np.nan
    read = features.read(replace(panel, past={"rain": column}), np.array([0]), panel.history)[0]
    assert read[0] == 0
    assert read[1] != 0
    assert features.count == 2 * (LAGS + 2)
    early = features.read(panel, np.array([0]), np.array([1]))
    assert not early[0, 1:LAGS].any()


def test_what_is_expected_counts_where_nothing_could_be_held_out(wet: Forecaster) -> None:
    effect = wet.fitted_model.past_effect
    assert effect is not None
    assert effect.expected is not None
    nothing = np.zeros((0, HORIZON, 15))
    panel, empty = wet.panel, np.zeros(0, np.int64)
    arguments = (panel, empty, empty, nothing, nothing[..., 0], np.zeros(0), 0.0)
    assert effect.chosen(*arguments).used
    assert not replace(effect, expected=None).chosen(*arguments).used
    hopeless = Expected(((-1.0,) * len(SHARES),) * 3, 100.0)
    assert not Correction(effect.past, expected=hopeless).chosen(*arguments).used
    with pytest.raises(ValueError, match="4 gains each"):
        Expected(((0.0,),) * 3, 1.0)


def test_an_update_of_fewer_rows_than_a_horizon() -> None:
    table = river().select("hour", "level", "rain").with_columns(pl.col("rain").fill_null(1.0))
    forecaster = fit(table[: STEPS - 1], "rain")
    forecaster.update(table[STEPS - 1 :])  # what is known of none of the later steps ahead
    effect = forecaster.fitted_model.past_effect
    assert effect is not None
    assert effect.loss is not None
    assert np.isfinite(effect.loss)
    assert len(effect.shares) == HORIZON


def test_it_is_in_proportion_to_what_known_columns_leave() -> None:
    table, here = river().select("hour", "level", "rain"), np.arange(STEPS) < STEPS - HORIZON
    fair = np.where(np.random.default_rng(1).random(STEPS) < 0.15, 1.0, 0.0)
    crowded = np.where(here, table["level"] + 400 * fair, np.nan)
    with_fairs = table.with_columns(fair=fair, level=pl.Series(crowded).fill_nan(None))
    options: dict[str, Any] = {"past": ["rain"], "device": "cpu", "settings": DEFAULTS}
    forecaster = Forecaster("pretrained", HORIZON, known=["fair"], **options).fit(with_fairs)
    alone = Forecaster("pretrained", HORIZON, **options).fit(table.filter(here))
    cutoffs = np.arange(400, STEPS - 2 * HORIZON, 8)
    series = np.zeros(len(cutoffs), np.int64)
    added = []
    for model in (forecaster.fitted_model, alone.fitted_model):
        panel, effect = model.learned, model.past_effect
        assert panel is not None
        assert effect is not None
        alike = (replace(model, past_effect=replace(effect, shares=(share,) * HORIZON)) for share in (1.0, 0.0))
        added.append(np.subtract(*(each.distribution(panel, series, cutoffs, "final")[..., 0] for each in alike)))
    assert 0.8 < (added[0] * added[1]).sum() / (added[1] ** 2).sum() < 1.2

    forecaster.predict()
    assert forecaster.prediction is not None
    rain = with_fairs["rain"].to_numpy()
    columns = {"known_fair": fair[here], "future_fair": fair[~here], "past_rain": rain[here]}
    program = forecast_program(forecaster)
    asked = {column.name for column in program.columns} - {VALUES, "first_step"}
    given = {name: torch.from_numpy(columns[name][None]) for name in asked}
    if "first_step" in {column.name for column in program.columns}:
        given["first_step"] = torch.tensor([19_723 * 24 + int(here.sum())])  # hours since 1970 up to 2024
    found = program.module(torch.from_numpy(crowded[here][None]), **given)
    np.testing.assert_allclose(found.detach().numpy(), forecaster.prediction.quantiles, rtol=1e-5)


def test_series_without_any_value(wet: Forecaster) -> None:
    table = river().with_columns(river=pl.lit("first"))
    dry = table.head(50).with_columns(level=pl.lit(None, dtype=pl.Float64), river=pl.lit("second"))
    columns = Columns(id="river", time="hour", target="level", past=("rain", "chance", "sky"))
    reading = wet.read(pl.concat([table, dry]), columns=columns)
    both, alone = wet.forecast(reading), wet.forecast(wet.read(table.drop("river")))
    np.testing.assert_array_equal(both.quantiles[0], alone.quantiles[0])
    assert np.isfinite(both.quantiles[1]).all()

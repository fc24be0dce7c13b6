"""From a panel to a fitted model: what is trained, mixed and calibrated, and on what."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import polars as pl
import pytest
import torch

from foretell.errors import ModelError, SettingsError, TableError
from foretell.forecasting import fitted_model, fitting
from foretell.forecasting.fitted_model import FittedModel
from foretell.forecasting.fitting import fit_model
from foretell.forecasting.forecaster import Forecaster
from foretell.forecasting.model_folder import load_model, save_model
from foretell.forecasting.networks.fitted_network import FittedNetwork
from foretell.forecasting.networks.validation import held_out_windows
from foretell.forecasting.panel import Panel
from foretell.forecasting.settings import ForecastSettings
from foretell.forecasting.tables.columns import Columns
from foretell.training.settings import TrainingSettings

TINY = ForecastSettings(
    hidden=6, layers=1, batch_size=8, input_steps=24, training=TrainingSettings(steps=15, evaluate_every=5)
)
HORIZON = 6


def fit(
    panel: Panel, model: str, settings: ForecastSettings = TINY, horizon: int = HORIZON, **options: Any
) -> FittedModel:
    return fit_model(
        panel,
        model=model,
        horizon=horizon,
        levels=(80, 95),
        settings=settings,
        columns=Columns(),
        device="cpu",
        **options,
    )


def seasonal(length: int, level: float = 50.0, seed: int = 0) -> np.ndarray:
    at = np.arange(length)
    return level + 10 * np.sin(2 * np.pi * at / 12) + np.random.default_rng(seed).normal(0, 1, length)


def final(model: FittedModel, panel: Panel) -> np.ndarray:
    return model.forecast(panel, np.arange(len(panel)), panel.history, "final")


@pytest.fixture(scope="session")
def monthly(make_panel: Callable[..., Panel]) -> Panel:
    return make_panel([seasonal(120, seed=k, level=50.0 * k + 50) for k in range(4)], alias="MS")


@pytest.fixture(scope="session")
def auto(monthly: Panel) -> FittedModel:
    return fit(monthly, "auto")


@pytest.mark.parametrize("model", ["auto", "pretrained"])
def test_the_forecast_is_finite_ordered_and_follows_the_season(monthly: Panel, auto: FittedModel, model: str) -> None:
    fitted = auto if model == "auto" else fit(monthly, model)
    quantiles = final(fitted, monthly)
    assert quantiles.shape == (4, HORIZON, 5)
    assert np.isfinite(quantiles).all()
    assert (np.diff(quantiles, axis=-1) > 0).all()
    expected = np.stack([50.0 * k + 50 + 10 * np.sin(2 * np.pi * (120 + np.arange(HORIZON)) / 12) for k in range(4)])
    assert np.abs(quantiles[..., 2] - expected).mean() < 3


def test_pretrained_trains_nothing(monthly: Panel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitting, "train_networks", lambda *_, **__: pytest.fail("a network was trained"))
    model = fit(monthly, "pretrained")
    assert model.network is None
    assert model.history is None
    assert model.choice is None
    assert dict(model.blend.shares) == {"pretrained": 1.0}
    assert model.calibrated_on > 0


@pytest.mark.parametrize(("length", "trained"), [(60, False), (299, False), (500, True)])
def test_auto_trains_where_there_is_enough_to_learn_from(
    make_panel: Callable[..., Panel], length: int, trained: bool
) -> None:
    panel = make_panel([seasonal(length)], alias="MS")
    model = fit(panel, "auto")
    assert (model.network is not None) == trained
    assert ("lstm" in model.blend.losses) == trained
    assert {"pretrained", "naive", "seasonal_naive", "theta"} <= model.blend.losses.keys()
    assert model.choice is not None
    assert model.choice.startswith("The forecast is ")
    assert ("lstm" in model.choice) == trained
    assert "\n" not in model.choice
    assert any("No network was trained" in note for note in model.notes) == (not trained)


def test_within_a_time_budget_several_networks_compete_and_it_is_said_which_were_dropped(
    monthly: Panel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = itertools.count()
    monkeypatch.setattr("foretell.training.loop.monotonic", lambda: float(next(clock)))
    training = TrainingSettings(steps=1000, minutes=4, schedule="constant", learning_rate=0.01, evaluate_every=5)
    settings = replace(TINY, backbones=("rnn", "lstm", "gru"), training=training)
    told: list[str] = []
    model = fit(monthly, "auto", settings, on_progress=lambda stage, _: told.append(stage))
    kept = [network.name for network in model.members.networks]
    assert len(kept) == 2
    assert "fine-tuned" in kept
    dropped = {"rnn", "lstm", "gru"} - set(kept)
    note = next(note for note in model.notes if note.startswith("Dropped by validation loss: "))
    assert all(f"{name} 0." in note.split(";")[0] and f"finish-{name}" not in told for name in dropped)
    assert all(f"{name} 0." in note.split(";")[1] and f"finish-{name}" in told for name in kept)
    assert {f"fit-{name}" for name in ("fine-tuned", "rnn", "lstm", "gru")} <= set(told)
    assert model.blend.losses.keys() == {"pretrained", "naive", "seasonal_naive", "theta", "linear", *kept}
    assert model.choice is not None
    save_model(model, tmp_path / "model")
    loaded = load_model(tmp_path / "model", torch.device("cpu"))
    assert loaded.settings == settings
    np.testing.assert_array_equal(final(loaded, monthly), final(model, monthly))


def test_networks_that_need_less_time_are_all_kept_and_an_interrupted_contest_goes_on(
    monthly: Panel, tmp_path: Path
) -> None:
    training = TrainingSettings(steps=10, minutes=100, schedule="constant", learning_rate=0.01, evaluate_every=5)
    settings = replace(TINY, backbones=("rnn", "gru"), training=training)
    model = fit(monthly, "auto", settings, checkpoint=tmp_path)
    assert [network.name for network in model.members.networks] == ["fine-tuned", "rnn", "gru"]
    assert not any("Dropped" in note for note in model.notes)
    resumed = fit(monthly, "auto", settings, checkpoint=tmp_path)
    np.testing.assert_array_equal(final(resumed, monthly), final(model, monthly))


@pytest.mark.parametrize("backbones", [("lstm",), ("rnn", "lstm", "gru")])
def test_a_budget_too_small_for_one_step_gives_each_network_one(monthly: Panel, backbones: tuple[str, ...]) -> None:
    training = TrainingSettings(steps=1000, minutes=1e-9, schedule="constant", evaluate_every=5)
    model = fit(monthly, "auto", replace(TINY, backbones=backbones, training=training))
    assert len(model.members.networks) == 2
    for network in model.members.networks:
        assert 1 <= network.history.steps <= 2
    assert np.isfinite(final(model, monthly)).all()


def test_the_best_networks_are_blended_where_the_pretrained_one_is_damaged(
    monthly: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fitting, "shipped", damaged)
    model = fit(monthly, "auto", replace(TINY, backbones=("rnn", "gru")))
    assert model.blend.losses.keys() == {"rnn", "gru"}
    assert model.blend.loss is not None
    assert np.isfinite(final(model, monthly)).all()


def test_auto_is_never_worse_than_the_best_simple_one_on_held_out_windows(auto: FittedModel) -> None:
    losses = auto.blend.losses
    assert auto.blend.loss is not None
    assert auto.blend.loss <= min(losses[name] for name in ("naive", "seasonal_naive", "theta")) * (1 + 1e-9)


def test_a_long_series_with_a_cycle_of_no_fixed_length_is_largely_forecast_by_the_regression(
    make_panel: Callable[..., Panel],
) -> None:
    noise = np.random.default_rng(3).normal(0, 1, 290)
    values = np.zeros(290)
    for t in range(2, 290):
        values[t] = 1.75 * values[t - 1] - 0.95 * values[t - 2] + noise[t]
    known = make_panel([values[:280]], alias="YS")
    model = fit(known, "auto", horizon=10)
    assert model.blend.shares["linear"] > 0.3
    found, pretrained = (final(each, known)[0, :, 2] for each in (model, fit(known, "pretrained", horizon=10)))
    assert np.abs(found - values[280:]).mean() < 0.9 * np.abs(pretrained - values[280:]).mean()


def test_many_short_series_are_not_forecast_by_the_regression(auto: FittedModel) -> None:
    assert auto.blend.shares.get("linear", 0.0) < 0.1


def test_the_shortest_series_are_forecast_and_it_is_said_what_could_not_be_done(
    make_panel: Callable[..., Panel],
) -> None:
    panel = make_panel([[3.0, 4.0], [5.0], [1.0, 2.0, 3.0]], alias="MS")
    model = fit(panel, "auto")
    assert model.blend.losses == {}
    assert model.calibrated_on == 0
    quantiles = final(model, panel)
    assert np.isfinite(quantiles).all()
    assert (np.diff(quantiles, axis=-1) >= 0).all()


@pytest.mark.parametrize("name", ["auto", "pretrained"])
def test_a_series_whose_only_values_come_late(make_panel: Callable[..., Panel], name: str) -> None:
    panel = make_panel([np.append(np.full(350, np.nan), seasonal(4))], alias="MS")
    model = fit(panel, name)
    assert (model.holdout.training < 350).all()
    quantiles = final(model, panel)
    assert np.isfinite(quantiles).all()
    assert (np.diff(quantiles, axis=-1) > 0).all()
    assert np.abs(quantiles[..., 2] - 55).max() < 40


@pytest.mark.parametrize("name", ["auto", "pretrained"])
def test_from_within_a_gap_longer_than_what_is_looked_back_at_the_forecast_is_the_usual_level(
    make_panel: Callable[..., Panel], name: str
) -> None:
    values = seasonal(2100)
    values[600:2080] = np.nan
    panel = make_panel([values], alias="h")
    model = fit(panel, name, replace(TINY, seasons=(12,)))
    assert model.members.past < 1400
    inside = model.forecast(panel, np.zeros(2, np.int64), np.array([2060, 2090]), "held_out")
    pooled = model.members.experience.quantiles
    np.testing.assert_array_equal(inside[0, :, 2], pooled[len(pooled) // 2])
    assert np.abs(inside[..., 2] - 50).max() < 20


def test_series_of_one_value_each_are_forecast_without_a_network_however_many_there_are(
    make_panel: Callable[..., Panel],
) -> None:
    panel = make_panel([[50.0 + k % 7] for k in range(320)], alias="MS")
    model = fit(panel, "auto")
    assert model.network is None
    assert "No network was trained, since no series has at least 2 values to learn from." in model.notes
    assert np.abs(final(model, panel)[..., 2] - 53).max() < 10


def test_a_forecast_of_many_windows_is_made_in_parts(
    monthly: Panel, auto: FittedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    series, cutoffs = np.array([0, 0, 1, 2, 3, 3, 3]), np.array([90, 100, 95, 120, 80, 81, 120])
    whole = auto.forecast(monthly, series, cutoffs, "final")
    monkeypatch.setattr(fitted_model, "_AT_ONCE", 2)
    monkeypatch.setattr(fitted_model, "_STEPS", 1)
    np.testing.assert_allclose(auto.forecast(monthly, series, cutoffs, "final"), whole, rtol=1e-5)


def test_the_intervals_of_a_series_seen_once_are_as_wide_as_the_others_vary(make_panel: Callable[..., Panel]) -> None:
    random = np.random.default_rng(0)
    levels = random.uniform(50, 150, 140)
    panel = make_panel([random.normal(x, 0.1 * x, 80 if k < 20 else 1) for k, x in enumerate(levels)], alias="MS")
    unseen = np.arange(20, 140)
    quantiles = fit(panel, "pretrained").forecast(panel, unseen, panel.history[unseen], "final")
    came = random.normal(levels[20:, None], 0.1 * levels[20:, None], (120, HORIZON))
    for low, high, share in ((1, 3, 0.8), (0, 4, 0.95)):
        inside = (came > quantiles[..., low]) & (came < quantiles[..., high])
        assert inside.mean() == pytest.approx(share, abs=0.1)


def test_what_has_no_share_is_not_asked(monthly: Panel, auto: FittedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = replace(auto, blend=replace(auto.blend, shares={"lstm": 1.0}))
    monkeypatch.setattr(fitted_model, "forecast", lambda *_: pytest.fail("the pretrained network was asked"))
    assert np.isfinite(final(alone, monthly)).all()
    monkeypatch.undo()
    simple = replace(auto, blend=replace(auto.blend, shares={"naive": 1.0}))
    monkeypatch.setattr(FittedNetwork, "forecast", lambda *_: pytest.fail("a network of the table's own was asked"))
    forecast = final(simple, monthly)[:, :, 2]
    last = monthly.values[monthly.offsets[:-1] + monthly.history - 1]
    np.testing.assert_allclose(forecast, np.repeat(last[:, None], HORIZON, 1), rtol=1e-6)


def test_windows_to_choose_and_calibrate_by_are_fewer_the_longer_they_are(
    monthly: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def spied(*given: Any) -> tuple[np.ndarray, np.ndarray]:
        asked.append(held_out_windows(*given))
        return asked[-1]

    monkeypatch.setattr(fitting, "held_out_windows", spied)
    model = fit(monthly, "pretrained")
    monkeypatch.setattr(fitting, "_MOST_STEPS", 8 * HORIZON)
    assert fit(monthly, "pretrained").calibrated_on == 8 * HORIZON < model.calibrated_on
    series, cutoffs = asked[1]
    assert len(asked[0][0]) > len(series) == 8
    assert set(series) == {0, 1, 2, 3}
    assert (cutoffs + HORIZON <= model.holdout.validation[series]).all()


def test_the_pretrained_network_alone_is_calibrated_on_few_windows_of_each_of_many_series(
    make_panel: Callable[..., Panel],
) -> None:
    many = make_panel([seasonal(120, seed=k) for k in range(64)], alias="MS")
    assert fit(many, "pretrained").calibrated_on == 4 * 64 * HORIZON
    few = make_panel([seasonal(120, seed=k) for k in range(4)], alias="MS")
    assert fit(few, "pretrained").calibrated_on == 7 * 4 * HORIZON


def test_a_panel_without_any_value(make_panel: Callable[..., Panel]) -> None:
    panel = make_panel([[np.nan] * 30], alias="MS")
    for name in ("auto", "pretrained"):
        with pytest.raises(TableError, match="value"):
            fit(panel, name)


def damaged() -> None:
    raise ModelError("the pretrained network's weights are damaged (somewhere): install foretell again")


def test_damaged_weights_leave_auto_its_own_network_and_a_note(
    make_panel: Callable[..., Panel], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fitting, "shipped", damaged)
    panel = make_panel([seasonal(500)], alias="MS")
    model = fit(panel, "auto")
    assert dict(model.blend.shares) == {"lstm": 1.0}
    assert any("damaged" in note for note in model.notes)
    assert np.isfinite(final(model, panel)).all()
    with pytest.raises(ModelError, match="damaged"):
        fit(panel, "pretrained")


def test_damaged_weights_and_little_to_learn_from(
    make_panel: Callable[..., Panel], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It trains, as it would have without them, rather than refuse a table that a network can learn from."""
    monkeypatch.setattr(fitting, "shipped", damaged)
    panel = make_panel([seasonal(100)], alias="MS")
    model = fit(panel, "auto")
    assert dict(model.blend.shares) == {"lstm": 1.0}
    assert any("damaged" in note for note in model.notes)
    assert np.isfinite(final(model, panel)).all()


@pytest.mark.parametrize("name", ["auto", "pretrained"])
def test_a_saved_model_forecasts_the_same_to_the_bit(
    monthly: Panel, auto: FittedModel, tmp_path: Path, name: str
) -> None:
    model = auto if name == "auto" else fit(monthly, name)
    save_model(model, tmp_path / "model")
    loaded = load_model(tmp_path / "model", torch.device("cpu"))
    np.testing.assert_array_equal(final(loaded, monthly), final(model, monthly))
    cutoffs = model.holdout.validation
    both = [m.forecast(monthly, np.arange(4), cutoffs, "held_out") for m in (model, loaded)]
    np.testing.assert_array_equal(both[0], both[1])
    assert dict(loaded.blend.shares) == dict(model.blend.shares)
    assert loaded.choice == model.choice
    assert loaded.notes == model.notes


@pytest.mark.parametrize("name", ["auto", "pretrained", "lstm"])
def test_the_backtest_windows_are_not_seen(monthly: Panel, auto: FittedModel, name: str) -> None:
    model = auto if name == "auto" else fit(monthly, name)
    first = model.holdout.validation
    assert (first < monthly.history).all()
    values = monthly.values.copy()
    for i, row in enumerate(first):
        hidden = slice(monthly.offsets[i] + row, monthly.offsets[i] + monthly.history[i])
        values[hidden] = 900 * np.random.default_rng(i).normal(size=monthly.history[i] - row)
    other = replace(monthly, values=values)
    changed = fit(other, name)
    assert dict(changed.blend.shares) == dict(model.blend.shares)
    assert dict(changed.blend.losses) == dict(model.blend.losses)
    np.testing.assert_array_equal(changed.factors, model.factors)
    assert changed.members.experience == model.members.experience
    assert changed.seasons == model.seasons
    forecasts = [
        m.forecast(panel, np.arange(4), first, "held_out") for m, panel in ((model, monthly), (changed, other))
    ]
    np.testing.assert_array_equal(forecasts[0], forecasts[1])
    assert not np.array_equal(final(changed, other), final(model, monthly))


def test_the_validation_parts_decide(monthly: Panel, auto: FittedModel) -> None:
    values = monthly.values.copy()
    for i, (start, end) in enumerate(zip(auto.holdout.training, auto.holdout.validation, strict=True)):
        values[monthly.offsets[i] + start : monthly.offsets[i] + end] += 500
    changed = fit(replace(monthly, values=values), "auto")
    assert dict(changed.blend.losses) != dict(auto.blend.losses)
    assert (changed.factors[:, 0] > auto.factors[:, 0]).all()


def test_known_covariates_reach_the_network_of_auto(make_panel: Callable[..., Panel]) -> None:
    random = np.random.default_rng(0)
    promotion = random.integers(0, 2, 180 + HORIZON).astype(float)
    values = 20 + 30 * promotion[:180] + random.normal(0, 0.5, 180)
    longer = replace(TINY, hidden=16, training=TrainingSettings(steps=80, learning_rate=0.02, evaluate_every=20))

    def panel(future: float) -> Panel:
        known = np.where(np.arange(180 + HORIZON) < 180, promotion, future)
        return make_panel([values], alias="D", rows_after=HORIZON, known={"promotion": known})

    model = fit(panel(0.0), "auto", longer)
    # A belief rather than what was measured: few windows could be held out.
    assert sum(model.blend.shares.get(network.name, 0.0) for network in model.members.networks) > 0.25
    without, with_it = (final(model, panel(future))[0, :, 2] for future in (0.0, 1.0))
    assert (with_it - without > 5).all()


def frame(**series: np.ndarray) -> pl.DataFrame:
    """A monthly table, from January 2015 on."""
    months = np.arange("2015-01", "2030-01", dtype="M8[M]").astype("M8[us]")
    columns = [{"unique_id": [name] * len(y), "ds": months[: len(y)], "y": y} for name, y in series.items()]
    return pl.concat([pl.DataFrame(column) for column in columns])


@pytest.mark.parametrize("name", ["auto", "pretrained"])
def test_a_series_that_appears_without_history_is_forecast_from_the_others(name: str) -> None:
    forecaster = Forecaster(name, HORIZON, settings=TINY, device="cpu").fit(frame(a=seasonal(100), b=seasonal(90)))
    future = frame(new=np.zeros(110)).drop("y")[100:106]
    forecast = forecaster.predict(future=future).filter(pl.col("unique_id") == "new")
    assert len(forecast) == HORIZON
    assert forecast[name].is_between(40, 60).all()
    assert (forecast[f"{name}-hi-95"] - forecast[f"{name}-lo-95"]).min() > 5


def test_a_series_is_forecast_the_same_whatever_stands_beside_it() -> None:
    table = frame(a=seasonal(100), b=seasonal(37, seed=1), c=seasonal(61, seed=2))
    forecaster = Forecaster("pretrained", HORIZON, device="cpu").fit(table)
    together = forecaster.predict(table).filter(pl.col("unique_id") == "b")["pretrained"]
    alone = forecaster.predict(table.filter(pl.col("unique_id") == "b"))["pretrained"]
    np.testing.assert_allclose(alone.to_numpy(), together.to_numpy(), rtol=1e-5)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"preset": "fast", "minutes": 1.0}, "give only one"),
        ({"preset": "instant", "model": "lstm"}, "drop one of the two"),
        ({"preset": "slow"}, "instant, fast, best"),
    ],
)
def test_presets_that_contradict_what_else_is_said(options: dict, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        Forecaster(**options)


def test_presets_name_a_model_and_a_training() -> None:
    assert Forecaster(preset="instant").model == "pretrained"
    assert Forecaster(preset="fast").model == "auto"
    best = Forecaster(preset="best", seed=7)
    assert best.model == "auto"
    assert best.settings.contestants == ("lstm", "gru", "wavenet")
    assert best.settings.members == 1
    assert best.settings.training.minutes == 5
    assert best.settings.training.seed == 7


def test_several_networks_from_random_weights_have_the_prior_of_one() -> None:
    def prior(*names: str) -> dict[str, float]:
        reads = SimpleNamespace(known=0, past=0, static=0)
        networks = [SimpleNamespace(name=name, tuned=name == "fine-tuned", architecture=reads) for name in names]
        members = SimpleNamespace(pretrained=object(), linear=None, networks=networks, known=None)
        return fitting._prior(cast(Any, members), 20_000, 10)

    one, three = prior("fine-tuned", "lstm"), prior("fine-tuned", "lstm", "gru", "wavenet")
    assert three["lstm"] == three["gru"] == three["wavenet"]
    assert 3 * three["lstm"] == pytest.approx(one["lstm"])
    assert (three["fine-tuned"], three["pretrained"]) == (one["fine-tuned"], one["pretrained"])

"""From a table to a forecast in a table of the same kind, and what is refused on the way."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from polars.testing import assert_frame_equal

from foretell.errors import ModelError, SettingsError, TableError
from foretell.forecasting.forecaster import Forecaster
from foretell.forecasting.settings import LONGER, ForecastSettings
from foretell.forecasting.tables.columns import Columns
from foretell.nn import GRU
from foretell.training.settings import NO_BOUND, TrainingSettings

TINY = ForecastSettings(
    hidden=8, layers=1, batch_size=8, input_steps=16, training=TrainingSettings(steps=20, evaluate_every=10)
)
HORIZON = 4
START = np.datetime64("2020-01-01", "us")


def days(steps: int, start: np.datetime64 = START) -> np.ndarray:
    return start + np.arange(steps) * np.timedelta64(1, "D")


def weekly(steps: int, level: float = 10.0, seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).standard_normal(steps)
    return level * (1 + 0.3 * np.sin(np.arange(steps) / 7 * 2 * np.pi) + 0.05 * noise)


def series(name: Any, values: Any, times: Any = None) -> pl.DataFrame:
    times = days(len(values)) if times is None else times
    return pl.DataFrame({"unique_id": [name] * len(values), "ds": times, "y": values})


TABLE = pl.concat([series("a", weekly(80)), series("b", weekly(60, 1000.0, 1), days(60))])


def small(horizon: int = HORIZON, **options: Any) -> Forecaster:
    return Forecaster("lstm", horizon, **{"settings": TINY, "device": "cpu", **options})


@pytest.fixture(scope="module")
def fitted() -> Forecaster:
    return small().fit(TABLE)


@pytest.fixture(scope="module")
def with_known() -> Forecaster:
    return small(known=["promotion"]).fit(known_table())


def known_table(future: int = HORIZON) -> pl.DataFrame:
    rows = 60 + future
    return pl.DataFrame(
        {
            "unique_id": ["a"] * rows,
            "ds": days(rows),
            "y": [*weekly(60), *[None] * future],
            "promotion": [float(i % 5 == 0) for i in range(rows)],
        }
    )


def test_a_forecast_in_the_nixtla_layout(fitted: Forecaster) -> None:
    forecast = fitted.predict()
    assert forecast.columns == ["unique_id", "ds", "lstm", "lstm-lo-95", "lstm-lo-80", "lstm-hi-80", "lstm-hi-95"]
    assert forecast["unique_id"].to_list() == ["a"] * HORIZON + ["b"] * HORIZON
    np.testing.assert_array_equal(forecast["ds"][:HORIZON].to_numpy(), days(84)[80:])
    np.testing.assert_array_equal(forecast["ds"][HORIZON:].to_numpy(), days(64)[60:])
    ordered = forecast.select("lstm-lo-95", "lstm-lo-80", "lstm", "lstm-hi-80", "lstm-hi-95").to_numpy()
    assert np.all(np.diff(ordered, axis=1) >= 0)
    assert 5 < forecast["lstm"][0] < 20
    assert 500 < forecast["lstm"][-1] < 2000


@pytest.mark.parametrize("kind", [pl.DataFrame, pd.DataFrame, pa.Table, pl.LazyFrame])
def test_the_kind_of_table_that_came_comes_back(fitted: Forecaster, kind: type) -> None:
    pandas = pd.DataFrame({"unique_id": TABLE["unique_id"].to_list(), "ds": TABLE["ds"].to_numpy(), "y": TABLE["y"]})
    table: Any = {pl.DataFrame: TABLE, pd.DataFrame: pandas, pa.Table: TABLE.to_arrow(), pl.LazyFrame: TABLE.lazy()}[
        kind
    ]
    forecast: Any = fitted.predict(table)
    found = pl.DataFrame(pl.from_pandas(forecast)) if kind is pd.DataFrame else pl.DataFrame(forecast)
    assert type(forecast) is (pl.DataFrame if kind is pl.LazyFrame else kind)
    assert_frame_equal(found, fitted.predict())


def test_whole_number_ids_and_dates_come_back_as_they_came(fitted: Forecaster) -> None:
    table = TABLE.with_columns(
        pl.col("unique_id").replace_strict({"a": 7, "b": 3}, return_dtype=pl.Int32), pl.col("ds").cast(pl.Date)
    )
    forecast = fitted.predict(table)
    assert forecast.schema["unique_id"] == pl.Int32
    assert forecast["unique_id"].unique(maintain_order=True).to_list() == [7, 3]
    assert forecast.schema["ds"] == pl.Date


def test_wide_tables_and_other_names() -> None:
    wide = pl.DataFrame({"day": days(60), "rail": weekly(60), "bus": weekly(60, seed=2)})
    forecaster = small(levels=()).fit(wide)
    forecast = forecaster.predict()
    assert forecast.columns == ["unique_id", "ds", "lstm"]
    assert forecast["unique_id"].unique(maintain_order=True).to_list() == ["rail", "bus"]
    assert_frame_equal(forecaster.predict(wide), forecast)
    named = wide.unpivot(index="day", variable_name="line", value_name="riders")
    columns = Columns(id="line", time="day", target="riders")
    assert small(columns=columns).fit(named).predict()["unique_id"].n_unique() == 2


def test_the_same_seed_gives_the_same_forecast(fitted: Forecaster) -> None:
    assert_frame_equal(small().fit(TABLE).predict(), fitted.predict())
    assert not small(seed=1).fit(TABLE).predict().equals(fitted.predict())


def test_saved_and_loaded_it_forecasts_the_same_to_the_bit(fitted: Forecaster, tmp_path: Path) -> None:
    fitted.save(tmp_path / "model")
    loaded = Forecaster.load(tmp_path / "model", device="cpu")
    assert_frame_equal(loaded.predict(TABLE), fitted.predict(TABLE), check_exact=True)
    assert (loaded.model, loaded.horizon, loaded.levels) == ("lstm", HORIZON, (80, 95))
    assert loaded.settings == fitted.settings
    # Without a table, from the end of the series that the model holds.
    assert_frame_equal(loaded.predict(), fitted.predict(), check_exact=True, check_dtypes=False)
    loaded._fitted_to = None
    with pytest.raises(SettingsError, match="does not hold its series"):
        loaded.predict()
    with pytest.raises(ModelError, match="does not exist"):
        Forecaster.load(tmp_path / "other")


def test_a_layer_class_stands_for_its_name() -> None:
    assert Forecaster(GRU).model == "gru"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"horizon": 0}, "horizon is 0"),
        ({"horizon": 2.5}, "horizon is 2.5"),
        ({"horizon": True}, "horizon is True"),
        ({"horizon": 10**20}, "horizon is 100000000000000000000: it must be at most"),
        ({"levels": (80, 100)}, "level 100"),
        ({"levels": (80, 80)}, "give each level only once"),
        ({"model": "transformer"}, "'transformer' is not known"),
        ({"season": 1}, "season is 1"),
        ({"season": (7, 0)}, "season is 0"),
        ({"seed": -1}, "seed is -1"),
        ({"minutes": 0}, "minutes"),
        ({"preset": "slow"}, "preset is 'slow'"),
        ({"preset": "fast", "minutes": 2}, "each set how long to train"),
        ({"preset": "instant", "model": "gru"}, "'instant' trains nothing, but model 'gru' has to be trained"),
    ],
)
def test_arguments_that_make_no_sense(options: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        Forecaster(**options)


@pytest.mark.parametrize("model", ["pretrained", "lstm"])
def test_constants_are_forecast_to_the_last_digit(model: str) -> None:
    constants = {"five": 5.0, "tenth": 0.1, "zero": 0.0, "below": -3.3, "large": 1e9 + 0.3}
    frame = pl.concat([series(name, [value] * 60) for name, value in constants.items()])
    forecast = Forecaster(model, HORIZON, settings=TINY, device="cpu").fit(frame).predict()
    for name, value in constants.items():
        rows = forecast.filter(unique_id=name).select(pl.all().exclude("unique_id", "ds")).to_numpy()
        np.testing.assert_array_equal(rows, value)


def test_presets() -> None:
    assert Forecaster().model == Forecaster(preset="fast").model == "auto"
    assert Forecaster(preset="instant").model == Forecaster("pretrained", preset="instant").model == "pretrained"
    assert Forecaster("lstm", preset="best").settings.members == 3
    assert Forecaster(minutes=2).settings.training == replace(LONGER, minutes=2, steps=NO_BOUND)


def test_arguments_end_up_in_the_settings() -> None:
    forecaster = small(season=7, minutes=2, seed=5, known="promotion", frequency="D")
    assert forecaster.settings.seasons == (7,)
    assert (forecaster.settings.training.minutes, forecaster.settings.training.seed) == (2, 5)
    assert forecaster.columns == Columns(known=("promotion",), frequency="D")
    kept = small(settings=replace(TINY, training=replace(TINY.training, seed=3, minutes=1)))
    assert (kept.settings.training.minutes, kept.settings.training.seed) == (1, 3)


def test_nothing_can_be_asked_before_the_fit() -> None:
    for ask in (lambda f: f.predict(TABLE), lambda f: f.fitted_model, lambda f: f.save("x"), lambda f: f.backtest()):
        with pytest.raises(SettingsError, match="not fitted"):
            ask(small())
    with pytest.raises(SettingsError, match="no table has been read"):
        _ = small().findings


@pytest.mark.parametrize("step", ["1h", "2d", "7d"])
def test_another_frequency_is_refused(fitted: Forecaster, step: str) -> None:
    times = pl.datetime_range(pl.datetime(2020, 1, 1), pl.datetime(2021, 1, 1), step, eager=True)[:30]
    with pytest.raises(
        TableError, match=r"another frequency \(.*\), but the model was fitted to one step a day \(\"D\"\)"
    ):
        fitted.predict(series("a", weekly(len(times)), times))
    with pytest.raises(TableError, match="but the model was fitted to"):
        fitted.predict(series("a", weekly(30), np.arange(30)))


def test_bad_tables_keep_their_own_errors(fitted: Forecaster) -> None:
    with pytest.raises(TableError, match="appears twice with different values"):
        fitted.predict(pl.concat([TABLE, TABLE[:1].with_columns(y=pl.lit(-1.0))]))
    with pytest.raises(TableError, match="infinite"):
        fitted.predict(TABLE.with_columns(y=pl.lit(float("inf"))))


@pytest.mark.parametrize(("start", "horizon"), [("0001-01-01", 3), ("9890-01-01", 10_000)])
def test_times_that_no_calendar_shows(start: str, horizon: int) -> None:
    times = np.arange(np.datetime64(start), np.datetime64(start) + 40)
    with pytest.raises(TableError, match="do not all lie within the years 1000 to 9900"):
        small(horizon=horizon).fit(series("a", weekly(40), times))


def test_short_tables_can_be_forecast(fitted: Forecaster) -> None:
    one = fitted.predict(series("new", [3.0]))
    assert len(one) == HORIZON
    assert np.isfinite(one["lstm"].to_numpy()).all()
    holes = fitted.predict(series("new", [3.0, 4.0], days(10)[[0, 9]]))
    assert holes["ds"][0] == days(11)[10]


def test_known_future_values_come_with_the_table_or_beside_it(with_known: Forecaster) -> None:
    forecast = with_known.predict()
    history = known_table(0)
    future = known_table().tail(HORIZON).drop("y")
    assert_frame_equal(with_known.predict(history, future=future), forecast)
    assert_frame_equal(with_known.predict(history, future=future.to_pandas()), forecast)
    changed = with_known.predict(history, future=future.with_columns(promotion=1 - pl.col("promotion")))
    assert not changed["lstm"].equals(forecast["lstm"])


def test_the_first_missing_known_value_is_named(with_known: Forecaster) -> None:
    with pytest.raises(TableError, match=r"'promotion' has no value for 2020-03-01 in series 'a'"):
        with_known.predict(known_table(0))
    with pytest.raises(TableError, match=r"'promotion' has no value for 2020-03-03 in series 'a'"):
        with_known.predict(known_table(2))


def test_fewer_steps_and_other_levels_are_those_of_the_whole_forecast(fitted: Forecaster) -> None:
    whole = fitted.predict(TABLE).to_dicts()
    asked = fitted.asked(horizon=2, levels=[50, 95])
    short = asked.predict(TABLE)
    assert short.columns == ["unique_id", "ds", "lstm", "lstm-lo-95", "lstm-lo-50", "lstm-hi-50", "lstm-hi-95"]
    for row, same in zip(short.to_dicts(), [whole[i] for i in (0, 1, HORIZON, HORIZON + 1)], strict=True):
        assert row["lstm-lo-50"] < row["lstm"] < row["lstm-hi-50"]
        for name in row.keys() & same.keys():
            assert row[name] == (pytest.approx(same[name], rel=1e-6) if name.startswith("lstm") else same[name])
    assert fitted.horizon == HORIZON
    assert fitted.levels == (80, 95)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"horizon": HORIZON + 1}, "horizon 5: the model forecasts 1 to 4 steps, for which it was trained"),
        ({"horizon": 0}, "horizon 0: the model forecasts 1 to 4 steps"),
        ({"levels": [100]}, "level 100: an interval's level is a whole percentage from 1 to 99"),
    ],
)
def test_what_the_model_does_not_know_cannot_be_asked(fitted: Forecaster, asked: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError) as raised:
        fitted.asked(**asked)
    assert str(raised.value).startswith(said)


def test_the_pretrained_network_forecasts_any_horizon() -> None:
    short, long = (Forecaster("pretrained", steps).fit(TABLE) for steps in (HORIZON, HORIZON + 3))
    median = short.asked(horizon=HORIZON + 3).predict(TABLE)["pretrained"].to_numpy()
    np.testing.assert_allclose(median, long.predict()["pretrained"].to_numpy(), rtol=1e-6)


def test_tables_forecast_together_are_forecast_as_alone(fitted: Forecaster, with_known: Forecaster) -> None:
    tables = [TABLE, series(7, weekly(30)), series("c", weekly(3, 5.0))]
    readings = [fitted.read(table) for table in tables]
    for table, reading, prediction in zip(tables, readings, fitted.forecasts(readings), strict=True):
        assert_frame_equal(fitted.table_of(reading, prediction), fitted.predict(table), rel_tol=1e-5)
    known = [with_known.read(known_table()), with_known.read(known_table().tail(20))]
    for reading, prediction in zip(known, with_known.forecasts(known), strict=True):
        np.testing.assert_allclose(prediction.quantiles, with_known.forecast(reading).quantiles, rtol=1e-5)


def test_future_values_without_known_columns(fitted: Forecaster) -> None:
    with pytest.raises(SettingsError, match="no known columns"):
        fitted.predict(TABLE, future=TABLE.select("unique_id", "ds"))


def test_a_series_that_only_the_future_names_is_forecast(fitted: Forecaster, with_known: Forecaster) -> None:
    forecast = fitted.predict(TABLE, future=pl.DataFrame({"unique_id": ["a", "new"]}))
    assert_frame_equal(forecast[: 2 * HORIZON], fitted.predict(TABLE))
    new = forecast.filter(unique_id="new")
    np.testing.assert_array_equal(new["ds"].to_numpy(), days(84)[80:])
    # Its forecast is what the training series held.
    assert TABLE["y"].min() <= new["lstm-lo-95"][0] <= new["lstm"][0] <= new["lstm-hi-95"][0] <= TABLE["y"].max()

    future = known_table().tail(HORIZON).drop("y")
    future = pl.concat([future, future.with_columns(unique_id=pl.lit("new"), ds=pl.col("ds").dt.offset_by("2d"))])
    new = with_known.predict(known_table(0), future=future).filter(unique_id="new")
    np.testing.assert_array_equal(new["ds"].to_numpy(), days(60 + HORIZON + 2)[62:])
    with pytest.raises(TableError, match=r"'promotion' has no value for 2020-03-06 in series 'new'"):
        with_known.predict(known_table(0), future=future[:-1])


def test_a_series_without_any_value_is_forecast_after_the_others(fitted: Forecaster) -> None:
    table = pl.concat([series("new", [None] * 3, days(3)).cast({"y": pl.Float64}), TABLE])
    forecast = fitted.predict(table)
    assert forecast["unique_id"].unique(maintain_order=True).to_list() == ["new", "a", "b"]
    np.testing.assert_array_equal(forecast["ds"][:HORIZON].to_numpy(), days(84)[80:])
    assert any("without any value" in note for note in fitted.findings.notes)
    assert_frame_equal(small().fit(table).predict()[HORIZON:], small().fit(TABLE).predict())


def test_static_columns_of_new_series_come_from_the_future_table() -> None:
    table = TABLE.with_columns(kind=pl.col("unique_id").replace({"a": "rail", "b": "bus"}), size=pl.lit(2.0))
    forecaster = small(static=["kind", "size"]).fit(table)
    future = pl.DataFrame({"unique_id": ["new", "bare"], "kind": ["rail", None], "size": [3.0, None]})
    forecaster.predict(table, future=future)
    assert forecaster.prediction is not None
    assert forecaster.prediction.panel.static["kind"].tolist() == ["rail", "bus", "rail", None]
    np.testing.assert_array_equal(forecaster.prediction.panel.static["size"], [2.0, 2.0, 3.0, np.nan])


@pytest.mark.parametrize("scale", [1e300, 1e-300, -1e12])
def test_huge_and_tiny_values(scale: float) -> None:
    forecast = small().fit(series("a", scale * weekly(50))).predict()
    scaled = forecast.select(pl.exclude("unique_id", "ds")).to_numpy() / scale
    assert np.isfinite(scaled).all()
    assert np.all((scaled > -50) & (scaled < 70))


def test_a_constant_series_stays_what_it_is() -> None:
    forecast = small().fit(pl.concat([TABLE, series("flat", [5.0] * 50)])).predict().filter(unique_id="flat")
    np.testing.assert_allclose(forecast.select(pl.exclude("unique_id", "ds")).to_numpy(), 5.0, rtol=1e-3)


def test_series_shorter_than_window_and_horizon() -> None:
    forecast = small().fit(pl.concat([TABLE, series("short", [1.0, 2.0]), series("one", [1.0])])).predict()
    assert len(forecast) == 4 * HORIZON
    assert np.isfinite(forecast["lstm"].to_numpy()).all()


def test_nothing_to_learn_from() -> None:
    with pytest.raises(TableError, match="no value at all"):
        small().fit(series("a", [None] * 9).cast({"y": pl.Float64}))
    with pytest.raises(TableError, match="at least 2 values"):
        small(frequency="D").fit(series("a", [1.0]))


def test_one_step_ahead_of_integer_time() -> None:
    forecast = small(1).fit(series("a", weekly(50), np.arange(100, 200, 2))).predict()
    assert forecast["ds"].to_list() == [200]
    assert forecast.schema["ds"] == pl.Int64


@pytest.mark.parametrize("kind", ["polars", "pandas", "pyarrow"])
def test_a_time_zone_is_kept(kind: str) -> None:
    hours = pl.datetime_range(
        pl.datetime(2021, 3, 26), pl.datetime(2021, 3, 28), "1h", time_zone="Europe/Paris", eager=True
    )
    table: Any = series("a", weekly(len(hours)), hours)
    table = {"polars": table, "pandas": table.to_pandas(), "pyarrow": table.to_arrow()}[kind]
    forecast = small().fit(table).predict()
    forecast = pl.from_pandas(forecast) if kind == "pandas" else pl.DataFrame(forecast)
    assert forecast.schema["ds"].time_zone == "Europe/Paris"  # type: ignore[attr-defined, union-attr]
    # The clocks go forward at two.
    assert forecast["ds"].dt.hour().to_list() == [1, 3, 4, 5]

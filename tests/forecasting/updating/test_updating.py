"""A forecaster goes on from what came since: it knows the rows, learns from them, and is saved with them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from foretell import Columns, Forecaster, ForecastSettings
from foretell.errors import SettingsError, TableError

DAYS = np.datetime64("2024-01-01", "us") + np.arange(300) * np.timedelta64(1, "D")


def settings() -> ForecastSettings:
    defaults = ForecastSettings()
    return replace(defaults, hidden=8, layers=1, input_steps=21, training=replace(defaults.training, steps=4))


def sales(rows: int = 300, shops: str = "ab", level: float = 100.0) -> pl.DataFrame:
    parts = []
    for k, shop in enumerate(shops):
        noise = np.random.default_rng(k).normal(0, 2, len(DAYS))
        sold = level + 20 * np.sin(np.arange(len(DAYS)) / 7 * 2 * np.pi) + noise
        parts.append(pl.DataFrame({"day": DAYS[:rows], "shop": shop, "sold": sold[:rows]}))
    return pl.concat(parts)


def since(table: pl.DataFrame, row: int) -> pl.DataFrame:
    return table.filter(pl.col("day") >= DAYS[row])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("models") / "auto"
    Forecaster("auto", 7, settings=settings(), columns=Columns(id="shop")).fit(sales(240)).save(place)
    return place


def test_all_members_learn_and_the_series_go_on(folder: Path, tmp_path: Path) -> None:
    forecaster = Forecaster.load(folder)
    old = forecaster.fitted_model
    seen: list[str] = []
    update = forecaster.update(since(sales(), 233), on_progress=lambda stage, _: seen.append(stage))
    assert update.values == 120
    assert update.sentences == ("120 new values in 2 series.",)
    assert update.drift.drifted is False
    assert {*seen} == {"update-fine-tuned", "update-lstm"}
    new = forecaster.fitted_model
    for then, now in zip(old.members.networks, new.members.networks, strict=True):
        assert all((now.held_out[name] == tensor).all() for name, tensor in then.final.items())
        assert any((now.final[name] != tensor).any() for name, tensor in then.final.items())
        assert all(tensor.isfinite().all() for tensor in now.final.values())
    assert new.members.linear is not None
    assert old.members.linear is not None
    assert (new.members.linear["held_out"].weights == old.members.linear["final"].weights).all()
    assert (new.members.linear["final"].weights != old.members.linear["final"].weights).any()
    assert new.calibrated_on > old.calibrated_on
    assert sum(new.blend.shares.values()) == pytest.approx(1)
    # Forecasts go on from the last new row, without a table.
    ahead = forecaster.predict()
    assert ahead["ds"].min() == (DAYS[-1] + np.timedelta64(1, "D")).item()
    assert ahead.equals(forecaster.predict(sales()))
    forecaster.save(tmp_path / "newer")
    again = Forecaster.load(tmp_path / "newer")
    assert again.predict(sales()).equals(ahead)
    assert again.fitted_model.learned is not None
    np.testing.assert_array_equal(again.fitted_model.learned.values, sales()["sold"].to_numpy())
    with pytest.raises(SettingsError, match="has learned from every window"):
        again.backtest(sales())


def test_the_same_update_gives_the_same_model(folder: Path) -> None:
    tables = []
    for _ in range(2):
        forecaster = Forecaster.load(folder)
        forecaster.update(since(sales(250), 240))
        tables.append(forecaster.predict())
    assert tables[0].equals(tables[1])


def test_nothing_new_changes_nothing(folder: Path) -> None:
    forecaster = Forecaster.load(folder)
    before = forecaster.predict(sales(240))
    update = forecaster.update(since(sales(240), 200))
    assert (update.values, update.revised, update.sentences) == (0, 0, ("No value is new.",))
    assert update.drift.sentence == "Nothing new could be compared with a forecast."
    assert forecaster.predict(sales(240)).equals(before)


def test_a_new_level_is_learned(folder: Path) -> None:
    forecaster = Forecaster.load(folder)
    higher = since(sales(level=160.0), 240)
    update = forecaster.update(higher)
    # Only the first windows are surprised.
    assert update.drift.drifted is not False
    assert update.drift.error > 3 * update.drift.error_before
    assert abs(forecaster.predict()["auto"].mean() - 160) < 10


def test_new_series_and_series_without_rows(folder: Path) -> None:
    forecaster = Forecaster.load(folder)
    update = forecaster.update(since(sales(260, "ac"), 240).filter(pl.col("shop") != "b").to_pandas())
    assert update.sentences[1:] == (
        "1 series of the model brought nothing new.",
        "1 series new to the model: 'c'.",
    )
    ahead = forecaster.predict()
    assert isinstance(ahead, pd.DataFrame)
    ends = ahead.groupby("unique_id")["ds"].min()
    assert ends["a"] == ends["c"] == pd.Timestamp(DAYS[260])
    assert ends["b"] == pd.Timestamp(DAYS[240])


def test_a_second_update_goes_on_from_the_first() -> None:
    forecaster = Forecaster("pretrained", 7).fit(sales(240, "a"))
    assert forecaster.update(since(sales(250, "a"), 240)).values == 10
    assert forecaster.update(since(sales(255, "a"), 245)).values == 5
    assert len(forecaster.panel.values) == 255


def test_covariates_and_holidays() -> None:
    table = sales(100, "a").with_columns(offer=pl.Series([k % 5 == 0 for k in range(100)]))
    forecaster = Forecaster("gru", 7, known="offer", holidays="US", settings=settings())
    forecaster.fit(table[:80])
    future = table[90:].with_columns(sold=pl.when(pl.col("day") < DAYS[93]).then("sold"))
    update = forecaster.update(pl.concat([table[80:90], future]))
    assert update.values == 13
    assert forecaster.predict()["ds"].min() == DAYS[93].item()
    with pytest.raises(TableError, match="'offer'"):
        forecaster.update(table[93:].drop("offer"))


@pytest.mark.parametrize(
    ("table", "error", "said"),
    [
        (since(sales(), 240).rename({"sold": "price"}), TableError, "no target column 'sold'"),
        (since(sales(), 240).rename({"day": "when"}), TableError, "no time column 'day'"),
        (since(sales(), 240).rename({"shop": "city"}), TableError, "no id column 'shop'"),
        (since(sales(), 240).with_columns(pl.col("day").dt.offset_by("-1y")), TableError, "before 2024-01-01"),
        (since(sales(), 240)[::7], TableError, "frequency"),
    ],
)
def test_refused(folder: Path, table: Any, error: type[Exception], said: str) -> None:
    forecaster = Forecaster.load(folder)
    model = forecaster.fitted_model
    with pytest.raises(error, match=said):
        forecaster.update(table)
    assert forecaster.fitted_model is model


def test_other_columns_of_a_wide_table() -> None:
    forecaster = Forecaster("pretrained", 7).fit(pl.DataFrame({"day": DAYS[:100], "sold": np.arange(100.0)}))
    with pytest.raises(TableError, match="no target column 'sold'"):
        forecaster.update(pl.DataFrame({"day": DAYS[100:110], "bought": np.arange(10.0)}))
    # Others beside it are no series of the model.
    later = pl.DataFrame({"day": DAYS[100:110], "sold": np.arange(100.0, 110), "bought": np.arange(10.0)})
    assert forecaster.update(later).sentences == ("10 new values in 1 series.",)


def test_a_model_without_its_series(folder: Path) -> None:
    forecaster = Forecaster.load(folder)
    forecaster._fitted = replace(forecaster.fitted_model, learned=None)
    with pytest.raises(SettingsError, match="fit it again"):
        forecaster.update(sales())
    with pytest.raises(SettingsError, match="not fitted"):
        Forecaster(horizon=7).update(sales())


@pytest.mark.parametrize("spelling", ["%d/%m/%Y", "%m/%d/%Y"])
def test_dates_are_read_as_those_of_the_fit(spelling: str) -> None:
    # The 1st and 2nd of October, or the 10th of January and of February.
    table = sales(276, "a").with_columns(pl.col("day").dt.strftime(spelling))
    forecaster = Forecaster("pretrained", 7).fit(table[:274])
    assert forecaster.update(table[274:]).sentences == ("2 new values in 1 series.",)
    assert forecaster.predict()["ds"].min() == DAYS[276].item()

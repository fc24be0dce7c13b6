"""From a table with levels to forecasts of every level that add up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from foretell.errors import SettingsError
from foretell.forecasting.forecaster import Forecaster
from foretell.forecasting.tables.columns import Columns

DAYS = pl.date_range(pl.date(2024, 1, 1), pl.date(2024, 3, 20), eager=True)
LEVELS = "region > shop"
NAMES = ["total", "north", "south", "north/a", "north/b", "south/a"]


def sold(seed: int, level: float = 50.0) -> np.ndarray:
    weekly = 1 + 0.4 * np.sin(np.arange(len(DAYS)) / 7 * 2 * np.pi)
    return level * weekly + np.random.default_rng(seed).normal(0, 4, len(DAYS))


def rows(region: str, shop: str, values: Any, **columns: Any) -> pl.DataFrame:
    return pl.DataFrame({"region": region, "shop": shop, "day": DAYS, "sold": values, **columns})


TABLE = pl.concat([rows("north", "a", sold(0)), rows("north", "b", sold(1, 20)), rows("south", "a", sold(2, 90))])


def instant(table: pl.DataFrame = TABLE, **options: Any) -> Forecaster:
    return Forecaster("pretrained", 7, hierarchy=LEVELS, device="cpu", **options).fit(table)


@pytest.fixture(scope="module")
def fitted() -> Forecaster:
    return instant()


def by_name(table: pl.DataFrame, value: str = "pretrained") -> pl.DataFrame:
    index = ["sample", "ds"] if "sample" in table.columns else ["ds"]
    return table.pivot("unique_id", index=index, values=value)


def adds_up(table: pl.DataFrame) -> None:
    wide = by_name(table)
    assert wide.columns[-6:] == NAMES
    np.testing.assert_allclose(wide["total"], wide["north"] + wide["south"], rtol=1e-12)
    np.testing.assert_allclose(wide["north"], wide["north/a"] + wide["north/b"], rtol=1e-12)
    np.testing.assert_allclose(wide["south"], wide["south/a"], rtol=1e-12)


def test_medians_and_samples_add_up(fitted: Forecaster) -> None:
    forecast = fitted.predict()
    adds_up(forecast)
    adds_up(fitted.sample(samples=20))
    assert (forecast["pretrained-lo-80"] < forecast["pretrained"]).all()
    assert (forecast["pretrained"] < forecast["pretrained-hi-95"]).all()
    assert "3 series add up to 3 of higher levels (region > shop)." in fitted.findings.sentences()


def test_intervals_of_a_sum_are_those_of_the_samples(fitted: Forecaster) -> None:
    total = fitted.sample(samples=1000).filter(unique_id="total")
    upper = total.group_by("ds", maintain_order=True).agg(pl.col("pretrained").quantile(0.9))["pretrained"]
    forecast = fitted.predict().filter(unique_id="total")
    width = forecast["pretrained-hi-80"] - forecast["pretrained-lo-80"]
    assert ((upper - forecast["pretrained-hi-80"]).abs() < 0.2 * width).all()


def test_a_saved_model_and_a_newer_table(fitted: Forecaster, tmp_path: Path) -> None:
    fitted.save(tmp_path / "model")
    loaded = Forecaster.load(tmp_path / "model", device="cpu")
    assert_frame_equal(loaded.predict(TABLE), fitted.predict())
    adds_up(loaded.predict(TABLE.filter(pl.col("day") < pl.date(2024, 3, 10))))


def test_the_panel_holds_sums() -> None:
    values = sold(0)
    values[10] = np.nan
    late = rows("south", "a", sold(2))[30:]
    forecaster = instant(pl.concat([rows("north", "a", values), rows("north", "b", sold(1)), late]))
    panel = forecaster.panel
    assert panel.ids == tuple(NAMES)
    total, north = panel.series(0), panel.series(1)
    np.testing.assert_allclose(north[:10], values[:10] + sold(1)[:10])
    assert np.isnan(north[10])
    assert np.isnan(total[10])
    np.testing.assert_allclose(total[29:31], north[29:31] + np.array([0, sold(2)[30]]))  # the south begins later


def test_known_and_static_columns_of_sums() -> None:
    week = np.arange(len(DAYS)) // 7 % 2
    known = {"price": week + 1.0, "holiday": np.where(week, "yes", "no")}
    table = pl.concat(
        [
            rows("north", "a", sold(0), **known, size=3.0),
            rows("south", "b", sold(1), **{**known, "price": week + 3.0}, size=5.0),
        ]
    )
    ahead = pl.concat(
        [
            pl.DataFrame(
                {
                    "region": region,
                    "shop": shop,
                    "day": pl.date_range(pl.date(2024, 3, 21), pl.date(2024, 3, 27), eager=True),
                }
            ).with_columns(sold=pl.lit(None, pl.Float64), price=pl.lit(1.0), holiday=pl.lit("no"), size=pl.lit(size))
            for region, shop, size in (("north", "a", 3.0), ("south", "b", 5.0))
        ]
    )
    forecaster = instant(pl.concat([table, ahead]), known=["price", "holiday"], static=["size"])
    panel = forecaster.panel
    assert panel.static["size"].tolist() == [4, 3, 5, 3, 5]
    np.testing.assert_allclose(panel.known["price"][: len(DAYS)], week + 2.0)
    assert len(by_name(forecaster.predict())) == 7
    with pytest.raises(SettingsError, match="append them as rows with an empty target"):
        forecaster.predict(table, future=ahead)


def test_a_sum_is_not_named_as_one_of_its_series() -> None:
    table = pl.concat([rows("n", "a", sold(0)), rows("n", "b", sold(1))])
    named = table.with_columns(own=pl.col("shop").replace("a", "n"))
    forecaster = instant(named, columns=Columns(id="own"))
    assert forecaster.panel.ids == ("total", "region n", "n", "b")


def test_several_series_at_one_place_of_the_lowest_level() -> None:
    table = TABLE.with_columns(item=pl.concat_str("region", "shop"))
    more = pl.concat([table, rows("south", "a", sold(3)).with_columns(item=pl.lit("other"))])
    forecaster = instant(more, columns=Columns(id="item"))
    assert forecaster.panel.ids == (*NAMES, "northa", "northb", "southa", "other")
    wide = by_name(forecaster.predict())
    np.testing.assert_allclose(wide["south/a"], wide["southa"] + wide["other"], rtol=1e-12)
    np.testing.assert_allclose(wide["total"], wide["northa"] + wide["northb"] + wide["southa"] + wide["other"])

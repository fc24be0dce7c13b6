"""Values that cannot be right: when they are taken out, when they stay, and what is said of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import numpy as np
import polars as pl
import pytest

from foretell import Forecaster, find_anomalies
from foretell.forecasting.panel import Panel
from foretell.forecasting.tables.columns import Columns
from foretell.forecasting.tables.gross_outliers import without_gross_outliers
from foretell.forecasting.tables.reading import Reading

MakePanel = Callable[..., Panel]


def usual(rows: int, seed: int = 0) -> np.ndarray:
    return 100 + 10 * np.sin(np.arange(rows)) + np.random.default_rng(seed).normal(0, 3, rows)


def with_value(value: float, at: int, rows: int = 120) -> np.ndarray:
    values = usual(rows)
    values[at] = value
    return values


def table(values: np.ndarray) -> pl.DataFrame:
    days = pl.date_range(date(2024, 1, 1), date(2030, 1, 1), eager=True).head(len(values))
    return pl.DataFrame({"day": days, "sold": values})


def test_a_value_far_from_all_others_is_read_as_missing(make_panel: MakePanel) -> None:
    given = [usual(90), with_value(1e8, 50), with_value(-1e5, 7)]
    panel, (sentence,) = without_gross_outliers(make_panel(given, alias="D"))
    missing = np.flatnonzero(np.isnan(panel.values))
    assert missing.tolist() == [90 + 50, 90 + 120 + 7]
    assert panel.history.tolist() == [90, 120, 120]
    assert "2 values are read as missing" in sentence
    assert "1e+08 at 2024-02-20 in 's1', -100,000 at 2024-01-08 in 's2'" in sentence


@pytest.mark.parametrize(
    "values",
    [
        pytest.param(with_value(1000.0, 50), id="ten times the level, as a promotion may be"),
        pytest.param(np.concatenate([usual(100), 1e5 * usual(20)]), id="a new level"),
        pytest.param(np.where(np.arange(120) % 30 == 3, 1e5, usual(120)), id="often"),
        pytest.param(np.where(np.arange(120) == 60, 500.0, 0.0), id="nothing else happens"),
        pytest.param(with_value(1e8, 10, rows=29), id="too few values"),
        pytest.param(np.exp(np.arange(120) / 4), id="growth"),
        pytest.param(np.full(120, np.nan), id="no value"),
    ],
)
def test_what_may_be_right_stays(values: np.ndarray, make_panel: MakePanel) -> None:
    given = make_panel([values])
    panel, sentences = without_gross_outliers(given)
    assert panel is given
    assert sentences == []


def test_the_last_values_stay_and_are_named(make_panel: MakePanel) -> None:
    given = make_panel([with_value(1e8, 119)], alias="D")
    panel, (sentence,) = without_gross_outliers(given)
    assert panel is given
    assert "1e+08 at 2024-04-29 in 's0'" in sentence
    assert "correct it if it is wrong" in sentence


def test_values_near_the_largest_float_do_no_harm(make_panel: MakePanel) -> None:
    panel, _ = without_gross_outliers(make_panel([with_value(1.7e308, 50)]))
    assert np.flatnonzero(np.isnan(panel.values)).tolist() == [50]


def test_a_forecast_is_that_of_the_usual_values() -> None:
    def forecast(values: np.ndarray, **options: Any) -> np.ndarray:
        fitted = Forecaster("pretrained", 5, season=7, **options).fit(table(values))
        return np.asarray(fitted.predict()["pretrained"].to_numpy())

    right, wrong = usual(120), with_value(1e8, 60)
    assert forecast(wrong) == pytest.approx(forecast(right), rel=0.02)
    assert forecast(wrong, keep_outliers=True) != pytest.approx(forecast(right), rel=0.5)


def test_a_model_reads_later_tables_as_it_was_told_to() -> None:
    fitted = Forecaster("pretrained", 5).fit(table(usual(120)))
    assert np.isnan(fitted.read(table(with_value(1e8, 60))).panel.values[60])
    fitted.update(table(with_value(1e8, 125, rows=140)))
    assert np.isnan(fitted.panel.values[125])


def test_an_anomaly_is_reported_and_outliers_are_kept_where_asked() -> None:
    odd = table(with_value(1e8, 60))
    assert 1e8 in find_anomalies(odd).table["y"].to_list()
    assert Reading.of(odd, Columns(keep_outliers=True)).panel.values[60] == 1e8


def test_an_update_of_a_hierarchy_takes_them_out_of_the_sums_too() -> None:
    shops = pl.concat(table(usual(130, seed)).with_columns(shop=pl.lit(f"shop {seed}")) for seed in range(12))
    old, new = shops.filter(pl.col("day") < date(2024, 4, 30)), shops.filter(pl.col("day") >= date(2024, 4, 30))
    wrong = (pl.col("day") == date(2024, 5, 4)) & (pl.col("shop") == "shop 3")
    fitted = Forecaster("pretrained", 5, hierarchy="shop").fit(old)
    change = fitted.update(new.with_columns(sold=pl.when(wrong).then(1e7).otherwise("sold")))
    assert sum("1 value is read as missing" in sentence for sentence in change.sentences) == 1
    panel = fitted.panel
    missing = {panel.ids[i]: np.flatnonzero(np.isnan(panel.series(i))).tolist() for i in range(len(panel))}
    assert {name: rows for name, rows in missing.items() if rows} == {"total": [124], "shop 3": [124]}

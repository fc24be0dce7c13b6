"""What if: several plans for the known columns are forecast together and compared."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import polars as pl
import pytest

from foretell.errors import SettingsError, TableError
from foretell.forecasting.forecaster import Forecaster
from foretell.forecasting.report import render_report
from foretell.forecasting.report.assembly import report_content
from foretell.forecasting.settings import ForecastSettings
from foretell.forecasting.what_if import plan_differences

HORIZON = 3
DEFAULTS = ForecastSettings()
TRAINING = replace(DEFAULTS.training, steps=40, minutes=None, patience=None, learning_rate=0.02)
QUICK = replace(DEFAULTS, hidden=8, layers=1, windows=0, input_steps=14, training=TRAINING)
DAYS = pl.date_range(pl.date(2024, 1, 1), pl.date(2024, 4, 9), eager=True)
AHEAD = pl.date_range(pl.date(2024, 4, 10), pl.date(2024, 4, 12), eager=True)


def table() -> pl.DataFrame:
    random = np.random.default_rng(0)
    offer = random.random((2, len(DAYS))) < 0.3
    sold = np.array([[50], [80]]) + 30 * offer + random.normal(0, 1, offer.shape)
    shops = [name for name in "ab" for _ in DAYS]
    return pl.DataFrame({"shop": shops, "day": [*DAYS] * 2, "sold": sold.ravel(), "offer": offer.ravel()})


def plan(*offers: bool, shops: str = "ab") -> pl.DataFrame:
    return pl.DataFrame(
        {"shop": [name for name in shops for _ in AHEAD], "day": [*AHEAD] * len(shops), "offer": [*offers] * len(shops)}
    )


TABLE = table()
NONE, LAST = plan(False, False, False), plan(False, False, True)


@pytest.fixture(scope="module")
def fitted() -> Forecaster:
    return Forecaster("lstm", HORIZON, known=["offer"], settings=QUICK, device="cpu").fit(TABLE)


def test_each_plan_is_forecast_as_it_is_alone(fitted: Forecaster) -> None:
    both = fitted.predict(TABLE, future={"none": NONE, "last": LAST})
    assert both.columns[:4] == ["unique_id", "ds", "plan", "lstm"]
    assert both["plan"].to_list() == ["none"] * 2 * HORIZON + ["last"] * 2 * HORIZON
    assert list(fitted.plans) == ["none", "last"]
    assert fitted.prediction is fitted.plans["none"]
    for name, table in (("none", NONE), ("last", LAST)):
        alone = fitted.predict(TABLE, future=table)
        assert both.filter(pl.col("plan") == name).drop("plan").equals(alone)
        assert fitted.plans == {}
        assert "plan" not in alone.columns


def test_differences_are_from_the_first_plan(fitted: Forecaster) -> None:
    fitted.predict(TABLE, future={"none": NONE, "last": LAST})
    found = {(one.plan, one.series): one for one in plan_differences(fitted.plans)}
    assert set(found) == {(plan, shop) for plan in ("none", "last") for shop in "ab"}
    assert not found["none", "a"].difference.any()
    difference = found["last", "b"].difference
    np.testing.assert_array_equal(difference[:2], 0)
    assert difference[2] > 5
    told = found["last", "b"].to_dict()
    assert told["difference"] == pytest.approx(difference.sum())
    assert (told["plan"], told["unique_id"], told["total"]) == ("last", "b", found["last", "b"].median.sum())


def test_pandas_gets_pandas(fitted: Forecaster) -> None:
    given = {"x": NONE.to_pandas(), "y": LAST.to_pandas()}
    both = fitted.predict(TABLE.to_pandas(), future=given)
    assert isinstance(both, pd.DataFrame)
    assert both["plan"].tolist() == ["x"] * 6 + ["y"] * 6


def test_the_report_draws_the_difference(fitted: Forecaster) -> None:
    pytest.importorskip("matplotlib")
    fitted.predict(TABLE, future={"none": NONE, "<last>": LAST})
    content = report_content(fitted)
    assert [(view.series, list(view.medians)) for view in content.plans] == [(s, ["none", "<last>"]) for s in "ab"]
    np.testing.assert_array_equal(content.series[0].median, content.plans[0].medians["none"])
    page = render_report(content)
    assert '<section id="plans"><h2>What if</h2>' in page
    assert "&lt;last&gt; beside none" in page
    assert "<last>" not in page
    fitted.predict(TABLE, future=NONE)
    assert report_content(fitted).plans == []
    assert "What if" not in render_report(report_content(fitted))


def test_a_series_of_one_plan_alone_is_not_compared(fitted: Forecaster) -> None:
    both = fitted.predict(TABLE, future={"none": NONE, "more": plan(True, True, True, shops="abc")})
    assert len(both) == 5 * HORIZON
    assert [one.series for one in plan_differences(fitted.plans)] == ["a", "b", "a", "b"]


@pytest.mark.parametrize(
    ("future", "error", "said"),
    [
        ({}, SettingsError, "names no plan"),
        ({"": NONE}, SettingsError, "a plan is called ''"),
        ({"none": NONE, "short": LAST.filter(pl.col("day") < AHEAD[2])}, TableError, "plan 'short': .* 2024-04-12"),
        ({"none": NONE, "bare": LAST.drop("offer")}, TableError, "plan 'bare': there is no known column 'offer'"),
    ],
)
def test_bad_plans(fitted: Forecaster, future: dict[str, pl.DataFrame], error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        fitted.predict(TABLE, future=future)

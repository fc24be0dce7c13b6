"""The forecaster for sktime: it passes sktime's own tests, and its numbers are those of `foretell.Forecaster`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from foretell import Forecaster
from foretell.errors import TableError

pytest.importorskip("sktime", reason="the extra sktime is not installed: pip install 'foretell[sktime]'")
pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture(scope="module")
def kind() -> Any:
    from foretell.sktime import ForetellForecaster

    return ForetellForecaster


DAYS = pd.date_range("2024-01-01", periods=70, freq="D")
WEEKLY = pd.Series(10.0 + np.arange(70) % 7 + np.sin(np.arange(70)), DAYS, name="tea")


def test_it_passes_the_tests_of_sktime(kind: Any) -> None:
    from sktime.utils import check_estimator

    results = check_estimator(kind, verbose=False)
    assert len(results) > 100
    assert {name: outcome for name, outcome in results.items() if outcome != "PASSED"} == {}


def test_its_numbers_are_those_of_the_forecaster(kind: Any) -> None:
    ours = Forecaster("pretrained", 14, levels=80).fit(WEEKLY.rename_axis("day").reset_index()).predict()
    theirs = kind(preset="instant").fit(WEEKLY, fh=[1, 5, 14])
    np.testing.assert_allclose(theirs.predict(), ours["pretrained"].to_numpy()[[0, 4, 13]], rtol=1e-6)
    assert list(theirs.predict().index) == [DAYS[-1] + pd.Timedelta(days=k) for k in (1, 5, 14)]
    bounds = theirs.predict_interval(coverage=0.8)
    for side, column in (("lower", "pretrained-lo-80"), ("upper", "pretrained-hi-80")):
        np.testing.assert_allclose(bounds["tea", 0.8, side], ours[column].to_numpy()[[0, 4, 13]], rtol=1e-6)
    quantiles = theirs.predict_quantiles(alpha=[0.9, 0.1, 0.5])
    assert (quantiles["tea", 0.1] < quantiles["tea", 0.5]).all()
    assert (quantiles["tea", 0.5] < quantiles["tea", 0.9]).all()


def test_columns_and_panels_are_series_of_one_model(kind: Any) -> None:
    wide = pd.DataFrame({"tea": WEEKLY, "milk": 2 * WEEKLY})
    forecast = kind(preset="instant").fit(wide, fh=[1, 2]).predict()
    assert list(forecast.columns) == ["tea", "milk"]
    shops = pd.concat({"north": wide, "south": 3 * wide.iloc[:-5]}, names=["shop", "day"])
    forecast = kind(preset="instant").fit(shops, fh=[1, 3]).predict()
    assert forecast.index.names == ["shop", "day"]
    # Each series is forecast from its own end.
    assert [str(time.date()) for _, time in forecast.index] == ["2024-03-11", "2024-03-13", "2024-03-06", "2024-03-08"]
    expected = [10.8, 12.3, 3 * 12.8, 3 * 13.1]  # steps 70 and 72 of the pattern, then 65 and 67
    np.testing.assert_allclose(forecast["tea"], expected, rtol=0.15)


def test_covariates(kind: Any) -> None:
    offer = pd.DataFrame({"offer": np.where(np.arange(84) % 6 == 0, "yes", "no")}, pd.date_range(DAYS[0], periods=84))
    sold = WEEKLY + 30 * (offer["offer"][:70] == "yes")
    from foretell import ForecastSettings, TrainingSettings

    settings = ForecastSettings(hidden=16, layers=1, training=TrainingSettings(steps=60, learning_rate=0.01))
    fitted = kind("lstm", settings=settings).fit(sold, X=offer[:70], fh=np.arange(1, 15))
    ahead = fitted.predict(X=offer[70:])
    on_offer = offer["offer"][70:] == "yes"
    assert ahead[on_offer].mean() - ahead[~on_offer].mean() > 10
    with pytest.raises(TableError, match="2024-03-11"):
        fitted.predict()


def test_new_values_need_no_new_fit(kind: Any) -> None:
    once = kind(preset="instant").fit(WEEKLY[:60], fh=[1, 2])
    later = once.update(WEEKLY[60:], update_params=False).predict()
    assert later.index[0] == pd.Timestamp("2024-03-11")
    again = kind(preset="instant").fit(WEEKLY, fh=[1, 2]).predict()
    np.testing.assert_allclose(later, again, rtol=0.05)


@pytest.mark.parametrize("index", [pd.RangeIndex(5, 75), pd.period_range("1960-01", periods=70, freq="M")])
def test_other_times(kind: Any, index: Any) -> None:
    forecast = kind(preset="instant").fit(pd.Series(WEEKLY.to_numpy(), index), fh=[2]).predict()
    assert forecast.index[0] == index[-1] + 2


def test_gaps(kind: Any) -> None:
    with_gaps = WEEKLY.copy()
    with_gaps.iloc[[20, 21, 40]] = np.nan
    assert np.isfinite(kind(preset="instant").fit(with_gaps, fh=[1]).predict()).all()

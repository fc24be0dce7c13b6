"""Sample paths of a forecast: each step as forecast, totals as the past errors went together."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from foretell.errors import SettingsError
from foretell.forecasting.forecaster import Forecaster
from foretell.forecasting.sampling import paths

HORIZON = 7
RANDOM = np.random.default_rng(3)
DAYS = pl.datetime_range(pl.datetime(2024, 1, 1), pl.datetime(2024, 7, 18), "1d", eager=True)


def instant(table: Any, horizon: int = HORIZON, **options: Any) -> Forecaster:
    return Forecaster("pretrained", horizon, device="cpu", **{"season": 7, **options}).fit(table)


def wide(**series: np.ndarray) -> pl.DataFrame:
    return pl.DataFrame({"ds": DAYS, **series})


def shared_noise() -> pl.DataFrame:
    """Two series whose noise is the same."""
    noise = RANDOM.normal(0, 5, len(DAYS))
    return wide(a=100 + noise, b=300 + 2 * noise)


@pytest.fixture(scope="module")
def fitted() -> Forecaster:
    return instant(shared_noise())


def test_the_table(fitted: Forecaster) -> None:
    samples = fitted.sample(samples=3)
    assert samples.columns == ["unique_id", "ds", "sample", "pretrained"]
    assert samples["sample"].to_list() == 2 * [s for s in (1, 2, 3) for _ in range(HORIZON)]
    assert samples["ds"].to_list() == 6 * fitted.predict().filter(unique_id="a")["ds"].to_list()
    assert samples["unique_id"].to_list() == ["a"] * 21 + ["b"] * 21
    assert isinstance(instant(shared_noise().to_pandas()).sample(samples=1), pd.DataFrame)


def test_each_step_is_distributed_as_forecast(fitted: Forecaster) -> None:
    samples = fitted.sample(samples=2000)
    forecast = fitted.predict()
    for name, probability in (("pretrained-lo-80", 0.1), ("pretrained", 0.5), ("pretrained-hi-80", 0.9)):
        found = samples.group_by("unique_id", "ds", maintain_order=True).agg(pl.col("pretrained").quantile(probability))
        width = forecast["pretrained-hi-80"] - forecast["pretrained-lo-80"]
        assert ((found["pretrained"] - forecast[name]).abs() < 0.08 * width).all()


def test_series_go_together_as_they_did(fitted: Forecaster) -> None:
    steps = fitted.sample(samples=500).pivot("unique_id", index=["sample", "ds"], values="pretrained")
    first = steps.filter(pl.col("ds") == steps["ds"].min())
    assert np.corrcoef(first["a"], first["b"])[0, 1] > 0.5


def test_errors_that_last_make_a_total_less_certain() -> None:
    walk = wide(y=1000 + RANDOM.normal(0, 3, len(DAYS)).cumsum())
    samples = instant(walk).sample(samples=1000)
    spread = samples.group_by("ds").agg(pl.col("pretrained").std())["pretrained"].to_numpy()
    total = samples.group_by("sample").agg(pl.col("pretrained").sum())["pretrained"].std()
    independent, one = np.sqrt((spread**2).sum()), spread.sum()
    assert 1.5 * independent < total <= 1.05 * one


def test_the_seed_fixes_them(fitted: Forecaster) -> None:
    assert_frame_equal(fitted.sample(samples=5), fitted.sample(samples=5))
    other = instant(shared_noise(), seed=1)
    assert not fitted.sample(samples=5)["pretrained"].equals(other.sample(samples=5)["pretrained"])


def test_counts_stay_counts_and_nothing_falls_below_zero() -> None:
    table = wide(sparse=RANDOM.poisson(0.5, len(DAYS)).astype(float), sold=RANDOM.gamma(1.0, 20.0, len(DAYS)))
    samples = instant(table).sample(samples=300)
    sparse, sold = (samples.filter(unique_id=name)["pretrained"].to_numpy() for name in ("sparse", "sold"))
    np.testing.assert_array_equal(sparse, np.rint(sparse))
    assert sparse.min() == 0
    assert sparse.mean() == pytest.approx(0.5, abs=0.3)
    assert sold.min() >= 0


def test_series_too_short_for_a_past_have_samples_too() -> None:
    table = pl.DataFrame({"unique_id": list("aaab"), "ds": list(DAYS[[0, 1, 2, 2]]), "y": [1.0, 2.0, 1.0, 5.0]})
    samples = instant(table, frequency="D", season=None).sample(samples=4)
    assert len(samples) == 2 * 4 * HORIZON
    assert samples["pretrained"].is_finite().all()


def test_future_values_of_known_columns_are_wanted_here_too() -> None:
    table = shared_noise().with_columns(offer=pl.lit(1.0))
    ahead = pl.DataFrame(
        {"ds": pl.datetime_range(pl.datetime(2024, 7, 19), pl.datetime(2024, 7, 25), "1d", eager=True)}
    )
    forecaster = instant(table, known=["offer"])
    assert len(forecaster.sample(samples=2, future=ahead.with_columns(offer=pl.lit(0.0)))) == 2 * 2 * HORIZON


@pytest.mark.parametrize("samples", [0, -5, 1.5, True])
def test_numbers_that_make_no_sense(fitted: Forecaster, samples: Any) -> None:
    with pytest.raises(SettingsError, match="samples is"):
        fitted.sample(samples=samples)


def test_more_than_memory_holds(fitted: Forecaster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "_free_memory", lambda: 10**9)
    said = (
        "samples 1,000,000: paths of 2 series and 7 steps would take 1.4 GB of memory, and 1.0 GB is free; ask for at"
    )
    with pytest.raises(SettingsError, match=said):
        fitted.sample(samples=1_000_000)

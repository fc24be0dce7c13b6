"""Forecasts from many rows at once are nearly those made one by one, and see nothing of what comes later."""

from __future__ import annotations

from typing import Any

import numpy as np

from foretell.forecasting.any_horizon.reading import Reading
from foretell.forecasting.filling.both_sides import BothSides
from foretell.forecasting.filling.stretches import gaps_of
from foretell.forecasting.many_cutoffs import forecast_from_many
from foretell.forecasting.networks.windows import Windows
from foretell.forecasting.prediction import forecast
from foretell.forecasting.pretrained.shipped import shipped

RANDOM = np.random.default_rng(0)
LONG = 50 + 5 * np.sin(np.arange(700) / 7 * 2 * np.pi) + RANDOM.normal(0, 1, 700)


def test_they_are_those_made_one_by_one(make_panel: Any) -> None:
    panel = make_panel([LONG, LONG[:40]], alias="D")
    windows = Windows.bare(panel, Reading.of((7,)))
    series = np.array([0, 1, 0, 0, 0, 1, 0])
    cutoffs = np.array([690, 30, 5, 300, 640, 12, 310])
    found = forecast_from_many(shipped().network, windows, series, cutoffs, 4)
    expected = forecast(shipped().network, windows, series, cutoffs, 4).quantiles
    np.testing.assert_allclose(found, expected, rtol=0.03)
    later = LONG.copy()
    later[640:] += 1000
    other = Windows.bare(make_panel([later, LONG[:40]], alias="D"), Reading.of((7,)))
    early = np.flatnonzero(cutoffs <= 640)
    again = forecast_from_many(shipped().network, other, series, cutoffs, 4)
    np.testing.assert_allclose(again[early], found[early], rtol=1e-4)


def test_many_gaps_are_filled_as_few_are(make_panel: Any, monkeypatch: Any) -> None:
    values = LONG.copy()
    values[3:690:9] = np.nan
    panel = make_panel([values, [1.0, np.nan, 3.0, 2.0]], alias="D")
    sides, gaps = BothSides.of(panel, shipped(), (7,)), gaps_of(panel)
    few = sides.forecasts(gaps, 1)
    monkeypatch.setattr("foretell.forecasting.filling.both_sides._MANY", 10)
    for one, many in zip(few, sides.forecasts(gaps, 1), strict=True):
        np.testing.assert_allclose(many, one, rtol=0.05)

"""Two forecasts become one by their expected errors."""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import numpy as np
import pytest

from foretell.forecasting.filling.both_sides import BothSides, combined, reversed_in_time
from foretell.forecasting.filling.stretches import gaps_of
from foretell.forecasting.pretrained.shipped import shipped
from foretell.forecasting.quantiles import GRID, MEDIAN

Z = np.array([NormalDist().inv_cdf(p) for p in GRID])


def normal(mean: float, spread: float) -> np.ndarray:
    return mean + spread * Z


def test_independent_errors_are_weighted_by_their_variances() -> None:
    np.testing.assert_allclose(combined(normal(0, 1), normal(10, 2), 0.0), normal(2, np.sqrt(0.8)), atol=1e-9)


def test_the_bridge_of_a_random_walk() -> None:
    ahead = np.stack([normal(0, np.sqrt(k)) for k in (1, 2, 3)])
    back = np.stack([normal(4, np.sqrt(4 - k)) for k in (1, 2, 3)])
    expected = np.stack([normal(k, np.sqrt(k * (4 - k) / 4)) for k in (1, 2, 3)])
    np.testing.assert_allclose(combined(ahead, back, 0.0), expected, atol=1e-9)


def test_errors_that_are_the_same_do_not_cancel() -> None:
    np.testing.assert_allclose(combined(normal(1, 2), normal(3, 2), 0.999), normal(2, 2), atol=0.01)


def test_a_certain_side_decides() -> None:
    np.testing.assert_allclose(combined(normal(1, 0), normal(3, 2), 0.6), np.ones(15), atol=1e-6)
    np.testing.assert_allclose(combined(normal(1, 0), normal(3, 0), 0.6), np.full(15, 2.0))


@pytest.mark.parametrize("size", [1e-300, 1e300])
def test_any_size(size: float) -> None:
    found = combined(normal(0, 1) * size, normal(10, 2) * size, 0.0)
    np.testing.assert_allclose(found / size, normal(2, np.sqrt(0.8)), atol=1e-9)


def test_a_series_backwards_is_filled_backwards(make_panel: Any) -> None:
    values = np.sin(np.arange(60.0)) + 0.02 * np.arange(60) ** 1.5
    values[20:24] = np.nan
    panel = make_panel([values, values[:40]])
    back = reversed_in_time(panel)
    np.testing.assert_array_equal(back.series(1), values[:40][::-1])
    gaps, turned = gaps_of(panel), gaps_of(back)
    ahead, behind = BothSides.of(panel, shipped(), (6,)).forecasts(gaps, 4)
    other_ahead, other_behind = BothSides.of(back, shipped(), (6,)).forecasts(turned, 4)
    np.testing.assert_allclose(ahead, other_behind[:, ::-1])
    np.testing.assert_allclose(behind, other_ahead[:, ::-1])


def test_all_estimates_are_quantiles_in_order(make_panel: Any) -> None:
    random = np.random.default_rng(0)
    values = 10 * np.sin(np.arange(100) / 7 * 2 * np.pi) + random.normal(0, 1, 100)
    values[50:55] = np.nan
    panel = make_panel([values])
    for name, found in BothSides.of(panel, shipped(), (7,)).estimates(gaps_of(panel), 5).items():
        assert found.shape == (1, 5, 15), name
        assert (np.diff(found, axis=-1) >= 0).all(), name
        assert np.abs(found[0, :, MEDIAN]).max() < 15, name

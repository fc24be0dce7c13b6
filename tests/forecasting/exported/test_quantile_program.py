"""What becomes of quantiles within a program: the same as in the forecaster."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from foretell.forecasting import nonnegative, quantiles
from foretell.forecasting.blending import calibration
from foretell.forecasting.exported import quantile_program
from foretell.forecasting.quantiles import GRID

NAN = float("nan")
random = np.random.default_rng(0)


def grids(count: int, horizon: int = 5) -> NDArray[np.float64]:
    return np.sort(random.normal(2, 3, (count, horizon, len(GRID))), -1)


def test_calibration() -> None:
    grid, factors = grids(4), random.uniform(0.3, 3, (3, len(GRID)))
    found = quantile_program.calibrated(torch.from_numpy(grid), torch.from_numpy(factors))
    np.testing.assert_allclose(found.numpy(), calibration.calibrated(grid, factors), rtol=1e-12)


PASTS = [
    random.normal(0, 1, 60),
    random.poisson(1, 60).astype(float),
    np.where(random.random(60) < 0.3, 0.0, random.random(60)),
    np.where(np.arange(60) == 7, 0.0, random.random(60) + 1),
    np.full(60, 3.25),
    np.zeros(60),
    np.append(np.full(57, NAN), [4.0, 4.0, 4.0]),
    np.append(np.full(58, NAN), [4.0, 4.0]),
    np.where(np.arange(60) % 3 == 0, NAN, 1.5),
    np.full(60, NAN),
    np.append(np.full(50, -1.0), np.zeros(1000)),
]


@pytest.mark.parametrize("non_negative", [None, True, False])
@pytest.mark.parametrize("past", PASTS)
def test_limits_of_what_a_series_can_be(past: NDArray[np.float64], non_negative: bool | None) -> None:
    level = 0.0 if np.isnan(past).all() else float(np.nanmedian(past))
    grid = np.concatenate([grids(1), level + 1e-4 * grids(1), level + 1e-9 * grids(1)], 1)
    found = quantile_program.within_reach(torch.from_numpy(grid), torch.from_numpy(past[None]), non_negative)
    expected = nonnegative.within_reach(grid, [past[~np.isnan(past).cumprod().astype(bool)]], non_negative)
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-12)


def test_quantiles_that_are_asked_for() -> None:
    grid, wanted = grids(3), quantiles.quantiles_of((1, 50, 77, 80, 99))
    found = quantile_program.read_off(torch.from_numpy(grid), wanted)
    np.testing.assert_allclose(found.numpy(), quantiles.read_off(grid, wanted), rtol=1e-12)

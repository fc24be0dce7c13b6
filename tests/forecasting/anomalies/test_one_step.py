"""One-step forecasts of a whole series are those made one by one, and see nothing of what comes later."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from foretell.forecasting.anomalies.one_step import one_step_quantiles
from foretell.forecasting.any_horizon.reading import Reading
from foretell.forecasting.networks.windows import Windows
from foretell.forecasting.prediction import forecast
from foretell.forecasting.pretrained.shipped import shipped

RANDOM = np.random.default_rng(0)
LONG = 50 + 5 * np.sin(np.arange(700) / 7 * 2 * np.pi) + RANDOM.normal(0, 1, 700)


def test_they_are_those_made_one_by_one(make_panel: Any) -> None:
    panel = make_panel([LONG, LONG[:40], [1.0, 2.0]], alias="D")
    found = one_step_quantiles(shipped(), panel, (7,))
    rows = np.array([30, 255, 256, 300, 384, 500, 699])
    windows = Windows.bare(panel, Reading.of((7,)))
    expected = forecast(shipped().network, windows, np.zeros(len(rows), np.int64), rows, 1).quantiles[:, 0]
    # The state of the network has run in from another step.
    np.testing.assert_allclose(found[rows], expected, rtol=0.01)
    assert np.isnan(found[:3]).all()
    assert np.isfinite(found[3:700]).all()
    assert np.isfinite(found[703:740]).all()
    assert np.isnan(found[-2:]).all()


@pytest.mark.parametrize("row", [100, 256, 450])
def test_nothing_of_a_value_is_seen_before_it(make_panel: Any, row: int) -> None:
    changed = LONG.copy()
    changed[row] += 40
    before, after = (one_step_quantiles(shipped(), make_panel([values], alias="D"), (7,)) for values in (LONG, changed))
    np.testing.assert_allclose(before[: row + 1], after[: row + 1], rtol=1e-4)
    assert not np.allclose(before[row + 1], after[row + 1], rtol=1e-3)

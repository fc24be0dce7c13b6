"""Trends of a size that can be told beside noise of 1."""

from __future__ import annotations

import numpy as np
import pytest

from foretell.forecasting.synthetic.trends import trend


@pytest.mark.parametrize("steps", [24, 200, 600])
def test_a_trend_changes_by_about_1_in_20_steps_and_more_often_upwards(steps: int) -> None:
    paths = trend(np.random.default_rng(0), 600, steps)
    assert paths.shape == (600, steps)
    assert np.isfinite(paths).all()
    changes = paths[:, 20:] - paths[:, :-20]
    assert 0.3 < np.median(np.abs(changes)) < 2
    whole = paths[:, -1] - paths[:, 0]
    assert np.mean(whole > 0) > np.mean(whole < 0)

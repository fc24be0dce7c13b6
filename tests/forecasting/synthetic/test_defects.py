"""What happens to synthetic series before they are learned from."""

from __future__ import annotations

import numpy as np

from foretell.forecasting.synthetic.defects import spoiled


def test_most_series_stay_as_they_were_and_each_defect_comes() -> None:
    at = np.arange(120)
    paths = 50 + 10 * np.sin(2 * np.pi * at / 12) + np.random.default_rng(0).normal(size=(600, 120))
    after = spoiled(np.random.default_rng(1), paths.copy())
    assert after.shape == paths.shape
    assert not np.isinf(after).any()
    same = (after == paths).all(1)
    assert 0.4 < same.mean() < 0.8
    gaps = np.isnan(after).any(1)
    assert 0.03 < gaps.mean() < 0.2
    assert not np.isnan(after).all(1).any()
    negative = np.nanmax(after, axis=1) < 0
    assert 0.01 < negative.mean() < 0.08


def test_constant_series_survive() -> None:
    after = spoiled(np.random.default_rng(0), np.full((200, 30), 4.0))
    assert np.isin(np.abs(after[~np.isnan(after)]), [4.0]).all()

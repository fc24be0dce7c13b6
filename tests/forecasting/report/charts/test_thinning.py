"""Fewer points, the same picture."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from foretell.forecasting.report.charts.thinning import lonely, thin

series = arrays(np.float64, st.integers(1, 300), elements=st.floats(allow_infinity=False))


@settings(deadline=None)
@given(series, st.integers(2, 60))
def test_extremes_ends_and_gaps_stay(values: np.ndarray, limit: int) -> None:
    kept = thin(values, limit)
    assert (np.diff(kept) > 0).all()
    assert kept[0] == 0
    assert kept[-1] == len(values) - 1
    assert len(kept) <= max(limit, 3 * (limit // 2) + 2)
    assert np.isnan(values[kept]).any() == np.isnan(values).any()
    if not np.isnan(values).all():
        assert np.nanmin(values[kept]) == np.nanmin(values)
        assert np.nanmax(values[kept]) == np.nanmax(values)


def test_a_short_series_is_kept_whole() -> None:
    assert thin(np.arange(5.0), 5).tolist() == [0, 1, 2, 3, 4]
    assert thin(np.empty(0), 5).tolist() == []


def test_lonely_points_are_those_between_gaps() -> None:
    nan = np.nan
    assert lonely(np.array([1.0, nan, 2.0, nan, 3.0, 4.0])).tolist() == [True, False, True, False, False, False]
    assert lonely(np.array([1.0])).tolist() == [True]

"""A panel hands out histories and times."""

from __future__ import annotations

import numpy as np

from .conftest import START, panel_of


def test_a_series_is_its_history_alone():
    panel = panel_of([[1.0, np.nan, 3.0], [4.0]], rows_after=2)
    assert len(panel) == 2
    np.testing.assert_array_equal(panel.series(0), [1, np.nan, 3])
    np.testing.assert_array_equal(panel.series(1), [4])


def test_times_go_on_after_the_end():
    panel = panel_of([[1.0, 2.0]], alias="6h")
    np.testing.assert_array_equal(panel.times(0, 4), START + np.arange(4) * np.timedelta64(6, "h"))
    assert panel_of([[1.0]], alias="2").times(0, 3).tolist() == [0, 2, 4]

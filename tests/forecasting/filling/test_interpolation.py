"""Interpolation by a line, by the season, and by both."""

from __future__ import annotations

from typing import Any

import numpy as np

from foretell.forecasting.filling.interpolation import seasonal, seasonal_line, straight_line
from foretell.forecasting.filling.stretches import gaps_of

NAN = np.nan


def test_a_straight_line(make_panel: Any) -> None:
    panel = make_panel([[0, NAN, NAN, NAN, 8], [5, NAN, 7]])
    np.testing.assert_allclose(straight_line(panel, gaps_of(panel), 3), [[2, 4, 6], [6, 7, 7]])


def test_the_nearest_values_of_the_same_phase(make_panel: Any) -> None:
    panel = make_panel([[1, 2, 3, NAN, NAN, 6, 7, 8, 9]])
    # Of row 3: row 0 and row 6; of row 4: row 1 and row 7.
    np.testing.assert_allclose(seasonal(panel, gaps_of(panel), 2, 3), [[4, 5]])


def test_values_farther_away_count_less(make_panel: Any) -> None:
    values = np.full(12, NAN)
    values[[0, 1, 6, 7, 8, 9, 10, 11]] = [30.0, 31.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    panel = make_panel([values])
    found = seasonal(panel, gaps_of(panel), 4, 2)[0]
    # Rows 2 to 5 of phase 0, 1, 0, 1: one or two seasons after rows 0 and 1, two or one before rows 6 and 7.
    np.testing.assert_allclose(found, [20, 21, 10, 11])


def test_one_side_alone_and_none(make_panel: Any) -> None:
    panel = make_panel([[1, NAN, NAN, 4, 5, 6]])
    np.testing.assert_allclose(seasonal(panel, gaps_of(panel), 2, 3), [[5, 6]])
    np.testing.assert_array_equal(seasonal(panel, gaps_of(panel), 2, 50), [[NAN, NAN]])


def test_a_pattern_on_a_trend_is_found_exactly(make_panel: Any) -> None:
    values = np.tile([0.0, 5.0, -3.0, 1.0], 10) + 2 * np.arange(40)
    holes = values.copy()
    holes[17:23] = NAN
    panel = make_panel([holes])
    np.testing.assert_allclose(seasonal_line(panel, gaps_of(panel), 6, 4)[0], values[17:23])

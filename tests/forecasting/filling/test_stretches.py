"""Gaps are found where they are, and observed stretches like them keep off missing values and ends."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from foretell.forecasting.filling.stretches import gaps_of, hidden_like

NAN = np.nan


def test_gaps(make_panel: Any) -> None:
    panel = make_panel([[1, NAN, 3, NAN, NAN, 6], [1, 2], [1, NAN, 2]])
    gaps = gaps_of(panel)
    assert gaps.listed() == [(0, 1, 1), (0, 3, 2), (2, 1, 1)]
    np.testing.assert_array_equal(gaps.steps(2), [[True, False], [True, True], [True, False]])
    assert gaps.take(np.array([2])).listed() == [(2, 1, 1)]


def test_no_gap(make_panel: Any) -> None:
    assert len(gaps_of(make_panel([[1.0, 2.0], [3.0]]))) == 0


@pytest.mark.parametrize("length", [1, 4, 30])
def test_hidden_stretches(make_panel: Any, length: int) -> None:
    values = np.arange(200.0)
    values[100 : 100 + length] = NAN
    panel = make_panel([values, values[:40]])
    hidden = hidden_like(gaps_of(panel), panel, 50)
    assert 30 <= len(hidden) <= 50
    assert len(set(hidden.listed())) == len(hidden)
    assert {min(length, 10), length} >= set(hidden.length.tolist())
    for series, first, steps in hidden.listed():
        own = panel.series(series)
        assert 3 <= first <= first + steps <= len(own) - 3
        assert not np.isnan(own[[first - 1, first + steps]]).any()
        assert np.isnan(own[first : first + steps]).mean() <= 0.5


def test_nothing_to_hide(make_panel: Any) -> None:
    panel = make_panel([[1, NAN, 3]])
    assert len(hidden_like(gaps_of(panel), panel, 50)) == 0

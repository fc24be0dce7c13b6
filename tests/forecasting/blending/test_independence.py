"""By how much windows of series that move together count as fewer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from foretell.forecasting.blending.independence import design_effect, mean_correlation
from foretell.forecasting.holdout import Holdout
from foretell.forecasting.panel import Panel

MakePanel = Callable[..., Panel]
SERIES, ROWS = 12, 80


def _walks(share: float) -> np.ndarray:
    """Return random walks whose steps have the correlation `share`."""
    random = np.random.default_rng(5)
    own, common = random.standard_normal((SERIES, ROWS)), random.standard_normal(ROWS)
    return (np.sqrt(share) * common + np.sqrt(1 - share) * own).cumsum(1)


def _holdout(panel: Panel) -> Holdout:
    return Holdout(panel.history - 10, panel.history - 5, panel.history)


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_the_correlation_of_the_changes_is_found(make_panel: MakePanel, share: float) -> None:
    panel = make_panel(list(_walks(share)))
    found = mean_correlation(panel, panel.history, np.arange(SERIES), 1)
    assert found == pytest.approx(share, abs=0.1)


def test_the_windows_of_identical_series_count_as_one(make_panel: MakePanel) -> None:
    panel = make_panel(list(_walks(1.0)))
    assert design_effect(panel, _holdout(panel), 1) == pytest.approx(SERIES, rel=1e-6)


def test_the_windows_of_a_single_series_count_in_full(make_panel: MakePanel) -> None:
    panel = make_panel([np.arange(50.0)])
    assert design_effect(panel, _holdout(panel), 1) == 1


def test_series_of_other_times_are_independent(make_panel: MakePanel) -> None:
    panel = make_panel(list(_walks(1.0)))
    apart = replace(
        panel, starts=panel.starts + ROWS * np.arange(SERIES) * (panel.times(0, 2)[1] - panel.times(0, 1)[0])
    )
    assert design_effect(apart, _holdout(apart), 1) == 1


def test_series_are_aligned_by_time_not_by_row(make_panel: MakePanel) -> None:
    walks = _walks(1.0)
    panel = make_panel([walks[0], walks[1, 20:]])
    step = panel.times(0, 2)[1] - panel.times(0, 1)[0]
    shifted = replace(panel, starts=panel.starts + step * np.array([0, 20]))
    assert mean_correlation(shifted, shifted.history, np.arange(2), 1) == pytest.approx(1.0, abs=0.1)
    assert mean_correlation(panel, panel.history, np.arange(2), 1) < 0.5


def test_gaps_and_constant_series_have_no_correlation(make_panel: MakePanel) -> None:
    panel = make_panel([[1.0] * 30, [np.nan] * 29 + [3.0], np.arange(30.0) ** 2])
    assert mean_correlation(panel, panel.history, np.arange(3), 1) == 0

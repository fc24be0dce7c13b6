"""The bank of smoothings that the weights were learned with."""

from __future__ import annotations

import numpy as np

from foretell.forecasting.any_horizon.bank import BANK, CANDIDATES, FEATURES
from foretell.kernels.candidates import BASIC, CHOSEN


def test_gains_are_shares_and_counts_match() -> None:
    for gains in (BANK.level_gain, BANK.trend_gain, BANK.season_gain, BANK.damping):
        assert gains.shape == (len(BANK),)
        assert ((gains >= 0) & (gains <= 1)).all()
    assert (BANK.level_gain > 0).all()
    assert (BANK.trend_gain <= BANK.level_gain).all()
    assert len(BANK) > BANK.first_of_second > 0
    assert len(BASIC) + len(BANK) + len(CHOSEN) == CANDIDATES
    assert FEATURES > 3 * CANDIDATES


def test_a_trend_has_a_damping_and_theta_has_no_trend() -> None:
    np.testing.assert_array_equal(BANK.trend_gain > 0, BANK.damping > 0)
    assert (BANK.trend_gain[BANK.theta.astype(bool)] == 0).all()

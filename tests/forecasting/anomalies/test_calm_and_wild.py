"""How wild a time is, by what came before it."""

from __future__ import annotations

import numpy as np

from foretell.forecasting.anomalies.calm_and_wild import relative_spread

RANDOM = np.random.default_rng(0)
ROWS = 24 * 60
NOISE = RANDOM.standard_normal(ROWS)
ONE = np.array([0, ROWS])
ALL = np.ones(ROWS, dtype=bool)


def test_even_noise_is_nowhere_wild() -> None:
    found = relative_spread(NOISE, ALL, ONE, 24)
    assert np.abs(np.log(found)).max() < 0.4
    assert abs(np.log(found).mean()) < 0.05


def test_wild_phases() -> None:
    wild = np.arange(ROWS) % 24 < 6
    found = relative_spread(NOISE * np.where(wild, 8.0, 1.0), ALL, ONE, 24)[24 * 20 :]
    assert np.median(found[wild[24 * 20 :]]) > 3 * np.median(found[~wild[24 * 20 :]])


def test_wild_weeks() -> None:
    wild = np.arange(ROWS) // 168 % 2 == 1
    found = relative_spread(NOISE * np.where(wild, 6.0, 1.0), ALL, ONE, 1)
    assert np.median(found[wild]) > 2 * np.median(found[~wild])


def test_wild_series() -> None:
    both = np.concatenate([NOISE, 5 * NOISE[::-1]])
    found = relative_spread(both, np.ones(2 * ROWS, dtype=bool), np.array([0, ROWS, 2 * ROWS]), 24)
    assert np.median(found[ROWS:]) > 3.5 * np.median(found[:ROWS])


def test_an_anomaly_and_what_comes_later_change_nothing_before() -> None:
    found = relative_spread(NOISE, ALL, ONE, 24)
    usual = ALL.copy()
    usual[700] = False
    spiked = NOISE.copy()
    spiked[700] = 1e6
    other = relative_spread(spiked, usual, ONE, 24)
    np.testing.assert_allclose(other, found, rtol=0.02)
    assert np.isfinite(relative_spread(np.full(ROWS, np.nan), ALL, ONE, 24)).all()

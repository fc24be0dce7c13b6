"""Every family of synthetic series: finite, of the shape asked for, the same by seed, alive."""

from __future__ import annotations

import numpy as np
import pytest

from foretell.forecasting.synthetic import families
from foretell.forecasting.synthetic.mixture import SHARES

FAMILIES = list(SHARES)
SEASONS = [(1, 0, 72), (4, 0, 112), (12, 0, 168), (7, 364, 400), (24, 168, 350), (100, 0, 250)]


def name(family) -> str:
    return family.__name__


@pytest.mark.parametrize("family", FAMILIES, ids=name)
@pytest.mark.parametrize(("length", "second", "steps"), SEASONS)
def test_a_family_is_finite_alive_and_the_same_by_seed(family, length: int, second: int, steps: int) -> None:
    paths = family(np.random.default_rng(3), 60, steps, length, second)
    assert paths.shape == (60, steps)
    assert np.isfinite(paths).all()
    constant = np.ptp(paths, axis=1) == 0
    # Rare demand may not come at all, and a level may never change.
    allowed = {families.counts: 15, families.levels: 25}.get(family, 0)
    assert constant.sum() <= allowed
    np.testing.assert_array_equal(paths, family(np.random.default_rng(3), 60, steps, length, second))
    other = family(np.random.default_rng(4), 60, steps, length, second)
    assert not np.array_equal(paths, other)


@pytest.mark.parametrize("family", FAMILIES, ids=name)
def test_one_series_alone(family) -> None:
    for length, second in ((1, 0), (12, 0), (24, 168)):
        paths = family(np.random.default_rng(0), 1, 40, length, second)
        assert paths.shape == (1, 40)
        assert np.isfinite(paths).all()


def test_counts_are_whole_numbers_from_0() -> None:
    paths = families.counts(np.random.default_rng(0), 200, 168, 12, 0)
    assert (paths >= 0).all()
    assert (paths == np.round(paths)).all()
    assert np.mean((paths == 0).mean(1) > 0.5) > 0.2


def test_prices_are_positive_and_know_no_season() -> None:
    paths = families.prices(np.random.default_rng(0), 200, 200, 12, 0)
    assert (paths > 0).all()
    changes = np.diff(np.log(paths), axis=1)
    changes = changes - changes.mean(1, keepdims=True)
    in_phase = (changes[:, 12:] * changes[:, :-12]).mean(1) / changes.var(1)
    assert abs(in_phase.mean()) < 0.03


def test_growing_series_mostly_grow() -> None:
    paths = families.growing(np.random.default_rng(0), 400, 60, 1, 0)
    assert np.mean(paths[:, -1] > paths[:, 0]) > 0.6


def test_bounded_series_stand_at_their_bounds_or_between_them() -> None:
    paths = families.bounded(np.random.default_rng(0), 200, 200, 12, 0)
    assert (paths >= 0).all()
    shares = paths.max(1) <= 1
    assert 0.4 < shares.mean() < 0.9
    assert ((paths[~shares] == 0).mean(1) > 0).mean() > 0.9


@pytest.mark.parametrize("family", [families.composed, families.state_space])
def test_the_season_shows_in_the_changes_from_step_to_step(family) -> None:
    paths = np.diff(family(np.random.default_rng(0), 300, 169, 12, 0), axis=1)
    paths = paths - paths.mean(1, keepdims=True)
    variance = (paths**2).mean(1)
    at = [np.median((paths[:, lag:] * paths[:, :-lag]).mean(1) / variance) for lag in (7, 12)]
    assert at[1] > 0.3
    assert at[1] > at[0] + 0.2

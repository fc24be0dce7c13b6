"""Training, validation and backtest share out each series, and short series give up the right part first."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from foretell.forecasting.holdout import Holdout

histories = st.lists(st.integers(1, 2000), min_size=1, max_size=40).map(lambda h: np.array(h, dtype=np.int64))
horizons, seasons, counts = st.integers(1, 60), st.integers(1, 60), st.integers(0, 5)


def needed(horizon, season):
    return horizon + max(horizon, season)


@given(histories, horizons, seasons, counts)
def test_the_parts_are_in_order_and_whole(history, horizon, season, windows):
    holdout = Holdout.split(history, horizon, season, windows)
    assert (holdout.training >= 1).all()
    assert (holdout.training <= holdout.validation).all()
    assert (holdout.validation <= holdout.history).all()
    assert (holdout.history == history).all()
    assert ((history - holdout.validation) % horizon == 0).all()
    tests = holdout.windows(horizon)
    assert ((tests >= 0) & (tests <= windows)).all()


@given(histories, horizons, seasons, counts)
def test_a_validation_part_holds_a_horizon_and_leaves_enough_to_train_on(history, horizon, season, windows):
    holdout = Holdout.split(history, horizon, season, windows)
    validated = holdout.validated
    assert (np.isin(np.arange(len(history)), validated) == (holdout.validation > holdout.training)).all()
    assert (holdout.validation - holdout.training >= horizon)[validated].all()
    assert (holdout.training >= needed(horizon, season))[validated].all()


@given(histories, horizons, seasons, counts)
def test_backtest_windows_are_given_up_before_validation(history, horizon, season, windows):
    holdout = Holdout.split(history, horizon, season, windows)
    tests = holdout.windows(horizon)
    unvalidated = holdout.validation == holdout.training
    assert (tests[unvalidated] == 0).all()
    assert (holdout.training[unvalidated] == history[unvalidated]).all()
    stretch = (holdout.validation - holdout.training)[~unvalidated]
    spare = history[~unvalidated] - needed(horizon, season) - stretch
    missed = tests[~unvalidated] < windows
    assert (spare[missed] < (tests[~unvalidated][missed] + 1) * horizon).all()


@given(st.integers(1, 500), horizons, seasons, counts, st.integers(0, 300))
def test_a_longer_series_never_has_less_of_anything(history, horizon, season, windows, more):
    shorter, longer = (
        Holdout.split(np.array([h], dtype=np.int64), horizon, season, windows) for h in (history, history + more)
    )
    assert shorter.windows(horizon)[0] <= longer.windows(horizon)[0]
    assert len(shorter.validated) <= len(longer.validated)


def test_few_series_validate_on_more_cutoffs_each_than_many():
    one = Holdout.split(np.array([4000]), 10, 24, 3)
    many = Holdout.split(np.full(400, 4000), 10, 24, 3)
    assert one.validation[0] - one.training[0] == 400
    assert (many.validation - many.training == 10).all()
    long = Holdout.split(np.array([100_000]), 10, 24, 3)
    assert long.validation[0] - long.training[0] == 10 + 399


def test_every_series_long_enough_has_all_that_was_asked_for():
    horizon, season, windows = 12, 24, 3
    least = needed(horizon, season) + horizon + windows * horizon
    exact = Holdout.split(np.full(500, least), horizon, season, windows)
    assert (exact.windows(horizon) == windows).all()
    assert (exact.training == needed(horizon, season)).all()
    short = Holdout.split(np.full(500, least - 1), horizon, season, windows)
    assert (short.windows(horizon) == windows - 1).all()
    assert len(short.validated) == 500


@given(histories, horizons, seasons)
def test_without_a_number_a_backtest_takes_three_windows_and_a_fifth_of_a_series_at_most(history, horizon, season):
    asked, most = (Holdout.split(history, horizon, season, windows) for windows in (None, 3))
    tests = asked.windows(horizon)
    assert (5 * tests * horizon <= history).all()
    np.testing.assert_array_equal(tests, np.minimum(most.windows(horizon), history // (5 * horizon)))


def test_series_on_either_side_of_a_fifth():
    history = np.array([49, 50, 99, 100, 149, 150, 10_000])
    assert Holdout.split(history, 10, 7, None).windows(10).tolist() == [0, 1, 1, 2, 2, 3, 3]
    # Of the shortest only a validation part is held out.
    assert Holdout.split(history, 10, 7, None).validated.tolist() == list(range(7))

"""The building blocks of synthetic series, against plain loops and known moments."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from foretell.forecasting.synthetic.noise import (
    autoregression,
    choose,
    colored,
    gaussian,
    held,
    jumps,
    log_uniform,
    long_memory,
    shocks,
    smooth,
    some,
    unit_variance,
)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def correlation(paths: np.ndarray, lag: int) -> np.ndarray:
    """(N,) the autocorrelation of each path about a mean of 0."""
    return (paths[:, lag:] * paths[:, :-lag]).mean(1) / (paths**2).mean(1)


def test_an_autoregression_is_its_recurrence() -> None:
    noise, persistence = rng().normal(size=(3, 40)), np.array([0.0, 0.6, -0.9])
    paths = autoregression(noise, persistence)
    for path, shocks_, factor in zip(paths, noise, persistence, strict=True):
        expected = [shocks_[0] / np.sqrt(1 - factor**2)]
        for shock in shocks_[1:]:
            expected.append(factor * expected[-1] + shock)
        np.testing.assert_allclose(path, expected, rtol=1e-12)


def test_an_autoregression_is_stationary_from_its_first_step() -> None:
    paths = autoregression(rng().normal(size=(20_000, 12)), np.full(20_000, 0.8))
    np.testing.assert_allclose(paths.var(0), 1 / (1 - 0.8**2), rtol=0.06)


def test_an_autoregression_of_persistence_one_begins_finite() -> None:
    assert np.isfinite(autoregression(rng().normal(size=(4, 30)), np.ones(4))).all()


def test_numbers_uniform_in_their_logarithm() -> None:
    numbers = log_uniform(rng(), 0.01, 100, 20_000)
    assert numbers.min() >= 0.01
    assert numbers.max() <= 100
    assert np.median(numbers) == pytest.approx(1, rel=0.1)
    assert np.mean(numbers < 0.1) == pytest.approx(0.25, abs=0.02)


def test_some_are_as_many_as_asked_for() -> None:
    chosen = some(rng(), 20_000, 0.3)
    assert chosen.shape == (20_000, 1)
    assert chosen.mean() == pytest.approx(0.3, abs=0.015)


def test_whole_paths_are_chosen_in_proportion() -> None:
    options = [np.full((8000, 3), float(k)) for k in range(3)]
    paths = choose(rng(), options, [1, 2, 1])
    assert (paths == paths[:, :1]).all()
    np.testing.assert_allclose([np.mean(paths[:, 0] == k) for k in range(3)], [0.25, 0.5, 0.25], atol=0.025)


def test_unit_variance_leaves_constants_alone() -> None:
    paths = unit_variance(np.stack([np.full(50, 0.0), 7 * rng().normal(size=50)]))
    assert (paths[0] == 0).all()
    assert paths[1].std() == pytest.approx(1)


@pytest.mark.parametrize("noise", [gaussian, shocks, colored])
def test_noise_has_mean_0_and_about_unit_variance(noise) -> None:
    paths = noise(rng(), 4000, 100)
    assert paths.shape == (4000, 100)
    assert np.isfinite(paths).all()
    assert paths.mean() == pytest.approx(0, abs=0.05)
    assert paths.var() == pytest.approx(1, abs=0.2)


def test_shocks_do_not_depend_on_one_another() -> None:
    assert correlation(shocks(rng(), 2000, 100), 1).mean() == pytest.approx(0, abs=0.01)


def test_smooth_paths_have_unit_variance_and_change_over_their_scale() -> None:
    for scale in (3.0, 12.0, 60.0):
        paths = smooth(rng(), 2000, 200, np.full(2000, scale))
        assert paths.shape == (2000, 200)
        assert (paths**2).mean() == pytest.approx(1, abs=0.12)
        near, far = round(scale / 3), round(3 * scale)
        product = lambda lag, paths=paths: (paths[:, lag:] * paths[:, :-lag]).mean()  # noqa: E731
        assert product(near) > 0.75, scale
        assert abs(product(far)) < 0.3, scale


def test_smooth_paths_of_nothing() -> None:
    assert smooth(rng(), 0, 30, np.zeros(0)).shape == (0, 30)


def test_jumps_are_steps_at_the_asked_rate() -> None:
    paths = jumps(rng(), 2000, 101, np.repeat([0.0, 0.05, 1.0], [500, 1000, 500]))
    changes = np.diff(paths, axis=1)
    assert (changes[:500] == 0).all()
    assert np.mean(changes[500:1500] != 0) == pytest.approx(0.05, abs=0.005)
    assert (changes[1500:] != 0).all()
    assert changes[changes != 0].std() == pytest.approx(1, abs=0.03)


def test_held_values_are_those_of_the_latest_change() -> None:
    values, rate = rng(1).normal(size=(6, 50)), np.linspace(0, 1, 6)[:, None]
    paths = held(rng(2), values, rate)
    happens = rng(2).random(values.shape) < rate
    for path, own, change in zip(paths, values, happens, strict=True):
        current = own[0]
        for t in range(50):
            current = own[t] if change[t] else current
            assert path[t] == current
    assert (paths[0] == values[0, 0]).all()
    np.testing.assert_array_equal(paths[-1], values[-1])


def test_long_memory_has_unit_variance_and_correlations_that_fade_slowly() -> None:
    paths = long_memory(rng(), 1500, 400)
    assert paths.shape == (1500, 400)
    np.testing.assert_allclose(paths.std(1), 1, rtol=1e-6)
    measured = [correlation(paths, lag).mean() for lag in (1, 4, 16, 64)]
    assert all(later < earlier for earlier, later in pairwise(measured))
    # rho(1) = d / (1 - d), which has a mean of 0.44 over d in (0.1, 0.48); an autoregression of 0.44 has 0.04 at lag 4.
    assert measured[0] == pytest.approx(0.44, abs=0.05)
    assert measured[1] > 0.15
    assert measured[2] > 0.08

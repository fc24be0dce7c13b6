"""What went together in the past goes together in the samples; without a past, neighbouring steps do a little."""

from __future__ import annotations

import numpy as np
import pytest

from foretell.forecasting.sampling.dependence import Dependence

RANDOM = np.random.default_rng(0)


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.corrcoef(a, b)[0, 1])


def draw(scores: np.ndarray, samples: int = 2000) -> np.ndarray:
    return Dependence(scores, float(scores.shape[1])).draw(samples, np.random.default_rng(1))


def test_every_step_is_standard_normal() -> None:
    found = draw(RANDOM.normal(0.3, 2, (3, 40, 5)))
    np.testing.assert_allclose(found.mean(0), 0, atol=0.1)
    np.testing.assert_allclose(found.std(0), 1, atol=0.06)


def test_steps_that_went_together() -> None:
    level = RANDOM.standard_normal((1, 200, 1))
    noise = RANDOM.standard_normal((1, 200, 6))
    together = draw(0.9 * level + np.sqrt(0.19) * noise)[:, 0]
    assert correlation(together[:, 0], together[:, 5]) == pytest.approx(0.81, abs=0.08)
    apart = draw(noise)[:, 0]
    assert correlation(apart[:, 0], apart[:, 5]) == pytest.approx(0, abs=0.15)


def test_series_that_went_together_or_against_each_other() -> None:
    first = RANDOM.standard_normal((200, 4))
    other = RANDOM.standard_normal((200, 4))
    found = draw(np.stack([first, first, -first, other]))
    assert correlation(found[:, 0, 1], found[:, 1, 1]) > 0.85
    assert correlation(found[:, 0, 1], found[:, 2, 1]) < -0.85
    assert abs(correlation(found[:, 0, 1], found[:, 3, 1])) < 0.2


def test_few_windows_are_not_trusted() -> None:
    first = RANDOM.standard_normal((2, 4))
    found = draw(np.stack([first, first]))
    assert correlation(found[:, 0, 1], found[:, 1, 1]) < 0.5


def test_without_a_past_neighbouring_steps_go_together() -> None:
    found = draw(np.zeros((2, 0, 8)))
    assert correlation(found[:, 0, 0], found[:, 0, 1]) == pytest.approx(0.7, abs=0.05)
    assert abs(correlation(found[:, 0, 0], found[:, 1, 0])) < 0.08
    np.testing.assert_allclose(found.std(0), 1, atol=0.06)


def test_a_series_without_a_past_takes_the_steps_of_the_others() -> None:
    level = RANDOM.standard_normal((1, 100, 1)).repeat(4, axis=2)
    found = draw(np.concatenate([level, level, np.zeros((1, 100, 4))]))
    assert np.isfinite(found).all()
    assert correlation(found[:, 2, 0], found[:, 2, 3]) > 0.85
    assert abs(correlation(found[:, 0, 0], found[:, 2, 0])) < 0.1

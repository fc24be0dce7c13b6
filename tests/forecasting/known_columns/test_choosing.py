"""What known columns add, estimated from panels where it is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from foretell.forecasting.known_columns.choosing import estimated
from foretell.forecasting.panel import Panel
from foretell.tables.frequency import Frequency

STEPS = 420


def panel_of(values: NDArray[np.float64], known: dict[str, NDArray[Any]], steps: int = STEPS) -> Panel:
    count = len(values) // steps
    return Panel(
        ids=tuple(map(str, range(count))),
        frequency=Frequency("D"),
        starts=np.array(["2021-03-01"] * count, "datetime64[us]"),
        offsets=np.arange(count + 1) * steps,
        history=np.full(count, steps),
        values=values,
        known=known,
    )


def weekly(random: np.random.Generator) -> NDArray[np.float64]:
    """A trend, a week and noise."""
    rows = np.arange(STEPS)
    return 100 + 0.1 * rows + 20 * (rows % 7 < 5) + random.normal(size=STEPS)


def test_a_holiday_is_compared_with_the_same_day_of_other_weeks() -> None:
    random = np.random.default_rng(0)
    day = np.where(np.arange(STEPS) % 7 < 5, "work", "free").astype(object)
    holidays = np.flatnonzero((random.random(STEPS) < 0.04) & (day == "work"))
    values = weekly(random)
    values[holidays] -= 40
    day[holidays] = "free"
    panel = panel_of(values, {"day": day})
    found = estimated(panel, panel.history, [7, 365])
    assert found is not None
    assert found.lag == 7
    assert found.gain > 0.3
    # Ordinary weekends are free, too, so what is taken out of them changes nothing but their place in the week.
    effect = found.effect.on(panel)
    ahead = effect.ahead(np.array([0]), np.array([int(holidays[-1])]), 1)[0, 0]
    usual = effect.ahead(np.array([0]), np.array([int(holidays[-1]) - 7]), 1)[0, 0]
    assert ahead - usual == pytest.approx(-40, abs=5)
    assert "What 'day' adds is taken out before the forecast" in found.sentence


def test_warmth_and_frost_may_both_add() -> None:
    random = np.random.default_rng(1)
    warmth = random.normal(15, 10, STEPS)
    values = weekly(random) + 2 * np.abs(warmth - 15)
    panel = panel_of(values, {"warmth": warmth})
    found = estimated(panel, panel.history, [7])
    assert found is not None
    left = found.effect.on(panel).without().values - weekly(np.random.default_rng(1))
    assert np.std(left) < 0.35 * np.std(2 * np.abs(warmth - 15))


def test_an_effect_that_depends_on_the_phase() -> None:
    random = np.random.default_rng(2)
    promoted = random.random(STEPS) < 0.3
    values = weekly(random) + 30 * (promoted & (np.arange(STEPS) % 7 == 2))
    panel = panel_of(values, {"promoted": promoted.astype(float)})
    found = estimated(panel, panel.history, [7])
    assert found is not None
    assert found.effect.regressors.season == 7
    added = found.effect.on(panel).ahead(np.zeros(7, np.int64), np.arange(STEPS - 7, STEPS), 1)[:, 0]
    if not promoted[STEPS - 7 :].any():
        assert np.abs(added).max() < 3


def test_the_effect_is_proportional_to_the_level() -> None:
    random = np.random.default_rng(3)
    promoted = np.concatenate([(random.random(STEPS) < 0.2).astype(float) for _ in range(3)])
    level = np.repeat([10.0, 1e3, 1e7], STEPS)
    values = level * (1 + 0.02 * random.normal(size=3 * STEPS) + 0.5 * promoted)
    panel = panel_of(values, {"promoted": promoted})
    found = estimated(panel, panel.history, [])
    assert found is not None
    assert found.lag == 1
    left = found.effect.on(panel).without().values / level
    assert left.std() < 0.15
    # Only the first rows of a series decide.
    fewer = estimated(panel, np.full(3, 200), [])
    assert fewer is not None
    changed = panel_of(np.where(np.tile(np.arange(STEPS) < 200, 3), values, 0), {"promoted": promoted})
    again = estimated(changed, np.full(3, 200), [])
    assert again is not None
    np.testing.assert_array_equal(fewer.effect.weights, again.effect.weights)


@pytest.mark.parametrize("seed", range(6))
def test_columns_that_say_nothing_are_not_used(seed: int) -> None:
    random = np.random.default_rng(seed)
    walk = np.cumsum(random.normal(size=STEPS))
    columns = {
        "noise": random.normal(size=STEPS),
        "rare": (random.random(STEPS) < 0.05).astype(float),
        "words": random.choice(np.array(["a", "b", "c"], object), STEPS),
        "weekend": (np.arange(STEPS) % 7 > 4).astype(float),
        "row": np.arange(STEPS, dtype=float),
    }
    for values in (weekly(random), 100 + walk, random.poisson(2, STEPS).astype(float), np.ones(STEPS)):
        assert estimated(panel_of(values, columns), np.array([STEPS]), [7]) is None


def test_too_little_to_learn_from() -> None:
    panel = panel_of(np.arange(12.0), {"x": np.arange(12.0) % 3}, 12)
    assert estimated(panel, panel.history, [7]) is None
    assert estimated(panel_of(np.full(STEPS, np.nan), {"x": np.ones(STEPS)}), np.array([STEPS]), [7]) is None
    assert estimated(panel_of(np.ones(STEPS), {}), np.array([STEPS]), [7]) is None

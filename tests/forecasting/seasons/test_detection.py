"""Seasons are found where the data hold them, checked where the calendar names them, and not seen in noise."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from foretell.forecasting.seasons.detection import find_seasons
from foretell.forecasting.seasons.season import Seasons


def shape(random: np.random.Generator, length: int) -> np.ndarray:
    """The values of one season: a few harmonics of any phase, with a spread of 1."""
    at = np.arange(length) / length
    waves = [
        random.uniform(0.3, 1) / k * np.cos(2 * np.pi * (k * at + random.uniform()))
        for k in range(1, min(length // 2, 4) + 1)
    ]
    total = np.sum(waves, 0) if length > 3 else random.permutation(np.arange(length, dtype=float))
    return (total - total.mean()) / total.std()


def seasonal(steps: int, *lengths: int, seed: int = 1, noise: float = 0.5) -> np.ndarray:
    """One series of seasons, each of its own random shape, with noise."""
    random = np.random.default_rng(seed)
    return np.sum([np.resize(shape(random, m), steps) for m in lengths], 0) + noise * random.standard_normal(steps)


@pytest.fixture
def find(make_panel) -> Callable[..., Seasons]:
    def found(*series, alias="1", asked=None):
        panel = make_panel(series, alias=alias)
        return find_seasons(panel, panel.history, panel.frequency.seasons, asked)

    return found


@pytest.mark.parametrize("length", [2, 3, 4, 5, 7, 10, 12, 17, 24, 30, 52])
def test_any_length_is_found_where_time_is_an_integer(find, length):
    for seed in (1, 2, 3):
        found = find(seasonal(max(60, 8 * length), length, seed=seed))
        assert found.lengths == (length,), seed
        assert found.seasons[0].origin == "found"
        assert found.seasons[0].certainty > 0.99
        assert found.seasons[0].strength > 0.5


@pytest.mark.parametrize(("steps", "lengths"), [(1000, (24, 168)), (1500, (48, 336)), (2200, (7, 365))])
def test_two_at_once(find, steps, lengths):
    for seed in range(3):
        assert find(*(seasonal(steps, *lengths, seed=10 * seed + k) for k in range(3))).lengths == lengths, seed


@pytest.mark.parametrize(("alias", "year"), [("1", 17520), ("30min", 17532), ("h", 8766)])
def test_day_week_and_year_of_one_long_series(find, alias, year):
    day = 48 if year > 10_000 else 24
    at = np.arange(4 * year)
    waves = sum(np.sin(2 * np.pi * at / length) for length in (day, 7 * day, year))
    found = find(waves + np.random.default_rng(0).standard_normal(len(at)), alias=alias)
    assert found.lengths == (day, 7 * day, year)


def test_a_day_within_a_week_is_told_from_it(find):
    at = np.arange(1000)
    day = np.sin(2 * np.pi * at / 24) * np.where(at // 24 % 7 < 5, 1.0, 0.4)
    assert find(day + 0.1 * np.random.default_rng(0).standard_normal(1000)).lengths == (24, 168)


def test_a_season_is_neither_its_half_nor_its_double(find):
    at = np.arange(200)
    noise = 0.3 * np.random.default_rng(0).standard_normal(200)
    assert find(np.sin(2 * np.pi * at / 12) + noise).lengths == (12,)
    two_peaks = np.sin(2 * np.pi * at / 6) + 0.5 * np.sin(2 * np.pi * at / 12)
    assert find(two_peaks + noise).lengths == (12,)
    assert find(np.sin(2 * np.pi * at / 6) + noise).lengths == (6,)


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize(
    "disturbed",
    [
        lambda y, _: y + 0.5 * np.arange(len(y)),
        lambda y, _: np.exp(0.02 * np.arange(len(y)) + 0.2 * y),
        lambda y, random: y + np.cumsum(0.3 * random.standard_normal(len(y))),
        lambda y, _: y + 20.0 * (np.arange(len(y)) > 70),
        lambda y, random: np.where(random.uniform(size=len(y)) < 0.04, 100 * random.standard_normal(len(y)), y),
        lambda y, random: np.where(random.uniform(size=len(y)) < 0.2, np.nan, y),
        lambda y, _: 1e12 * y + 1e15,
        lambda y, random: random.poisson(np.exp(y - 0.5)).astype(float),
    ],
    ids=["trend", "growth", "walk", "jump", "outliers", "missing", "large", "counts"],
)
def test_what_disturbs_a_series_does_not_hide_its_season(find, disturbed, seed):
    assert find(disturbed(seasonal(180, 12, seed=seed, noise=0.3), np.random.default_rng(seed))).lengths == (12,)


def noises(random: np.random.Generator, steps: int) -> list[np.ndarray]:
    shocks = random.standard_normal(steps)
    persistent, alternating, swinging = np.zeros((3, steps))
    for t in range(1, steps):
        persistent[t] = 0.8 * persistent[t - 1] + shocks[t]
        alternating[t] = -0.5 * alternating[t - 1] + shocks[t]
        swinging[t] = 1.5 * swinging[t - 1] - 0.75 * swinging[t - 2] + shocks[t]
    walk = np.cumsum(shocks)
    return [shocks, walk, np.exp(0.05 * walk), np.cumsum(walk), persistent, alternating, swinging,
            random.standard_t(2, steps), random.poisson(0.4, steps).astype(float), 0.1 * walk + shocks]  # fmt: skip


def test_noise_and_cycles_without_a_period_are_no_seasons(find):
    tables = [
        series for seed in range(40) for series in noises(np.random.default_rng(seed), (30, 60, 150, 400)[seed % 4])
    ]
    wrong = sum(find(series).lengths != () for series in tables)
    assert wrong <= 0.02 * len(tables)


def test_series_that_move_together_are_not_so_many_witnesses(find):
    wrong = 0
    for seed in range(10):
        random = np.random.default_rng(seed)
        common = random.standard_normal(80)
        wrong += find(*(np.cumsum(common + 0.1 * random.standard_normal(80)) for _ in range(40))).lengths != ()
    assert wrong == 0


def test_prices_that_move_together_have_no_part_of_a_year(find):
    for seed in (5, 26, 38, 58, 94, 117):
        random = np.random.default_rng(seed)
        price = 100 * np.exp(np.cumsum(random.normal(0, 0.014, 778)))
        alike = [price, *(price * (1 + random.normal(0, 0.0005, 778)) for _ in range(2))]
        assert find(*alike, alias="W-FRI").lengths == (52,)


def test_many_series_show_together_what_none_shows_alone(find):
    series = [seasonal(36, 6, seed=seed, noise=1.2) for seed in range(150)]
    assert sum(find(one).lengths == (6,) for one in series[:30]) < 15
    assert find(*series).lengths == (6,)


def test_series_of_different_lengths_are_pooled(find):
    random = np.random.default_rng(0)
    series = [seasonal(int(random.integers(15, 90)), 7, seed=seed) for seed in range(60)]
    assert find(*series, [1.0], [5.0] * 50).lengths == (7,)


def test_a_natural_season_that_the_data_hold_is_used(find):
    found = find(*(seasonal(400, 24, seed=seed) for seed in range(3)), alias="h")
    assert found.lengths == (24, 168)
    assert [season.origin for season in found.seasons] == ["natural", "natural"]
    assert found.seasons[0].certainty > 0.99
    assert found.seasons[1].certainty < 0.9


def test_natural_seasons_need_two_rounds_of_history(find):
    line = np.arange(400.0)
    assert find(line[:336], alias="h").lengths == (24, 168)
    assert find(line[:335], alias="h").lengths == (24,)
    assert find(line[:47], alias="h").lengths == ()


def test_a_natural_season_in_doubt_stays_and_goes_where_it_is_surely_not_there(find):
    random = np.random.default_rng(3)
    assert find(random.standard_normal(60), alias="D").lengths == (7,)
    many = find(*random.standard_normal((40, 200)).cumsum(1), alias="D")
    assert many.lengths == ()
    assert many.absent == (7,)


def test_a_shorter_season_takes_the_place_of_a_natural_one(find):
    found = find(*(seasonal(120, 6, seed=seed) for seed in range(5)), alias="MS")
    assert found.lengths == (6,)
    assert found.seasons[0].origin == "found"


def test_others_are_found_beside_the_natural_ones(find):
    found = find(*(seasonal(1500, 7, 365, seed=seed) for seed in range(2)), alias="D")
    assert [(season.length, season.origin) for season in found.seasons] == [(7, "natural"), (365, "found")]
    assert find(*(seasonal(200, 12, 9, seed=seed) for seed in range(5)), alias="MS").lengths == (9, 12)


def test_seasons_asked_for_are_taken_as_they_are_ascending_and_once(find):
    found = find(seasonal(100, 12), asked=(12, 7, 12))
    assert found.lengths == (7, 12)
    assert {season.origin for season in found.seasons} == {"asked"}
    assert found.seasons[0].certainty < 0.9 < found.seasons[1].certainty
    assert find(seasonal(300, 24), alias="h", asked=()).lengths == ()


def test_at_most_three_are_taken(find):
    assert len(find(*(seasonal(1500, 5, 7, 11, 13, seed=seed) for seed in range(5))).lengths) == 3


@pytest.mark.parametrize(
    "series",
    [[[]], [[1.0]], [[0.0] * 50], [[np.nan, 1.0] + [np.nan] * 40 + [2.0]], [[1e308, -1e308] * 20], [[1e-320] * 9]],
)
def test_series_that_hold_nothing_give_nothing(find, series):
    assert find(*series).absent == ()


def test_the_seed_settles_which_series_are_looked_at(make_panel):
    panel = make_panel([seasonal(40, 4, seed=seed, noise=2) for seed in range(400)], alias="1")
    first, again = (find_seasons(panel, panel.history) for _ in range(2))
    assert first == again


def test_the_rest_of_a_series_is_not_looked_at(make_panel):
    values = np.append(seasonal(120, 8), np.random.default_rng(0).standard_normal(400) * 1000)
    panel = make_panel([values], alias="1")
    assert find_seasons(panel, np.array([120])).lengths == (8,)

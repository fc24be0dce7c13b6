"""Simple forecasts of series at every step: compiled against the twin, both against what can be worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from foretell.kernels import candidates_twin, native
from foretell.kernels.candidates import (
    BASIC,
    CHOSEN,
    FACTS,
    SIGNED,
    SPREADS,
    Past,
    Smoothings,
    candidate_count,
    feature_count,
    look_back,
)

compiled = pytest.mark.skipif(native.library() is None, reason="the compiled kernels are missing")


def smoothings(*rows, first_of_second=None):
    """Each row: gains of level and trend, damping, gain of the season, Theta or not, logarithms or not."""
    columns = np.array(rows, float).reshape(-1, 6).T
    flags = [column.astype(np.uint8) for column in columns[4:]]
    return Smoothings(*columns[:4], *flags, len(rows) if first_of_second is None else first_of_second)  # type: ignore[call-arg]


BANK = smoothings(
    (0.1, 0.0, 0.0, 0.1, 0, 0),
    (0.6, 0.0, 0.0, 0.3, 0, 0),
    (0.3, 0.1, 1.0, 0.2, 0, 0),
    (0.5, 0.2, 0.9, 0.2, 0, 0),
    (0.2, 0.0, 0.0, 0.2, 1, 0),
    (0.5, 0.0, 0.0, 0.2, 1, 0),
    (0.3, 0.0, 0.0, 0.2, 0, 1),
    (0.3, 0.1, 0.97, 0.2, 0, 1),
    (0.4, 0.0, 0.0, 0.2, 1, 1),
    (0.3, 0.0, 0.0, 0.2, 0, 0),
    (0.2, 0.1, 0.9, 0.4, 0, 0),
    (0.2, 0.0, 0.0, 0.2, 0, 1),
    first_of_second=9,
)
NAMES = [*BASIC, *(f"smoothing {p}" for p in range(len(BANK))), *CHOSEN]
OTHERS = len(BASIC) + len(BANK)
CHOICES = [NAMES.index(name) for name in ("nearest", "farthest", "Theta")]
"""Which candidate is least wrong may hang on the last bit where two are equally so."""
DESCRIPTION = len(SIGNED + SPREADS + FACTS)


def describe(values, season=1, second=0, *, ahead=(1, 2, 7), bank=BANK, anchors=None, window=None, threads=1):
    """What `look_back` gives with all steps described and all of them anchors, unless named."""
    values = np.atleast_2d(np.asarray(values, float))
    count, steps = values.shape
    return look_back(
        values,
        bank,
        season=season,
        second=second,
        window=steps if window is None else window,
        anchors=np.tile(np.arange(steps), (count, 1)) if anchors is None else np.asarray(anchors),
        ahead=np.asarray(ahead),
        threads=threads,
    )


@pytest.fixture(params=[pytest.param("compiled", marks=compiled), "twin"])
def kernels(request, monkeypatch):
    """A test runs on either."""
    if request.param == "twin":
        monkeypatch.setattr(native, "library", lambda: None)


def series(steps, season, seed=0):
    """Series of many kinds by name, each (steps,)."""
    generator = np.random.default_rng(seed)
    t = np.arange(steps)
    noise = generator.standard_normal(steps)
    plain = 10 * np.exp(0.3 * np.sin(2 * np.pi * t / season) + 0.01 * t + 0.1 * noise)
    return {
        "plain": plain,
        "random walk": noise.cumsum(),
        "late": np.where(t < steps // 3, np.nan, plain),
        "gaps": np.where(generator.random(steps) < 0.3, np.nan, plain),
        "a long gap": np.where((t > steps // 4) & (t < steps // 2), np.nan, plain),
        "ended": np.where(t > steps // 2, np.nan, plain),
        "negative late": np.where(t > 2 * steps // 3, 10 - plain, plain),
        "a zero": np.where(t == steps // 2, 0.0, plain),
        "counts": generator.poisson(0.5, steps).astype(float),
        "nothing": np.full(steps, np.nan),
        "a single value": np.where(t == steps // 2, 3.0, np.nan),
        "constant": np.full(steps, 7.25),
        "zeros": np.zeros(steps),
        "huge": plain * 1e297,
        "tiny": plain * 1e-300,
        "offset": plain + 1e15,
        "both signs, huge": np.where(t % 2, 1e300, -1e300),
        "of every size": np.exp(20 * noise),
        "infinite": np.where(t == steps // 2, np.inf, plain),
        "out of hand": np.where(t < 12, 10.0 ** np.minimum(t, 12), np.where(t < steps - 3, np.nan, 0.0)),
    }


SEASONS = [(1, 0), (4, 0), (7, 0), (12, 0), (24, 0), (12, 5), (12, 1), (1, 7), (7, 30)]


def equal(actual, expected, tolerance):
    np.testing.assert_allclose(actual, expected, rtol=2e-5, atol=tolerance)


def assert_the_same(actual: Past, expected: Past, tolerance=2e-5):
    np.testing.assert_allclose(actual.unit, expected.unit, rtol=1e-7)
    np.testing.assert_array_equal(actual.last, expected.last)
    equal(np.delete(actual.candidates, CHOICES, 2), np.delete(expected.candidates, CHOICES, 2), tolerance)
    of_choices = [DESCRIPTION + k + part * len(NAMES) for part in range(3) for k in CHOICES]
    equal(np.delete(actual.features, of_choices, 2), np.delete(expected.features, of_choices, 2), tolerance)


def both(values, season, second, ahead, anchors, window):
    arguments = (np.asarray(anchors), np.asarray(ahead))
    compiled = look_back(
        values, BANK, season=season, second=second, window=window, anchors=arguments[0], ahead=arguments[1]
    )
    return compiled, Past(*candidates_twin.look_back(values, BANK, season, second, window, *arguments))


@compiled
@pytest.mark.parametrize("steps", [1, 2, 5, 26, 61])
@pytest.mark.parametrize(("season", "second"), SEASONS)
def test_the_twin_is_the_same(season, second, steps):
    kinds = series(steps, season, seed=steps)
    generator = np.random.default_rng(steps)
    anchors = np.sort(generator.integers(0, steps, (len(kinds), 3)), 1)
    for each, window in ((False, steps), (True, (steps + 1) // 2)):
        ahead = generator.integers(1, 40, (len(kinds), 3, 4) if each else 4)
        compiled, twin = both(np.stack(list(kinds.values())), season, second, ahead, anchors, window)
        for b, name in enumerate(kinds):
            tolerance = 2e-4 if name == "offset" else 2e-5  # the last bit of 1e15 is 1e-7 of its unit
            assert_the_same(*(Past(*(a[b : b + 1] for a in vars(p).values())) for p in (compiled, twin)), tolerance)  # type: ignore[call-arg]


@compiled
def test_the_twin_is_the_same_for_two_long_seasons():
    kinds = series(360, 24)
    values = np.stack([kinds[name] for name in ("plain", "gaps", "negative late")])
    values += 3 * np.sin(2 * np.pi * np.arange(360) / 168)
    assert_the_same(*both(values, 24, 168, [1, 24, 25, 168, 200], [[100, 200, 359]] * 3, 360))


def test_where_there_is_no_compiler_the_twin_runs(monkeypatch):
    monkeypatch.setattr(native, "library", lambda: None)
    past = describe(np.arange(1.0, 9.0), 4, ahead=[1, 2])
    assert past.features.shape == (1, 8, feature_count(BANK))
    assert past.candidates.shape == (1, 8, candidate_count(BANK), 2)
    assert [array.dtype for array in vars(past).values()] == [np.float32, np.float32, np.float64, np.float64]


@compiled
@pytest.mark.parametrize("count", [1, 3, 23])
def test_the_number_of_threads_changes_no_bit(count):
    values = np.stack([series(40, 7, seed)["gaps"] for seed in range(count)])
    expected = describe(values, 7)
    for threads in (2, 3):
        found = describe(values, 7, threads=threads)
        for name, array in vars(expected).items():
            np.testing.assert_array_equal(getattr(found, name), array, err_msg=name)


@pytest.mark.usefixtures("kernels")
def test_no_series_no_anchors_and_no_window_are_empty():
    assert describe(np.empty((0, 9))).features.shape == (0, 9, feature_count(BANK))
    past = describe(np.ones((2, 9)), anchors=np.empty((2, 0), int), window=0)
    assert past.features.size == past.candidates.size == past.unit.size == 0


@pytest.mark.usefixtures("kernels")
@pytest.mark.parametrize(("season", "second"), [(1, 0), (7, 0), (5, 12)])
def test_everything_is_finite(season, second):
    kinds = series(40, season)
    for array in vars(describe(np.stack(list(kinds.values())), season, second, ahead=[1, 1000])).values():
        for name, of_series in zip(kinds, array, strict=True):
            assert np.isfinite(of_series).all(), name


@pytest.mark.usefixtures("kernels")
def test_what_is_too_great_to_reckon_with_is_missing():
    plain = series(30, 7)["plain"]
    plain[12] = np.nan
    expected = describe(plain, 7)
    for value in (np.inf, -np.inf, 1.01e300, -1.7e308):
        plain[12] = value
        for name, array in vars(describe(plain, 7)).items():
            np.testing.assert_array_equal(array, getattr(expected, name), err_msg=f"{name}, {value}")


@pytest.mark.usefixtures("kernels")
def test_later_values_change_nothing_earlier():
    generator = np.random.default_rng(0)
    kinds = series(30, 5)
    values = np.stack(list(kinds.values()))
    whole = describe(values, 5, 12)
    for cut in (0, 14):
        changed = values.copy()
        changed[:, cut + 1 :] = generator.choice([np.nan, 0.0, -5.0, 1e300, 30.0], (len(values), 29 - cut))
        past = describe(changed, 5, 12)
        for field, array in vars(past).items():
            for name, found, expected in zip(kinds, array, getattr(whole, field), strict=True):
                np.testing.assert_array_equal(found[: cut + 1], expected[: cut + 1], err_msg=f"{name}, {field}")


@pytest.mark.usefixtures("kernels")
def test_what_came_before_a_series_changes_nothing():
    values = series(30, 7)["gaps"]
    values[0] = 12.0
    late = np.concatenate([np.full(11, np.nan), values])
    alone, padded = describe(values, 7), describe(late, 7)
    for name, array in vars(alone).items():
        np.testing.assert_array_equal(getattr(padded, name)[:, 11:], array, err_msg=name)
    assert not padded.features[:, :11].any()
    assert not padded.candidates[:, :11].any()
    assert (padded.unit[:, :11] == 1).all()
    assert not padded.last[:, :11].any()


@pytest.mark.usefixtures("kernels")
def test_a_window_and_anchors_take_from_what_all_steps_have():
    kinds = series(40, 7)
    values = np.stack([kinds[name] for name in ("plain", "late", "a long gap", "nothing")])
    whole = describe(values, 7)
    anchors = np.array([[0, 3, 39], [5, 12, 13], [2, 2, 15], [0, 1, 39]])
    part = describe(values, 7, anchors=anchors, window=9)
    np.testing.assert_array_equal(part.features, whole.features[:, -9:])
    for name in ("candidates", "unit", "last"):
        taken = np.stack([array[a] for array, a in zip(getattr(whole, name), anchors, strict=True)])
        np.testing.assert_array_equal(getattr(part, name), taken, err_msg=name)


@pytest.mark.usefixtures("kernels")
def test_steps_ahead_may_differ_from_anchor_to_anchor():
    values = np.stack([series(30, 4, seed)["plain"] for seed in range(2)])
    whole = describe(values, 4, ahead=np.arange(1, 21))
    anchors = np.array([[3, 20], [9, 29]])
    ahead = np.random.default_rng(0).integers(1, 21, (2, 2, 6))
    each = describe(values, 4, anchors=anchors, ahead=ahead)
    for b, a in np.ndindex(2, 2):
        expected = whole.candidates[b, anchors[b, a]][:, ahead[b, a] - 1]
        np.testing.assert_array_equal(each.candidates[b, a], expected)


@pytest.mark.usefixtures("kernels")
@pytest.mark.parametrize("power", [-10, 3, 60, 900])
def test_other_units_give_the_same(power):
    kinds = series(50, 7)
    values = np.stack([kinds[name] for name in ("plain", "gaps", "random walk", "negative late", "counts")])
    plain, scaled = describe(values, 7), describe(values * 2.0**power, 7)
    np.testing.assert_array_equal(scaled.last, plain.last * 2.0**power)
    changed = plain.unit > 1e-6  # without a change so far the unit is what keeps it from being zero
    assert changed.sum() > 200
    plain, scaled = (Past(*(array[changed][None] for array in vars(past).values())) for past in (plain, scaled))
    np.testing.assert_array_equal(scaled.unit, plain.unit * 2.0**power)
    without_logarithms = [*range(len(BASIC)), *(len(BASIC) + np.flatnonzero(BANK.logarithmic == 0))]
    np.testing.assert_array_equal(scaled.features[..., :DESCRIPTION], plain.features[..., :DESCRIPTION])
    np.testing.assert_array_equal(
        scaled.candidates[:, :, without_logarithms], plain.candidates[:, :, without_logarithms]
    )
    assert_the_same(Past(scaled.features, scaled.candidates, plain.unit, plain.last), plain)


@pytest.mark.usefixtures("kernels")
@pytest.mark.parametrize(("season", "second"), [(1, 0), (7, 0), (4, 9)])
@pytest.mark.parametrize("kind", ["plain", "gaps", "random walk", "a zero", "counts"])
def test_errors_are_those_of_the_forecasts(kind, season, second):
    lead = season if season > 1 else 6
    values = series(60, season, 3)[kind]
    values[0] = 9.0
    past = describe(values, season, second, ahead=[1, lead])
    unit = past.unit[0, :, None]
    forecasts = past.last[0, :, None, None] + past.candidates[0] * unit[:, :, None]  # (steps, K, 2)
    near, far, changes, far_changes = np.zeros(len(NAMES)), np.zeros(len(NAMES)), 0, 0
    for t in range(1, 60):
        error = np.zeros(len(NAMES))
        if not math.isnan(values[t]):
            changes += 1
            error = values[t] - forecasts[t - 1, :, 0]
            near = near + max(1 / changes, 0.06) * (abs(error) - near)
            if t > lead:
                far_changes += 1
                far = far + max(1 / far_changes, 0.04) * (abs(values[t] - forecasts[t - lead, :, 1]) - far)
        expected = np.stack([error, near, far if far_changes else near]) / unit[t]
        found = past.features[0, t, DESCRIPTION:].reshape(3, -1)
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4, err_msg=f"step {t}")


@pytest.mark.usefixtures("kernels")
@pytest.mark.parametrize(("season", "second"), [(1, 0), (7, 0), (4, 9)])
def test_the_chosen_are_made_of_those_least_wrong(season, second):
    kinds = {name: series(60, season, 4)[name] for name in ("plain", "late", "gaps", "random walk", "negative late")}
    past = describe(np.stack(list(kinds.values())), season, second)
    for b, kind in enumerate(kinds):
        for t in range(25, 60):
            near, far = past.features[b, t, DESCRIPTION:].reshape(3, -1)[1:, :OTHERS].astype(float)
            others = past.candidates[b, t, :OTHERS].astype(float)
            nearest, farthest, theta, mean, median = past.candidates[b, t, OTHERS:]

            def one_of(chosen, errors, among, others=others):
                least = [k for k in among if errors[k] <= errors[among].min() * (1 + 1e-5)]
                return any(np.array_equal(chosen, others[k]) for k in least)

            everyone = np.arange(OTHERS)
            assert one_of(nearest, near, everyone), (kind, t)
            assert one_of(farthest, far, everyone), (kind, t)
            assert one_of(theta, near, len(BASIC) + np.flatnonzero(BANK.theta)), (kind, t)
            weights = (near + far + 1e-3) ** -3.0
            np.testing.assert_allclose(mean, weights @ others / weights.sum(), rtol=1e-4, atol=1e-4)
            np.testing.assert_array_equal(median, np.sort(others, 0)[OTHERS // 2])


def candidates_by_name(values, season=1, second=0, ahead=(1, 2, 3, 4, 5, 6), bank=BANK):
    """By name, from the last step, in the series' own units."""
    past = describe(values, season, second, ahead=ahead, bank=bank, anchors=[[len(values) - 1]])
    forecasts = past.last[0, 0] + past.candidates[0, 0].astype(float) * past.unit[0, 0]
    names = [*BASIC, *(f"smoothing {p}" for p in range(len(bank))), *CHOSEN]
    return dict(zip(names, forecasts, strict=True))


def close(actual, expected):
    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.usefixtures("kernels")
def test_basic_candidates_without_a_season():
    found = candidates_by_name([3.0, 5, 4, 8, 6, 9, 7, 10], ahead=[1, 4])
    for name in ("last", "seasonal naive", "second seasonal naive"):
        close(found[name], [10, 10])
    close(found["mean"], [6.5, 6.5])
    close(found["drift"], [11, 14])  # (10 - 3) / 7 a step
    close(found["latest cycle's mean"], [8, 8])  # of four, where there is no season
    close(found["seasonal naive with growth"], [10.75, 13])  # from 5 to 8 in four steps
    close(found["seasonal naive with relative growth"], [10 * 1.6**0.25, 16])


@pytest.mark.usefixtures("kernels")
def test_basic_candidates_with_a_season():
    found = candidates_by_name([1.0, 2, 6, 3, 4, 8, 4], season=3, ahead=[1, 2, 3, 4])
    close(found["last"], [4] * 4)
    close(found["seasonal naive"], [4, 8, 4, 4])
    close(found["phase mean"], [3, 7, 8 / 3, 3])
    trailing, before = (4 + 8 + 4) / 3, (2 + 6 + 3) / 3
    close(found["latest cycle's mean"], [trailing] * 4)
    close(found["seasonal naive with growth"], np.array([4, 8, 4, 4]) + (trailing - before) * np.array([1, 1, 1, 2]))
    ratio = trailing / before
    close(found["seasonal naive with relative growth"], [4 * ratio, 8 * ratio, 4 * ratio, 4 * ratio**2])


@pytest.mark.usefixtures("kernels")
def test_a_second_season_counts_once_it_has_passed():
    values = [1.0, 2, 3, 4, 5, 6, 7]
    close(candidates_by_name(values, 2, 5, [1, 2, 6])["second seasonal naive"], [3, 4, 3])
    close(candidates_by_name(values, 2, 5, [1, 3])["second phase mean"], [3, 5])
    close(candidates_by_name(values, 2, 7, [1, 2])["second seasonal naive"], [6, 7])


@pytest.mark.usefixtures("kernels")
def test_growth_stays_near_what_was_seen():
    values = np.array([1.0, 1, 1, 1, 1, 1, 1, 9])
    found = candidates_by_name(values, ahead=[1, 1000])
    for name in ("drift", "seasonal naive with growth", "seasonal naive with relative growth"):
        assert found[name][1] == pytest.approx(9 + 1.5 * 8)
    found = candidates_by_name(10 - values, ahead=[1, 1000])
    assert found["drift"][1] == pytest.approx(0, abs=1e-5)  # all were positive


@pytest.mark.usefixtures("kernels")
def test_a_missing_value_is_filled_for_those_that_look_back_at_it():
    found = candidates_by_name([1.0, 2, 6, 3, np.nan, 8, np.nan, np.nan], season=3, ahead=[1, 2, 3])
    close(found["last"], [8] * 3)
    close(found["seasonal naive"], [8, 3, 2])
    close(found["mean"], [4] * 3)
    close(found["phase mean"], [7, 2, 2])


@pytest.mark.usefixtures("kernels")
def test_a_phase_without_a_value_has_the_mean():
    close(candidates_by_name([1.0, np.nan, np.nan, 3], season=3, ahead=[1, 2, 3])["phase mean"], [2, 2, 2])


@pytest.mark.usefixtures("kernels")
def test_simple_smoothing():
    values = [3.0, 5, 4, 8, 6, 9]
    level = values[0]
    for t, value in enumerate(values[1:], 1):
        level += max(0.3, 1 / (t + 1)) * (value - level)
    found = candidates_by_name(values, bank=smoothings((0.3, 0, 0, 0, 0, 0)), ahead=[1, 50])
    close(found["smoothing 0"], [level, level])
    close(candidates_by_name(values, bank=smoothings((1, 0, 0, 0, 0, 0)), ahead=[1])["smoothing 0"], [9])
    close(candidates_by_name(values, bank=smoothings((0, 0, 0, 0, 0, 0)), ahead=[1])["smoothing 0"], [np.mean(values)])


@pytest.mark.usefixtures("kernels")
def test_linear_and_damped_trend():
    values = [3.0, 5, 4, 8, np.nan, 9]
    for damping in (1.0, 0.8):
        level, trend = values[0], 0.0
        for t, value in enumerate(values[1:], 1):
            expected = level + damping * trend
            if math.isnan(value):
                level, trend = expected, damping * trend
                continue
            gain = max(0.4, 1 / (t + 1))
            level = expected + gain * (value - expected)
            trend = damping * trend + gain * max(0.1, 0.7 / (t + 1)) * (value - expected)
        expected = [level + trend * sum(damping**i for i in range(1, h + 1)) for h in (1, 3)]  # type: ignore[assignment]
        found = candidates_by_name(values, bank=smoothings((0.4, 0.1, damping, 0, 0, 0)), ahead=[1, 3])
        close(found["smoothing 0"], expected)


@pytest.mark.usefixtures("kernels")
def test_theta_goes_on_with_half_of_the_slope_of_a_straight_line():
    found = candidates_by_name(np.arange(60.0), bank=smoothings((0.5, 0, 0, 0, 1, 0)), ahead=[1, 2, 9])
    close(np.diff(found["smoothing 0"]), [0.5, 3.5])
    assert found["smoothing 0"][0] == pytest.approx(59.0, abs=1e-4)  # the level lags by half a step


@pytest.mark.usefixtures("kernels")
def test_a_pure_season_and_trend_are_known_after_two_cycles():
    t = np.arange(40)
    values = 30 + 0.5 * t + np.array([4.0, -1, -3, 0])[t % 4]
    found = candidates_by_name(values[:23], season=4, bank=smoothings((0.3, 0.1, 1, 0.2, 0, 0)), ahead=np.arange(1, 9))
    close(found["smoothing 0"], values[23:31])


@pytest.mark.usefixtures("kernels")
def test_of_logarithms_growth_and_season_are_factors():
    t = np.arange(60)
    values = 10 * 1.01**t * np.array([2.0, 0.5, 1, 1])[t % 4]
    found = candidates_by_name(values[:33], season=4, bank=smoothings((0.3, 0.1, 1, 0.2, 0, 1)), ahead=np.arange(1, 9))
    close(found["smoothing 0"], values[33:41])


@pytest.mark.usefixtures("kernels")
def test_the_second_group_follows_the_second_season():
    t = np.arange(40)
    values = np.array([4.0, -1, -3, 0, 7])[t % 5]
    row = (0.3, 0, 0, 0.2, 0, 0)
    found = candidates_by_name(values, season=2, second=5, bank=smoothings(row, row, first_of_second=1))
    close(found["smoothing 1"], values[:6])
    assert abs(found["smoothing 0"] - values[:6]).max() > 1


@pytest.mark.usefixtures("kernels")
def test_features_are_as_named():
    values = np.array([1.0, 2, 6, 3, 4, 0, 4, np.nan])
    past = describe(values, season=3, second=5)
    names = SIGNED + SPREADS + FACTS
    at = [dict(zip(names, row.astype(float), strict=False)) for row in past.features[0]]
    unit = past.unit[0, 6]
    close(at[6]["from the mean"] * unit, 4 - 20 / 7)
    close(at[6]["from the step before"] * unit, 4)
    close(at[6]["from one season before"] * unit, 1)
    close(at[6]["from one second season before"] * unit, 2)
    close(at[6]["growth of the cycle's mean"] * unit, (8 - 11) / 3)
    close(at[6]["mean"] * unit, 20 / 7)
    close(at[6]["change"] * unit, np.abs(np.diff(values[:7])).mean())
    close(at[6]["seasonal change"] * unit, (2 + 2 + 6 + 1) / 4)
    close(unit, (np.abs(np.diff(values[:7])).mean() + 11 / 4) / 2)
    close(at[6]["range"] * unit, 6)
    assert [row["missing"] for row in at] == [0] * 7 + [1]
    assert [row["positive"] for row in at] == [1] * 5 + [0] * 3
    close(at[6]["zeros"], 1 / 7)
    close(at[6]["repeats"], 0)
    close(at[6]["place in the range"], 4 / 6)
    close(at[6]["log count"], math.log1p(7) / 4)
    close(at[7]["log count"], math.log1p(7) / 4)
    close(at[6]["log season"], math.log(3) / 3)
    close(at[6]["log cycles"], math.log1p(7 / 3) / 3)
    close(at[6]["log second season"], math.log(5) / 4)
    assert at[7]["from the mean"] == at[7]["from the step before"] == 0
    assert past.last[0].tolist() == [1, 2, 6, 3, 4, 0, 4, 4]

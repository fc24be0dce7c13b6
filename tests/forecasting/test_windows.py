"""Windows against plain slicing, for any ragged panel with gaps, and for numbers of any size."""

from __future__ import annotations

import dataclasses
import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from foretell.forecasting.covariates import Covariates
from foretell.forecasting.inputs import InputLayout
from foretell.forecasting.prediction import windows_of
from foretell.forecasting.windows import Windows

from .conftest import panel_of

NAN = float("nan")
gaps = st.just(NAN)
# Within float32's reach of each other: what lies further out overflows, as a test of its own shows.
amounts = st.floats(-1e6, 1e6).filter(lambda value: value == 0 or abs(value) > 1e-20)
whole = st.integers(-(2**21), 2**21).map(float)


def ragged(values):
    """Series whose last value is present."""
    return st.lists(
        st.tuples(st.lists(values | gaps, max_size=25), values).map(lambda s: [*s[0], s[1]]), min_size=1, max_size=5
    )


def windows_over(panel, past, horizon) -> Windows:
    layout = InputLayout(steps=past - 1, horizon=horizon, seasons=(), calendar=0, known=0)
    assert layout.past == past
    return windows_of(panel, Covariates.fit(panel), layout)


@st.composite
def cuts(draw, values=amounts):
    series = draw(ragged(values))
    past, horizon = draw(st.integers(2, 12)), draw(st.integers(1, 6))
    rows = st.integers(0, len(series) - 1).flatmap(
        lambda i: st.tuples(st.just(i), st.integers(0, len(series[i])), st.integers(0, len(series[i])))
    )
    which, ends, limits = np.array(draw(st.lists(rows, min_size=1, max_size=6)), dtype=np.int64).T
    return series, past, horizon, which, ends, limits


def sliced(series, past, horizon, which, ends, limits):
    """(B, past + horizon), one value at a time."""
    return np.array(
        [
            [series[i][row] if 0 <= row < limit else NAN for row in range(end - past, end + horizon)]
            for i, end, limit in zip(which, ends, limits, strict=True)
        ]
    )


def restored(batch):
    return batch.centre[:, None] + batch.unit[:, None] * batch.values.double()


def has_a_scale(past):
    """(B,) whether a value of the window differs from zero."""
    return np.any(np.nan_to_num(past) != 0, axis=1)


def same_bits(a, b):
    return all(
        getattr(a, f.name).numpy().tobytes() == getattr(b, f.name).numpy().tobytes() for f in dataclasses.fields(a)
    )


@settings(max_examples=60)
@given(cuts())
def test_equals_plain_slicing(cut):
    series, past, horizon, *where = cut
    batch = windows_over(panel_of(series), past, horizon).cut(*where)
    expected = sliced(*cut)
    got = restored(batch).numpy()
    np.testing.assert_array_equal(np.isnan(got), np.isnan(expected))
    centred = np.nan_to_num(np.abs(expected - batch.centre.numpy()[:, None]))
    reach = np.maximum(centred.max(1, keepdims=True), batch.unit.numpy()[:, None])
    assert np.all(np.nan_to_num(np.abs(got - expected)) <= 1e-6 * reach)


@settings(max_examples=60)
@given(cuts(values=whole), st.integers(-900, 900))
def test_round_trip_is_exact_for_a_power_of_two_times_whole_numbers(cut, exponent):
    series, past, horizon, *where = cut
    scaled = [[value * 2.0**exponent for value in s] for s in series]
    batch = windows_over(panel_of(scaled), past, horizon).cut(*where)
    expected = sliced(scaled, past, horizon, *where)
    known = has_a_scale(expected[:, :past])
    np.testing.assert_array_equal(restored(batch).numpy()[known], expected[known])


@settings(max_examples=60)
@given(cuts(), st.integers(-300, 300))
def test_a_power_of_two_changes_centre_and_unit_alone(cut, exponent):
    series, past, horizon, *where = cut
    factor = 2.0**exponent
    plain = windows_over(panel_of(series), past, horizon).cut(*where)
    scaled = windows_over(panel_of([[v * factor for v in s] for s in series]), past, horizon).cut(*where)
    known = has_a_scale(sliced(series, past, horizon, *where)[:, :past])
    assert plain.values.numpy()[known].tobytes() == scaled.values.numpy()[known].tobytes()
    np.testing.assert_array_equal(scaled.centre, plain.centre * factor)
    np.testing.assert_array_equal(scaled.unit, torch.where(torch.from_numpy(known), plain.unit * factor, 1.0))


@settings(max_examples=40)
@given(cuts(), st.randoms(use_true_random=False))
def test_nothing_from_the_limit_on_is_visible(cut, random):
    series, past, horizon, which, ends, limits = cut
    cutter = windows_over(panel_of(series), past, horizon)
    for k in range(len(which)):
        one = (which[k : k + 1], ends[k : k + 1], limits[k : k + 1])
        changed = [list(s) for s in series]
        for row in range(int(limits[k]), len(series[which[k]])):
            changed[which[k]][row] = random.choice([NAN, -1e300, 3.0])
        assert same_bits(cutter.cut(*one), windows_over(panel_of(changed), past, horizon).cut(*one))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("size", [1.7e308, 1e300, 1.0, 1e-300, 5e-324])
def test_numbers_of_any_size(size):
    past = [size, -size, NAN, size / 2, size]
    batch = windows_over(panel_of([past]), 4, 2).cut(np.array([0]), np.array([4]), np.array([5]))
    assert batch.values[0, [0, 1, 3, 4]].isfinite().all()
    np.testing.assert_allclose(batch.values[0, :4].abs().nan_to_num().max(), 1.0, rtol=3)
    scaled = batch.centre / batch.unit + batch.values[0].double()
    np.testing.assert_allclose(scaled * batch.unit, [*past, NAN], rtol=1e-6)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("value", [0.0, 7.0, -1e300, 1e-300])
def test_constant_windows_are_zeros_on_a_unit_of_about_a_thousandth(value):
    batch = windows_over(panel_of([[value] * 6]), 4, 2).cut(np.array([0]), np.array([4]), np.array([6]))
    assert batch.values.tolist() == [[0.0] * 6]
    assert batch.centre.tolist() == [value]
    share = float(batch.unit[0]) / abs(value) if value else float(batch.unit[0])
    assert 1 / 1024 <= share <= 1 / 512 if value else share == 1


@pytest.mark.filterwarnings("error")
def test_an_explosion_after_the_window_overflows_in_silence():
    batch = windows_over(panel_of([[1.0, 2.0, 3.0, 1e300]]), 3, 1).cut(np.array([0]), np.array([3]), np.array([4]))
    assert batch.values[0, 3] == float("inf")
    assert batch.values[0, :3].abs().max() <= 1


@settings(max_examples=30)
@given(cuts())
def test_the_past_lies_within_one_unit_of_its_first_value(cut):
    series, past, horizon, *where = cut
    batch = windows_over(panel_of(series), past, horizon).cut(*where)
    largest = batch.values[:, :past].abs().nan_to_num().amax(1)
    moving = largest > 0
    assert ((largest[moving] >= 0.5) & (largest[moving] <= 1)).all()
    assert torch.equal(torch.exp2(batch.unit.log2().round()), batch.unit)


def test_features_follow_the_rows_and_are_zero_outside():
    panel = panel_of([[1.0] * 5, [2.0] * 3], rows_after=2, known={"price": np.arange(12.0)})
    layout = InputLayout(steps=3, horizon=2, seasons=(), calendar=0, known=1)
    covariates = Covariates.fit(panel)
    batch = windows_of(panel, covariates, layout).cut(np.array([0, 1, 1]), np.array([5, 2, 3]), np.array([5, 2, 3]))
    price = (np.arange(12) - 5.5) / np.arange(12).std()
    rows = [[1, 2, 3, 4, 5, 6], [None, None, 7, 8, 9, 10], [None, 7, 8, 9, 10, 11]]
    expected = [[0.0 if row is None else price[row] for row in window] for window in rows]
    np.testing.assert_allclose(batch.features[..., 0], expected, rtol=1e-6)


def test_no_warning_from_a_window_before_the_series():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        batch = windows_over(panel_of([[1.0, 2.0]]), 4, 2).cut(np.array([0]), np.array([0]), np.array([0]))
    assert batch.values.isnan().all()
    assert (batch.centre.item(), batch.unit.item()) == (0.0, 1.0)

"""Windows against plain slicing, for any ragged panel with gaps, and for numbers of any size."""

from __future__ import annotations

import dataclasses
import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from foretell.forecasting.any_horizon.inputs import Inputs, describe
from foretell.forecasting.any_horizon.reading import Reading
from foretell.forecasting.covariates.calendar import calendar_features, calendar_names
from foretell.forecasting.covariates.covariates import Covariates, Standardised
from foretell.forecasting.networks.windows import Window, Windows, future_features
from foretell.forecasting.panel import Panel
from foretell.tables.clock import Clock

from ..conftest import panel_of

NAN = float("nan")
gaps = st.just(NAN)
amounts = st.floats(-1e6, 1e6).filter(lambda value: value == 0 or abs(value) > 1e-20)


def ragged(values):
    """Series whose last value is present."""
    return st.lists(
        st.tuples(st.lists(values | gaps, max_size=25), values).map(lambda s: [*s[0], s[1]]), min_size=1, max_size=5
    )


@st.composite
def cuts(draw, values=amounts):
    """Series, and what is cut from them: which, ends, anchors (B, 2), steps ahead, width and how far targets reach."""
    series = draw(ragged(values))
    one = st.integers(0, len(series) - 1).flatmap(
        lambda i: st.integers(1, len(series[i])).flatmap(
            lambda end: st.tuples(
                st.just(i),
                st.just(end),
                st.lists(st.integers(max(0, end - 4), end - 1), min_size=2, max_size=2).map(sorted),
                st.integers(end, len(series[i])),
            )
        )
    )
    rows = draw(st.lists(one, min_size=1, max_size=6))
    which, ends, anchors, until = (np.array(column, dtype=np.int64) for column in zip(*rows, strict=True))
    ahead = np.array(sorted(draw(st.sets(st.integers(1, 12), min_size=1, max_size=4))), dtype=np.int64)
    return series, (which, ends, anchors, ahead, draw(st.integers(4, 12)), until)


def bare(series, reading: Reading | None = None) -> Windows:
    return Windows.bare(panel_of(series), reading or Reading(3, 0, 12))


def restored(window: Window) -> np.ndarray:
    """The targets (B, A, H) in the units of the table."""
    inputs = window.inputs
    found = inputs.last[..., None] + inputs.unit[..., None] * inputs.target.double()
    return window.scale[:, None, None] * found.numpy()


def same_bits(a: Inputs, b: Inputs) -> bool:
    return all(
        getattr(a, f.name).contiguous().numpy().tobytes() == getattr(b, f.name).contiguous().numpy().tobytes()
        for f in dataclasses.fields(a)
    )


@settings(max_examples=60)
@given(cuts())
def test_inputs_are_those_of_the_plain_slices(cut):
    series, where = cut
    window = bare(series).cut(*where)
    for k, (i, end, anchors, ahead, width, _) in enumerate(
        (where[0][k], where[1][k], where[2][k], where[3], where[4], where[5][k]) for k in range(len(where[0]))
    ):
        values = np.array([NAN] * max(0, width - end) + list(series[i][:end]))
        assert window.count[k] == (~np.isnan(values)).sum()
        largest = np.nanmax(np.abs(values), initial=0.0)
        assert (largest == 0) or window.scale[k] <= largest < 2 * window.scale[k]
        alone = describe(
            values[None] / window.scale[k], (3, 0), anchors[None] - end + len(values), ahead, min(width, len(values))
        )
        for name in ("steps", "present", "at", "candidates", "unit", "last"):
            mine = getattr(window.inputs, name)[k]
            torch.testing.assert_close(mine, getattr(alone, name)[0], rtol=1e-5, atol=1e-5, msg=name)


@settings(max_examples=60)
@given(cuts())
def test_targets_are_what_came_up_to_the_row_they_may_reach(cut):
    series, where = cut
    window = bare(series).cut(*where)
    which, _, anchors, ahead, _, until = where
    got = restored(window)
    for b, a, h in np.ndindex(got.shape):
        row = anchors[b, a] + ahead[h]
        expected = series[which[b]][row] if row < until[b] else NAN
        if np.isnan(series[which[b]][: anchors[b, a] + 1]).all():
            expected = NAN
        last, unit = (float(part[b, a]) * window.scale[b] for part in (window.inputs.last, window.inputs.unit))
        if np.isnan(expected) or abs(expected - last) > 300.01 * unit:
            assert np.isnan(got[b, a, h])
        elif abs(expected - last) < 299.99 * unit:
            assert got[b, a, h] == pytest.approx(expected, rel=1e-5, abs=1e-5 * (abs(last) + 300 * unit))  # type: ignore[arg-type]


@settings(max_examples=40)
@given(cuts())
def test_without_a_row_to_reach_targets_end_with_the_window(cut):
    series, (*where, _) = cut
    short, explicit = (bare(series).cut(*where, *until) for until in ((), (where[1],)))
    torch.testing.assert_close(short.inputs.target, explicit.inputs.target, equal_nan=True)


@settings(max_examples=60)
@given(cuts(), st.integers(-300, 300))
def test_a_power_of_two_changes_the_scale_alone(cut, exponent):
    series, where = cut
    factor = 2.0**exponent
    plain, scaled = bare(series).cut(*where), bare([[v * factor for v in s] for s in series]).cut(*where)
    assert same_bits(plain.inputs, scaled.inputs)
    zero = np.array([not np.nan_to_num(series[i][:end]).any() for i, end in zip(*where[:2], strict=True)])
    np.testing.assert_array_equal(scaled.scale, np.where(zero, 1.0, plain.scale * factor))
    assert (np.frexp(plain.scale)[0] == 0.5).all()


@settings(max_examples=40)
@given(cuts(), st.randoms(use_true_random=False))
def test_nothing_after_the_end_is_visible_but_in_targets_and_nothing_from_the_last_row_on(cut, random):
    series, (which, ends, anchors, ahead, width, until) = cut
    for k in range(len(which)):
        one = (which[k : k + 1], ends[k : k + 1], anchors[k : k + 1], ahead, width, until[k : k + 1])
        for limit, without in ((until[k], ()), (ends[k], ("target",))):
            changed = [list(s) for s in series]
            for row in range(int(limit), len(series[which[k]])):
                changed[which[k]][row] = random.choice([NAN, -1e300, 3.0])
            before, after = (bare(s).cut(*one).inputs for s in (series, changed))
            hidden = dict.fromkeys(without, before.target)
            assert same_bits(before, dataclasses.replace(after, **hidden))


@settings(max_examples=30)
@given(cuts())
def test_a_window_is_the_same_whatever_is_cut_beside_it(cut):
    series, (which, ends, anchors, ahead, width, until) = cut
    together = bare(series).cut(which, ends, anchors, ahead, width, until)
    for k in range(len(which)):
        alone = bare(series).cut(*(part[k : k + 1] for part in (which, ends, anchors)), ahead, width, until[k : k + 1])  # type: ignore[call-arg]
        assert alone.scale[0] == together.scale[k]
        for name in ("steps", "candidates", "unit", "last", "target", "at"):
            mine, theirs = getattr(alone.inputs, name)[0], getattr(together.inputs, name)[k]
            torch.testing.assert_close(mine, theirs, rtol=1e-5, atol=1e-5, equal_nan=True, msg=name)


def test_the_reach_ends_what_is_seen():
    reading = Reading(3, 0, 12)
    long = np.random.default_rng(0).normal(size=reading.reach + 60)
    other = np.where(np.arange(len(long)) < 60, 1e9, long)
    where = np.array([0]), np.array([len(long)]), np.array([[len(long) - 1]]), np.array([1, 2]), 12
    one, two = (bare([values], reading).cut(*where) for values in (long, other))
    assert same_bits(one.inputs, two.inputs)
    assert one.count == reading.reach


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("size", [1.7e308, 1e300, 1.0, 1e-300, 1e-320, 5e-324])
def test_numbers_of_any_size(size):
    past = [size, -size, NAN, size / 2, size]
    where = np.array([0]), np.array([5]), np.array([[1, 4]]), np.array([1, 2, 3]), 5, np.array([5])
    window = bare([past]).cut(*where)
    unit = bare([[v / size for v in past]]).cut(*where)
    assert 0 < window.scale[0] <= size < np.inf
    assert (window.inputs.last.abs() < 2).all()
    assert (window.inputs.last * window.scale[0]).tolist() == [[-size, size]]
    if size > 1e-310:
        torch.testing.assert_close(window.inputs.steps, unit.inputs.steps, rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(restored(window)[0, 0], [NAN, size / 2, size], rtol=1e-6)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("value", [0.0, 7.0, -1e300, 1e-300])
def test_constant_windows_differ_by_their_sign_alone(value):
    where = np.array([0]), np.array([6]), np.array([[5]]), np.array([1]), 6
    window = bare([[value] * 6]).cut(*where)
    one = bare([[np.sign(value)] * 6]).cut(*where)
    torch.testing.assert_close(window.inputs.candidates, torch.zeros_like(window.inputs.candidates), rtol=0, atol=1e-5)
    torch.testing.assert_close(window.inputs.steps, one.inputs.steps, rtol=0, atol=1e-2)
    assert float(window.inputs.last * window.scale[0]) == value


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("far", [1e300, -1.7e308])
def test_an_explosion_after_the_window_teaches_nothing_and_says_nothing(far):
    where = np.array([0]), np.array([3]), np.array([[2]]), np.array([1, 2]), 3, np.array([5])
    for size in (1.0, 1e-300):
        window = bare([[1.0 * size, 2.0 * size, 3.0 * size, far, 4.0 * size]]).cut(*where)
        assert window.inputs.target[0, 0].isnan().tolist() == [True, False]


def test_features_are_calendar_and_known_columns_of_history_and_horizon():
    panel = panel_of([[1.0] * 5, [2.0] * 4], rows_after=2, known={"price": np.arange(13.0)})
    calendar = len(calendar_names(panel.frequency))
    windows = Windows.of(panel, Covariates.fit(panel), Reading(4, 0, 8), 3)
    assert windows.features.shape == (8 + 7, calendar + 1)
    assert windows.starts.tolist() == [0, 8]
    for i, span in enumerate((8, 7)):
        rows = windows.features[windows.starts[i] : windows.starts[i] + span]
        times = panel.times(i, span)
        np.testing.assert_array_equal(rows[:, :-1], calendar_features(times, panel.frequency))
        # After the rows of the table it is as though it were of the usual size.
        price = np.concatenate([panel.known["price"][panel.offsets[i] : panel.offsets[i + 1]], [6.0]])
        np.testing.assert_allclose(rows[:, -1], (price - 6) / np.arange(13.0).std(), rtol=1e-6)


def test_the_calendar_is_that_of_the_clocks_on_the_wall(make_panel):
    panel = make_panel([np.arange(30.0)], alias="h")
    local = dataclasses.replace(panel, clock=Clock("America/Chicago"))
    utc, there = (Windows.of(p, Covariates({}, {}), Reading(1, 0, 4), 2).features for p in (panel, local))
    np.testing.assert_array_equal(there[6:, :2], utc[:-6, :2])  # six hours behind in January


def prices(rows_after: int = 2) -> tuple[Panel, np.ndarray]:
    """A panel in integer time, and its standardised prices by series and row."""
    count = 8 + 2 * rows_after
    panel = panel_of(
        [[1.0] * 5, [2.0] * 3], alias="1", rows_after=rows_after, known={"price": np.arange(float(count))},
        static={"size": np.array([1.0, 3.0]), "town": np.array(["Lyon", "Bath"], dtype=object)},
    )  # fmt: skip
    return panel, (np.arange(count) - (count - 1) / 2) / np.arange(count).std()


def test_covariates_follow_the_rows_and_are_zero_outside():
    panel, price = prices()
    windows = Windows.of(panel, Covariates.fit(panel), Reading(1, 0, 6), 2)
    ends = np.array([5, 2, 3])
    inputs = windows.cut(np.array([0, 1, 1]), ends, ends[:, None] - 1, np.array([1, 2]), 4).inputs
    # Steps in front of the longest window that the series of a batch have do not count.
    assert inputs.covariates.shape[:2] == inputs.steps.shape[:2]
    rows = [[1, 2, 3, 4], [None, None, 7, 8], [None, 7, 8, 9]]
    expected = [[0.0 if row is None else price[row] for row in window] for window in rows]
    np.testing.assert_allclose(inputs.covariates[..., 0], expected, rtol=1e-6)
    assert inputs.static[:, 0].tolist() == [-1.0, 1.0, 1.0]
    assert inputs.categories[:, 0].tolist() == [2, 1, 1]


@pytest.mark.parametrize("season", [1, 2, 4, 7])
def test_the_known_future_and_its_last_season_stand_beside_each_other(season):
    panel = panel_of([[1.0] * 12, [2.0] * 6], rows_after=5, known={"price": np.random.default_rng(0).normal(size=28)})
    covariates, calendar = Covariates.fit(panel), len(calendar_names(panel.frequency))
    windows = Windows.of(panel, covariates, Reading(season, 0, 6), 5)
    series, anchors, ahead = np.array([0, 1]), np.array([[8, 11], [0, 5]]), np.array([1, 2, 5])
    future = windows.cut(series, anchors[:, 1] + 1, anchors, ahead, 12).inputs.future
    assert future.shape == (2, 2, 3, future_features(calendar, 1))
    known = covariates.encode_steps(panel)
    for b, a, h in np.ndindex(2, 2, 3):
        row = anchors[b, a] + ahead[h]
        np.testing.assert_array_equal(
            future[b, a, h, :calendar], calendar_features(panel.times(b, row + 1), panel.frequency)[row]
        )
        before = max(past for past in range(row, row - 40, -season) if past <= anchors[b, a])
        at = panel.offsets[b]
        np.testing.assert_array_equal(future[b, a, h, calendar], known[at + row, 0])
        np.testing.assert_array_equal(future[b, a, h, -1], known[at + before, 0] if before >= 0 else 0)


def test_past_columns_stand_beside_the_steps_of_the_past_and_not_of_the_future():
    random = np.random.default_rng(0)
    wind, price = random.normal(size=(2, 28))
    panel = panel_of([[1.0] * 12, [2.0] * 6], rows_after=5, known={"price": price}, past={"wind": wind})
    covariates, calendar = Covariates.fit(panel), len(calendar_names(panel.frequency))

    def cut(panel):
        windows = Windows.of(panel, covariates, Reading(4, 0, 6), 5)
        return windows.cut(
            np.array([0, 1]), np.array([9, 6]), np.array([[4, 8], [3, 5]]), np.array([1, 2, 5]), 6
        ).inputs

    inputs = cut(panel)
    assert inputs.covariates.shape[2] == calendar + 2
    assert inputs.future.shape[3] == future_features(calendar, 1)
    standardised = covariates.past["wind"].encode(wind)[:, 0]
    np.testing.assert_array_equal(inputs.covariates[0, :, -1], standardised[3:9])
    np.testing.assert_array_equal(inputs.covariates[1, :, -1], standardised[17:23])
    later = wind.copy()
    later[9:17], later[23:] = 1e6, 1e6
    changed = cut(dataclasses.replace(panel, past={"wind": later}))
    for field in dataclasses.fields(Inputs):
        np.testing.assert_array_equal(getattr(changed, field.name), getattr(inputs, field.name))


def test_past_columns_are_standardised_by_what_was_known_when_the_network_was_trained():
    wind = np.append(np.arange(10.0), np.full(6, 1e6))
    panel = panel_of([[1.0] * 10], rows_after=6, past={"wind": wind})
    assert Covariates.fit(panel).past["wind"] == Standardised.fit(wind[:10])
    assert Covariates.fit(panel, np.array([4])).past["wind"] == Standardised.fit(wind[:4])


def test_known_columns_without_rows_after_the_history_are_of_the_usual_size():
    panel, _ = prices(rows_after=0)
    windows = Windows.of(panel, Covariates.fit(panel), Reading(1, 0, 6), 3)
    ends = panel.history
    future = windows.cut(np.arange(2), ends, ends[:, None] - 1, np.array([1, 3]), 4).inputs.future
    assert not future[..., 0].any()
    assert future[..., 1].all()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("rows", [0, 2])
def test_a_series_without_history_is_a_window_of_nothing(rows):
    panel = dataclasses.replace(panel_of([[], []], rows_after=rows), history=np.zeros(2, np.int64))
    for windows in (Windows.bare(panel, Reading(1, 0, 6)), Windows.of(panel, Covariates({}, {}), Reading(1, 0, 6), 3)):
        window = windows.cut(np.arange(2), np.zeros(2, np.int64), np.full((2, 1), -1), np.array([1, 3]), 4)
        assert window.scale.tolist() == [1.0, 1.0]
        assert window.count.tolist() == [0, 0]
        assert window.inputs.target.isnan().all()
        for field in dataclasses.fields(Inputs):
            assert field.name == "target" or getattr(window.inputs, field.name).isfinite().all()


def test_no_warning_from_a_window_of_missing_values():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        window = bare([[NAN, NAN, 2.0]]).cut(np.array([0]), np.array([2]), np.array([[1]]), np.array([1]), 4)
    assert window.count.tolist() == [0]
    assert not window.inputs.present.any()

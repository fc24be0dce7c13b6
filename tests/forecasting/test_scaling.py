"""Running statistics of a window against loops, and what they never look at."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from foretell.forecasting.scaling import (
    FLOOR,
    difference,
    last_seen,
    running_level_and_spread,
    running_mean,
    running_phase_mean,
)

NAN = float("nan")
rows = st.lists(st.floats(-1, 1, width=32) | st.just(NAN), min_size=1, max_size=30)


def tensor(row):
    return torch.tensor([row], dtype=torch.float64)


def mean(values):
    present = [v for v in values if not math.isnan(v)]
    return sum(present) / len(present) if present else 0.0


def phase_mean(row, season):
    return running_phase_mean(tensor(row).float(), season).nan_to_num(nan=99.0)


@given(rows)
def test_running_mean_is_the_mean_so_far(row):
    expected = [mean(row[: t + 1]) for t in range(len(row))]
    np.testing.assert_allclose(running_mean(tensor(row))[0], expected, atol=1e-12)


@given(rows, st.integers(1, 35))
def test_difference_is_missing_where_either_value_is(row, lag):
    expected = [row[t] - row[t - lag] if t >= lag else NAN for t in range(len(row))]
    np.testing.assert_array_equal(difference(tensor(row), lag)[0], expected)


@given(rows)
def test_last_seen_is_the_latest_present_value(row):
    expected, latest = [], 0.0
    for value in row:
        latest = latest if math.isnan(value) else value
        expected.append(latest)
    np.testing.assert_array_equal(last_seen(tensor(row))[0], expected)


@settings(max_examples=60)
@given(rows, st.integers(1, 12))
def test_level_and_spread_are_as_described(row, lag):
    level, spread = running_level_and_spread(tensor(row), lag)
    deviations = [value - mean(row[: t + 1]) for t, value in enumerate(row)]
    changes = [row[t] - row[t - lag] if t >= lag else NAN for t in range(len(row))]
    for t in range(len(row)):
        far = mean([abs(d) for d in deviations[: t + 1]])
        moved = mean([abs(c) for c in changes[: t + 1]])
        assert level[0, t] == pytest.approx(mean(row[: t + 1]), abs=1e-12)
        assert spread[0, t] == pytest.approx(max(FLOOR, (far + moved) / 2), abs=1e-12)


@given(rows, st.integers(1, 12))
def test_phase_mean_is_the_mean_of_what_lies_whole_seasons_back(row, season):
    expected = []
    for t in range(len(row)):
        in_phase = [value for value in row[t::-season] if not math.isnan(value)]
        expected.append(mean(in_phase) if in_phase else NAN)
    np.testing.assert_allclose(running_phase_mean(tensor(row), season)[0], expected, atol=1e-12)


@given(rows, st.integers(1, 5), st.data())
def test_later_values_change_nothing(row, lag, data):
    t = data.draw(st.integers(0, len(row) - 1))
    changed = row[: t + 1] + [9.0 if math.isnan(v) else v + 1 for v in row[t + 1 :]]
    for before, after in zip(
        [*running_level_and_spread(tensor(row).float(), lag), last_seen(tensor(row)), phase_mean(row, lag)],
        [*running_level_and_spread(tensor(changed).float(), lag), last_seen(tensor(changed)), phase_mean(changed, lag)],
        strict=True,
    ):
        assert torch.equal(before[:, : t + 1], after[:, : t + 1])


@given(rows, st.integers(-10, 10))
def test_a_power_of_two_scales_both(row, exponent):
    level, spread = running_level_and_spread(tensor(row), 2)
    scaled = running_level_and_spread(tensor(row) * 2.0**exponent, 2)
    assert torch.equal(scaled[0], level * 2.0**exponent)
    above = (spread > FLOOR) & (scaled[1] > FLOOR)
    assert torch.equal(scaled[1][above], (spread * 2.0**exponent)[above])


def test_neither_a_season_nor_a_trend_makes_the_spread_vanish():
    at = torch.arange(200.0)[None]
    _, seasonal = running_level_and_spread(torch.sin(2 * torch.pi * at / 20), 20)
    _, trending = running_level_and_spread(at / 200, 20)
    assert seasonal[0, -1] > 0.2
    assert trending[0, -1] > 0.1


def test_equal_values_have_the_floor_for_spread():
    _, spread = running_level_and_spread(torch.tensor([[0.25, NAN, 0.25, 0.25]]), 1)
    assert spread.tolist() == [[torch.tensor(FLOOR).item()] * 4]

"""What the network reads and is asked for: against loops, and never from the future."""

from __future__ import annotations

import math
from dataclasses import fields

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from foretell.forecasting.inputs import InputLayout, Inputs
from foretell.forecasting.scaling import FLOOR, last_seen, running_level_and_spread
from foretell.forecasting.windows import WindowBatch
from foretell.nn import Downsample

ANCHORED = ("candidates", "future", "last", "spread", "target")

layouts = st.builds(
    lambda steps, horizon, seasons, calendar, known, stride: InputLayout(
        steps=max(steps, 3 * stride),
        horizon=horizon,
        seasons=tuple(sorted(seasons)),
        calendar=calendar,
        known=known,
        kernel=2 * stride if stride > 1 else 1,
        stride=stride,
    ),
    steps=st.integers(2, 14),
    horizon=st.integers(1, 9),
    seasons=st.sets(st.integers(2, 8), max_size=2),
    calendar=st.sampled_from([0, 2]),
    known=st.integers(0, 2),
    stride=st.integers(1, 3),
)


def batch_for(layout, seed=0, size=3, missing=0.2):
    """Random windows with gaps."""
    random = np.random.default_rng(seed)
    values = random.uniform(-1, 1, (size, layout.past + layout.horizon))
    values[random.random(values.shape) < missing] = np.nan
    features = random.normal(size=(size, layout.past + layout.horizon, layout.calendar + layout.known))
    return WindowBatch(
        values=torch.from_numpy(values.astype(np.float32)),
        features=torch.from_numpy(features.astype(np.float32)),
        static=torch.from_numpy(random.normal(size=(size, 2)).astype(np.float32)),
        categories=torch.from_numpy(random.integers(0, 3, (size, 1))),
        centre=torch.zeros(size, dtype=torch.float64),
        unit=torch.ones(size, dtype=torch.float64),
    )


def with_values(batch, values):
    return WindowBatch(values, batch.features, batch.static, batch.categories, batch.centre, batch.unit)


def equal_bits(a, b):
    return a.shape == b.shape and a.contiguous().numpy().tobytes() == b.contiguous().numpy().tobytes()


@settings(max_examples=60)
@given(layouts, st.integers(0, 1000))
def test_shapes_are_as_promised(layout, seed):
    inputs = layout.inputs(batch_for(layout, seed))
    anchors = len(layout.all_anchors)
    assert inputs.steps.shape == (3, layout.steps, layout.features)
    assert inputs.at.tolist() == list(range(anchors))
    assert inputs.candidates.shape == (3, anchors, layout.candidates, layout.horizon)
    assert inputs.future.shape == (3, anchors, layout.horizon, layout.future_features)
    assert inputs.target.shape == (3, anchors, layout.horizon)
    assert inputs.last.shape == inputs.spread.shape == (3, anchors)
    present = [getattr(inputs, f.name) for f in fields(inputs) if f.name != "target"]
    assert all(t.isfinite().all() for t in present)


@settings(max_examples=60)
@given(layouts, st.data())
def test_no_input_comes_from_the_future(layout, data):
    batch = batch_for(layout, data.draw(st.integers(0, 1000)))
    t = data.draw(st.integers(0, layout.steps - 1))
    values = batch.values.clone()
    later = values[:, layout.lag + t + 1 :]
    later.copy_(torch.where(later.isnan(), 5.0, later + 1))
    before, after = layout.inputs(batch), layout.inputs(with_values(batch, values))
    assert equal_bits(before.steps[:, : t + 1], after.steps[:, : t + 1])
    known = sum(anchor <= t for anchor in layout.all_anchors)
    for name in ("candidates", "last", "spread", "future"):
        assert equal_bits(getattr(before, name)[:, :known], getattr(after, name)[:, :known]), name


@settings(max_examples=30)
@given(layouts, st.integers(0, 1000))
def test_candidates_and_targets_equal_a_loop(layout, seed):
    batch = batch_for(layout, seed, size=1)
    values = batch.values[0].tolist()
    past = batch.values[:, : layout.past]
    level, spread = (x[0].tolist() for x in running_level_and_spread(past, min(layout.seasons, default=1)))
    latest = last_seen(past)[0].tolist()
    inputs = layout.inputs(batch)
    candidates = np.empty(inputs.candidates.shape[1:])
    target = np.empty(inputs.target.shape[1:])
    for a, anchor in enumerate(layout.all_anchors):
        now = layout.lag + anchor
        assert inputs.last[0, a] == latest[now]

        def in_spreads(value, now=now):
            return min(max((value - latest[now]) / spread[now], -1000), 1000)

        for step in range(layout.horizon):
            could_repeat = []
            for season in layout.seasons:
                in_phase = [values[place] for place in range(now + 1 + step - season, -1, -season) if place <= now]
                present = [value for value in in_phase if not math.isnan(value)]
                could_repeat.append(latest[now] if math.isnan(in_phase[0]) else in_phase[0])
                could_repeat.append(sum(present) / len(present) if present else latest[now])
            candidates[a, :, step] = [in_spreads(value) for value in (*could_repeat, level[now])]
            actual = values[now + 1 + step]
            hidden = math.isnan(actual) or spread[now] <= FLOOR * 1.001
            target[a, step] = math.nan if hidden else in_spreads(actual)
    np.testing.assert_allclose(inputs.candidates[0], candidates, rtol=2e-4, atol=2e-4)
    np.testing.assert_allclose(inputs.target[0], target, rtol=2e-4, atol=2e-4)


@settings(max_examples=40)
@given(layouts.filter(lambda layout: layout.known > 0), st.integers(0, 1000))
def test_the_known_future_and_its_last_season_stand_beside_each_other(layout, seed):
    batch = batch_for(layout, seed, size=1)
    inputs, features = layout.inputs(batch), batch.features[0]
    season = min(layout.seasons, default=1)
    for a, anchor in enumerate(layout.all_anchors):
        now = layout.lag + anchor
        places = [now + ahead for ahead in range(1, layout.horizon + 1)]
        before = [now - season + 1 + (place - now - 1) % season for place in places]
        assert torch.equal(inputs.future[0, a], torch.cat([features[places], features[before, layout.calendar :]], -1))


@settings(max_examples=40)
@given(layouts, st.integers(0, 1000), st.data())
def test_chosen_anchors_are_those_of_all(layout, seed, data):
    batch = batch_for(layout, seed)
    total = len(layout.all_anchors)
    first, step = data.draw(st.integers(0, total - 1)), data.draw(st.integers(1, 4))
    chosen = range(first, total, step)
    every, some = layout.inputs(batch), layout.inputs(batch, chosen)
    assert some.at.tolist() == list(chosen)
    assert equal_bits(every.steps, some.steps)
    for name in ANCHORED:
        assert equal_bits(getattr(every, name)[:, list(chosen)], getattr(some, name)), name


@given(layouts, st.integers(1, 20))
def test_the_last_anchors_end_with_the_last_step(layout, count):
    total = len(layout.all_anchors)
    assert list(layout.last_anchors(count)) == list(range(total))[-count:]


@settings(max_examples=40)
@given(layouts.filter(lambda layout: layout.stride == 1), st.data())
def test_chunks_rejoin_to_the_whole(layout, data):
    first, step = data.draw(st.integers(0, layout.steps - 1)), data.draw(st.integers(1, 3))
    length = data.draw(st.integers(1, layout.steps + 2))
    whole = layout.inputs(batch_for(layout), range(first, layout.steps, step))
    pieces = whole.chunks(length)
    assert [piece.steps.shape[1] for piece in pieces[:-1]] == [length] * (len(pieces) - 1)
    for name in ("steps", *ANCHORED):
        assert equal_bits(torch.cat([getattr(piece, name) for piece in pieces], 1), getattr(whole, name)), name
    begins = range(0, layout.steps, length)
    assert torch.equal(torch.cat([piece.at + begin for piece, begin in zip(pieces, begins, strict=True)]), whole.at)
    for piece in pieces:
        assert torch.equal(piece.static, whole.static)
        assert torch.equal(piece.categories, whole.categories)
        assert all(0 <= at < piece.steps.shape[1] for at in piece.at.tolist())
        assert all(getattr(piece, name).shape[1] == len(piece.at) for name in ANCHORED)


@given(layouts)
def test_anchors_are_the_steps_at_which_the_convolution_ends(layout):
    anchors = layout.all_anchors
    assert anchors[-1] == layout.steps - 1
    assert anchors[0] >= layout.kernel - 1
    first = anchors[0] - (layout.kernel - 1)
    shortened = Downsample(1, 1, layout.kernel, layout.stride).shortened(layout.steps - first)
    assert shortened == len(anchors)
    assert first < layout.stride


def test_normalised_values_differences_and_gaps_are_the_columns():
    layout = InputLayout(steps=4, horizon=1, seasons=(2,), calendar=0, known=0)
    values = torch.tensor([[0.0, 0.5, 0.25, float("nan"), 1.0, 0.5, 0.0]])
    steps = layout.inputs(with_values(batch_for(layout, size=1), values)).steps[0]
    level, spread = (x[0, 2:] for x in running_level_and_spread(values[:, :6], 2))
    past = values[0, 2:6]
    nought = torch.tensor(0.0)
    for column, expected in enumerate(
        [
            (past - level) / spread,
            torch.tensor([-0.25, nought, nought, -0.5]) / spread,
            torch.tensor([0.25, nought, 0.75, nought]) / spread,
            torch.tensor([0.0, 1.0, 0.0, 0.0]),
        ]
    ):
        torch.testing.assert_close(steps[:, column], expected.nan_to_num())


@pytest.mark.parametrize(("size", "limit"), [(1e6, 1000.0), (float("inf"), 1000.0)])
def test_outliers_are_pulled_in(size, limit):
    layout = InputLayout(steps=6, horizon=1, seasons=(2,), calendar=0, known=0)
    values = torch.tensor([[0.0, 0.1, 0.0, 0.1, 0.0, 0.1, 0.0, 0.1, size]])
    inputs = layout.inputs(with_values(batch_for(layout, size=1), values))
    assert inputs.target[0, -1, 0] == limit
    jump = torch.tensor([[0.0] * 60 + [1.0] * 9])
    layout = InputLayout(steps=66, horizon=1, seasons=(2,), calendar=0, known=0)
    assert layout.inputs(with_values(batch_for(layout, size=1), jump)).steps.abs().max() == 20


def test_nothing_is_asked_of_a_window_without_a_spread():
    layout = InputLayout(steps=4, horizon=2, seasons=(), calendar=0, known=0)
    values = torch.tensor([[0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 2.0]])
    assert layout.inputs(with_values(batch_for(layout, size=1), values)).target.isnan().all()


def test_to_moves_every_tensor():
    layout = InputLayout(steps=4, horizon=2, seasons=(), calendar=0, known=1)
    moved = layout.inputs(batch_for(layout)).to(torch.device("meta"))
    assert isinstance(moved, Inputs)
    assert all(getattr(moved, f.name).device.type == "meta" for f in fields(moved))

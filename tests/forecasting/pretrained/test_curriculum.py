"""Batches that the pretrained network learns from, each a function of its number."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from foretell.forecasting.any_horizon.inputs import Inputs
from foretell.forecasting.pretrained import curriculum
from foretell.forecasting.pretrained.curriculum import KINDS, Curriculum, Kind, sampled
from foretell.forecasting.pretrained.shipped import Sizes
from foretell.forecasting.synthetic import draw

SMALL = (Kind(1, 0, 60, 40, 0.5), Kind(4, 0, 80, 50, 0.3), Kind(0, 0, 100, 60, 0.1), Kind(4, 8, 90, 60, 0.1))


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(curriculum, "KINDS", SMALL)
    monkeypatch.setattr(curriculum, "_TOKENS", 400)
    monkeypatch.setattr(curriculum, "_BLOCK", 20)


def equal(one: Inputs, two: Inputs) -> bool:
    pairs = zip(vars(one).values(), vars(two).values(), strict=True)
    return all(a.shape == b.shape and torch.equal(a.nan_to_num(-99), b.nan_to_num(-99)) for a, b in pairs)


def test_a_batch_is_a_pure_function_of_seed_and_number() -> None:
    straight = Curriculum(3)
    batches = {step: straight.batch(step) for step in (0, 1, 19, 20, 45)}
    other = Curriculum(3)
    for step in (45, 0, 20, 1, 19, 0):
        assert equal(other.batch(step), batches[step]), step
    assert not equal(batches[0], batches[1])
    assert not equal(Curriculum(4).batch(0), batches[0])


def test_batches_are_whole_and_finite() -> None:
    lessons = Curriculum(0)
    for step in range(30):
        inputs = lessons.batch(step)
        count, width = inputs.present.shape
        assert count == max(8, 400 // width)
        assert ((inputs.at >= 4) & (inputs.at < width)).all()
        assert (inputs.at.diff(dim=1) >= 0).all()
        assert (inputs.step_ahead >= 1).all()
        assert (inputs.step_ahead.diff() > 0).all()
        assert inputs.target.shape == (*inputs.at.shape, len(inputs.step_ahead))
        for field in dataclasses.fields(inputs):
            if field.name != "target":
                assert getattr(inputs, field.name).isfinite().all(), field.name
        assert not inputs.target.isinf().any()
        assert (~inputs.target.isnan()).float().mean() > 0.2


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: f"{kind.season}-{kind.second}-{kind.steps}")
def test_steps_ahead_of_every_kind_are_bounded(kind: Kind) -> None:
    season = kind.season or 288
    farthest = 0
    for seed in range(200):
        ahead = curriculum._steps_ahead(np.random.default_rng(seed), season, kind.second)
        assert ahead[0] == 1
        assert (np.diff(ahead) > 0).all()
        assert len(ahead) <= 18
        farthest = max(farthest, int(ahead[-1]))
    assert 14 <= max(farthest, 14) <= max(60, kind.second, min(2 * season, 192))
    assert farthest >= min(2 * season, 14)


def test_kinds_have_windows_within_their_steps_and_shares_of_one() -> None:
    for kind in KINDS:
        assert 24 < kind.window <= kind.steps
        assert kind.second == 0 or kind.second % kind.season == 0
    assert sum(kind.share for kind in KINDS) == pytest.approx(1)


def test_anchors_next_to_the_beginning_of_a_series_teach_nothing() -> None:
    kind = Kind(1, 0, 60, 40, 1.0)
    pool = draw(np.random.default_rng(0), 64, 60, 1)
    taught = early = 0
    for seed in range(12):
        inputs = sampled(np.random.default_rng(seed), kind, 1, pool, count=64)
        seen = ~inputs.target.isnan().all(-1)
        begun = inputs.present.gather(1, inputs.at) > 0
        early += int((~begun).sum())
        taught += int(seen.sum())
        assert not (seen & ~begun).any()
    assert early > 0
    assert taught > 0


def test_the_held_out_loss_is_one_number_of_the_same_series() -> None:
    network = Sizes(hidden=5, layers=1, head=4, phase=3).build().eval()
    with torch.no_grad():
        one, two = Curriculum(0).held_out()(network), Curriculum(0).held_out()(network)
        other = Curriculum(1).held_out()(network)
    assert np.isfinite(one)
    assert one == two
    assert one != other


def test_pools_are_drawn_anew_from_block_to_block() -> None:
    lessons = Curriculum(0)
    _, first = lessons._pool(0, 0)
    _, again = Curriculum(0)._pool(0, 0)
    _, second = lessons._pool(0, 1)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first[0], second[0], equal_nan=True)

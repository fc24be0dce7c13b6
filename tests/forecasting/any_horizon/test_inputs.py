"""What the any-horizon network reads: targets in units, the past alone, whatever the scale."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
import torch

from foretell.forecasting.any_horizon.bank import CANDIDATES, FEATURES
from foretell.forecasting.any_horizon.inputs import AHEAD_FEATURES, Inputs, ahead_features, describe

AHEAD = np.array([1, 2, 5, 12])
ANCHORS = np.array([[60, 80, 95], [70, 71, 99], [50, 90, 98]])


def values(seed: int = 0) -> np.ndarray:
    """Three series of 100 values, one of them begun late and with gaps."""
    random = np.random.default_rng(seed)
    at = np.arange(100)
    found = 30 + 5 * np.sin(2 * np.pi * at / 12) + random.normal(size=(3, 100)) + [[0], [100], [-60]]
    found[2, :30] = np.nan
    found[2, 40:44] = np.nan
    return found


def described(given: np.ndarray, seasons: tuple[int, int] = (12, 0), window: int = 60) -> Inputs:
    return describe(given, seasons, ANCHORS, AHEAD, window)


@pytest.mark.parametrize("seasons", [(1, 0), (12, 0), (4, 24)])
def test_shapes_and_types(seasons: tuple[int, int]) -> None:
    inputs = described(values(), seasons)
    assert inputs.steps.shape == (3, 60, FEATURES)
    assert inputs.steps.dtype == torch.float32
    assert inputs.present.shape == (3, 60)
    assert inputs.at.tolist() == (ANCHORS - 40).tolist()
    assert inputs.ahead.shape == (4, AHEAD_FEATURES)
    assert inputs.candidates.shape == (3, 3, CANDIDATES, 4)
    assert torch.as_tensor(inputs.seasons).tolist() == list(seasons)
    assert inputs.unit.shape == inputs.last.shape == (3, 3)
    for tensor in (inputs.steps, inputs.ahead, inputs.candidates, inputs.unit, inputs.last):
        assert tensor.isfinite().all()


def test_targets_are_what_came_in_units_from_the_last_value() -> None:
    given = values()
    inputs = described(given)
    for b in range(3):
        for a, anchor in enumerate(ANCHORS[b]):
            seen = given[b, : anchor + 1]
            assert inputs.last[b, a] == seen[~np.isnan(seen)][-1]
            for h, ahead in enumerate(AHEAD):
                target = float(inputs.target[b, a, h])
                if anchor + ahead >= 100:
                    assert np.isnan(target)
                    continue
                back = float(inputs.last[b, a]) + float(inputs.unit[b, a]) * target
                assert back == pytest.approx(given[b, anchor + ahead], rel=1e-5)


def test_targets_that_are_missing_or_beyond_all_measure_teach_nothing() -> None:
    given = values()
    given[0, 61], given[1, 72] = np.nan, 1e9
    inputs = described(given)
    assert inputs.target[0, 0, 0].isnan()
    assert inputs.target[1, 0, 1].isnan()
    assert inputs.target[1, 1, 0].isnan()
    assert not inputs.target[1, 0, 0].isnan()


@pytest.mark.filterwarnings("error")
def test_other_targets_of_any_size() -> None:
    given = replace(described(values()), last=torch.ones(3, 3).double(), unit=torch.full((3, 3), 2.0).double())
    came = np.array([1e308, -1e308, np.nan, np.inf, 3.0, 601.0, 601.5, 599.0])
    found = given.with_targets(np.broadcast_to(came, (3, 3, 8))).target
    expected = torch.tensor([*[torch.nan] * 4, 1.0, 300.0, torch.nan, 299.0])
    assert torch.equal(found.nan_to_num(-1), expected.expand(3, 3, 8).nan_to_num(-1))
    tiny = replace(given, unit=torch.full((3, 3), 1e-320, dtype=torch.float64))
    assert tiny.with_targets(np.broadcast_to(came, (3, 3, 8))).target.isnan().all()


def test_before_its_first_value_a_series_teaches_nothing() -> None:
    given = values()
    given[0, :61] = np.nan
    target = described(given).target
    assert target[0, 0].isnan().all()
    assert not target[0, 1:, 0].isnan().any()


@pytest.mark.parametrize("seasons", [(1, 0), (12, 0), (4, 24)])
def test_nothing_is_known_of_later_values(seasons: tuple[int, int]) -> None:
    given, other = values(), values()
    other[:, 81:] = 1e4 * np.random.default_rng(9).normal(size=(3, 19))
    one, two = described(given, seasons), described(other, seasons)
    # Step 80 is the 40th of the last 60.
    assert torch.equal(one.steps[:, :41], two.steps[:, :41])
    assert not torch.equal(one.steps[:, 41:], two.steps[:, 41:])
    before = torch.from_numpy(ANCHORS <= 80)
    assert torch.equal(one.candidates[before], two.candidates[before])
    assert torch.equal(one.unit[before], two.unit[before])
    assert torch.equal(one.last[before], two.last[before])
    assert not torch.equal(one.candidates[~before], two.candidates[~before])


@pytest.mark.parametrize("factor", [2.0**-30, 8.0, 2.0**40])
def test_powers_of_two_change_no_more_than_the_unit(factor: float) -> None:
    one, scaled = described(values()), described(factor * values())
    torch.testing.assert_close(scaled.steps, one.steps, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(scaled.candidates, one.candidates, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(scaled.target, one.target, equal_nan=True)
    torch.testing.assert_close(scaled.unit, factor * one.unit)
    torch.testing.assert_close(scaled.last, factor * one.last)


def test_everything_is_of_order_1() -> None:
    wild = np.exp(np.random.default_rng(0).normal(0, 6, (3, 100)))
    for given in (
        values(),
        wild,
        np.full((3, 100), 7.0),
        np.where(np.arange(100) % 9 == 0, 3.0, 0.0) + np.zeros((3, 1)),
    ):
        inputs = described(given)
        assert inputs.steps.isfinite().all()
        assert inputs.steps.abs().max() < 20


def test_a_series_is_present_from_its_first_value_on() -> None:
    given = values()
    given[0, :75], given[1] = np.nan, np.nan
    inputs = described(given)
    assert inputs.present[0].tolist() == [0.0] * 35 + [1.0] * 25
    assert (inputs.present[1] == 0).all()
    assert (inputs.present[2] == 1).all()
    assert inputs.target[1].isnan().all()
    for tensor in (inputs.steps, inputs.candidates, inputs.unit, inputs.last):
        assert tensor.isfinite().all()


def test_a_window_longer_than_the_series_is_the_series() -> None:
    inputs = described(values(), window=1000)
    assert inputs.steps.shape[1] == 100
    assert inputs.at.tolist() == ANCHORS.tolist()


def test_how_far_ahead_a_step_is_is_told_in_steps_and_seasons() -> None:
    features = ahead_features(np.array([1, 12, 13, 24]), (12, 0))
    assert features.shape == (4, AHEAD_FEATURES)
    assert features.dtype == np.float32
    np.testing.assert_allclose(features[:, 1], [1, 1 / 12, 1 / 13, 1 / 24], rtol=1e-6)
    np.testing.assert_allclose(features[:, 4], np.array([1 / 12, 1, 13 / 12, 2]) / 3, rtol=1e-6)
    assert features[:, 6].tolist() == [1, 1, 0, 0]
    # Steps one season apart have the same phase; another step has not.
    np.testing.assert_allclose(features[1, 9:11], features[3, 9:11], atol=1e-6)
    np.testing.assert_allclose(features[0, 9:11], features[2, 9:11], atol=1e-6)
    assert abs(features[0, 9] - features[1, 9]) > 0.4
    assert (features[:, 11:] == 0).all()


@pytest.mark.parametrize("seasons", [(1, 0), (2, 0), (24, 168), (366, 0)])
def test_steps_ahead_of_any_distance_are_of_order_1(seasons: tuple[int, int]) -> None:
    features = ahead_features(np.array([1, 2, 7, 1000, 100_000]), seasons)
    assert np.isfinite(features).all()
    assert np.abs(features).max() <= 6
    assert (features[:, 13] == (seasons[1] > 0)).all()


def test_a_step_ahead_is_described_the_same_beside_any_others() -> None:
    every = ahead_features(np.arange(1, 31), (7, 28))
    np.testing.assert_array_equal(ahead_features(np.array([3, 30]), (7, 28)), every[[2, 29]])


def with_covariates() -> Inputs:
    generator = torch.Generator().manual_seed(0)
    given = described(values())
    return replace(
        given,
        covariates=torch.randn(3, 60, 2, generator=generator),
        future=torch.randn(3, 3, 4, 3, generator=generator),
        static=torch.randn(3, 1, generator=generator),
        categories=torch.tensor([[1], [0], [2]]),
    )


def test_without_a_table_beside_them_series_have_no_covariates() -> None:
    given = described(values())
    assert given.covariates.shape == (3, 60, 0)
    assert given.future.shape == (3, 3, 4, 0)
    assert given.static.shape == given.categories.shape == (3, 0)


@pytest.mark.parametrize("length", [1, 7, 30, 59, 60, 61])
def test_chunks_rejoin_to_the_whole(length: int) -> None:
    whole = with_covariates()
    pieces = whole.chunks(length)
    assert [piece.steps.shape[1] for piece in pieces[:-1]] == [length] * (len(pieces) - 1)
    for name in ("steps", "present", "covariates"):
        assert torch.equal(torch.cat([getattr(piece, name) for piece in pieces], 1), getattr(whole, name)), name
    for k, piece in enumerate(pieces):
        inside = whole.at // length == k
        assert torch.equal((piece.at + k * length)[inside], whole.at[inside])
        assert ((piece.at >= 0) & (piece.at < piece.steps.shape[1])).all()
        torch.testing.assert_close(piece.target[inside], whole.target[inside], rtol=0, atol=0, equal_nan=True)
        assert piece.target[~inside].isnan().all()
        for field in fields(whole):
            if field.name not in ("steps", "present", "covariates", "at", "target"):
                assert getattr(piece, field.name) is getattr(whole, field.name), field.name


def test_parts_rejoin_to_the_whole() -> None:
    whole = with_covariates()
    parts = whole.split(3)
    for field in fields(whole):
        own = [getattr(part, field.name) for part in parts]
        if field.name in ("step_ahead", "ahead", "seasons"):
            assert all(one is getattr(whole, field.name) for one in own)
            continue
        assert [len(one) for one in own] == [1, 1, 1], field.name
        torch.testing.assert_close(torch.cat(own), getattr(whole, field.name), rtol=0, atol=0, equal_nan=True)


def test_a_move_to_a_device_takes_all_along() -> None:
    moved = with_covariates().to(torch.device("meta"))
    assert all(getattr(moved, field.name).is_meta for field in fields(moved))

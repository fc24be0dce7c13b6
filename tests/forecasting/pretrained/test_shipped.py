"""The weights that come with foretell: there, sound, able to forecast; and what is said where they are not."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from foretell.errors import ModelError
from foretell.forecasting.pretrained.shipped import WEIGHTS, load, shipped

from ..conftest import forecast_of


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copy(WEIGHTS, tmp_path / "weights.safetensors"))


def contents(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    with safe_open(path, "pt") as stored:
        return {name: stored.get_tensor(name) for name in stored.keys()}, dict(stored.metadata())  # noqa: SIM118


def test_the_weights_are_small_and_sound() -> None:
    assert WEIGHTS.stat().st_size < 8e6
    network = shipped().network
    assert not network.training
    assert not any(weight.requires_grad for weight in network.parameters())
    assert shipped() is shipped()


def test_loading_leaves_random_numbers_alone(copy: Path) -> None:
    state = torch.random.get_rng_state()
    load(copy)
    assert torch.equal(torch.random.get_rng_state(), state)


def test_missing_weights(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"weights are missing.*nothing\.safetensors.*install foretell again"):
        load(tmp_path / "nothing.safetensors")


@pytest.mark.parametrize("kept", [0, 5, 200, 100_000])
def test_truncated_weights(copy: Path, kept: int) -> None:
    copy.write_bytes(copy.read_bytes()[:kept])
    with pytest.raises(ModelError, match=r"weights are damaged.*install foretell again"):
        load(copy)


def test_weights_that_are_text(copy: Path) -> None:
    copy.write_text("version https://git-lfs.github.com/spec/v1\n" * 4)
    with pytest.raises(ModelError, match="damaged"):
        load(copy)


@pytest.mark.parametrize(
    "described",
    [
        {},
        {"hidden": "7"},
        {"hidden": "many"},
        {"layers": "-1"},
        {"layers": "0"},
        {"hidden": "-160"},
        {"colour": "3"},
    ],
    ids=str,
)
def test_sizes_that_do_not_fit(copy: Path, described: dict[str, str]) -> None:
    tensors, sizes = contents(copy)
    save_file(tensors, copy, {**sizes, **described} if described else None)
    with pytest.raises(ModelError, match="damaged"):
        load(copy)


def test_a_tensor_too_few_or_of_another_shape(copy: Path) -> None:
    tensors, sizes = contents(copy)
    name = next(iter(tensors))
    for wrong in (
        {key: tensor for key, tensor in tensors.items() if key != name},
        {**tensors, name: torch.zeros(3, 3)},
        {**tensors, "stranger": torch.zeros(1)},
    ):
        save_file(wrong, copy, sizes)
        with pytest.raises(ModelError, match="damaged"):
            load(copy)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite(copy: Path, value: float) -> None:
    tensors, sizes = contents(copy)
    tensors["step.weight"][0, 0] = value
    save_file(tensors, copy, sizes)
    with pytest.raises(ModelError, match=r"damaged.*not finite"):
        load(copy)


def test_a_folder_in_the_place_of_the_weights(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="weights"):
        load(tmp_path)


@pytest.mark.parametrize(("season", "length"), [(12, 96), (4, 48), (24, 240)])
def test_a_season_is_continued(season: int, length: int) -> None:
    at = np.arange(length + season)
    values = 100 + 20 * np.sin(2 * np.pi * at / season)
    found = forecast_of(shipped().network, [values[:length]], (season,), season)
    actual = values[length:]
    error = np.abs(found.quantiles[0, :, 7] - actual).mean()
    naive = np.abs(values[length - 1] - actual).mean()
    assert error < 0.25 * naive


def test_a_line_is_continued_and_a_level_kept() -> None:
    line = 50 + 2.0 * np.arange(60)
    median = forecast_of(shipped().network, [line], (), 6).quantiles[0, :, 7]
    assert (np.diff(median) > 0).all()
    assert np.abs(median - (50 + 2.0 * np.arange(60, 66))).max() < 6
    noise = 50 + np.random.default_rng(0).normal(size=100)
    median = forecast_of(shipped().network, [noise], (), 6).quantiles[0, :, 7]
    assert np.abs(median - 50).max() < 1


def test_intervals_hold_about_what_they_promise_on_noise() -> None:
    random = np.random.default_rng(0)
    series = 10 + random.normal(size=(150, 106))
    found = forecast_of(shipped().network, list(series[:, :100]), (), 6).quantiles
    inside = (series[:, 100:] >= found[..., 3]) & (series[:, 100:] <= found[..., 11])
    assert 0.7 < inside.mean() < 0.9

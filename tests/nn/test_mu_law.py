"""Companding and its inverse."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from foretell.nn import mu_law


@pytest.mark.parametrize("levels", [2, 3, 16, 255, 256, 1024, 65536])
def test_every_level_comes_back(levels: int) -> None:
    all_of_them = torch.arange(levels)
    waveform = mu_law.decode(all_of_them, levels)
    assert waveform.dtype == torch.float32
    assert (waveform.diff() > 0).all()
    assert waveform.abs().max() <= 1
    assert waveform[0].item() == pytest.approx(-1, abs=1e-6)
    for dtype in (torch.float32, torch.float64):
        assert mu_law.encode(waveform.to(dtype), levels).equal(all_of_them)


@pytest.mark.parametrize("levels", [2, 5, 256, 65536])
def test_silence_is_exact(levels: int) -> None:
    assert mu_law.encode(torch.tensor([0.0, -0.0]), levels).tolist() == [levels // 2] * 2
    assert mu_law.decode(torch.tensor(levels // 2), levels).item() == 0


def test_the_curve() -> None:
    for x in (-1.0, -0.5, -0.01, -1e-4, 1e-4, 0.003, 0.2, 0.97):
        companded = math.copysign(math.log(1 + 255 * abs(x)) / math.log(256), x)
        assert int(mu_law.encode(torch.tensor(x))) == min(round(128 + 128 * companded), 255)
    # Level 192 stands for f(x) = 1/2, of which the inverse is (256**0.5 - 1) / 255.
    assert mu_law.decode(torch.tensor([64, 192])).tolist() == pytest.approx([-15 / 255, 15 / 255])


def test_an_error_is_small_beside_the_value() -> None:
    x = torch.linspace(-1, 1, 100_001, dtype=torch.float64)
    error = (mu_law.decode(mu_law.encode(x)) - x).abs()
    # A level is ln(256) / 128 wide in the logarithm; the highest reaches twice as far on its outer side.
    width = math.log(256) / 128
    assert (error <= (x.abs() + 1 / 255) * width * torch.where(x > 0.95, 1.0, 0.51)).all()


def test_what_is_beyond_is_clamped() -> None:
    x = torch.tensor([-torch.inf, -3.0, -1.0, 1.0, 1.01, torch.inf])
    assert mu_law.encode(x).tolist() == [0, 0, 0, 255, 255, 255]


def test_shapes_and_half_precision() -> None:
    x = torch.tensor([[0.5, -0.25], [0.0, 1.0]])
    assert mu_law.encode(x).shape == (2, 2)
    assert mu_law.encode(x).dtype == torch.int64
    assert mu_law.encode(x.half()).equal(mu_law.encode(x))
    assert mu_law.decode(mu_law.encode(x).to(torch.uint8)).equal(mu_law.decode(mu_law.encode(x)))
    assert mu_law.encode(torch.zeros(0)).tolist() == []
    assert mu_law.decode(torch.zeros(0, dtype=torch.int64)).tolist() == []


def test_16_bit_sound_keeps_its_order() -> None:
    every = torch.from_numpy(np.arange(-(2**15), 2**15) / np.float32(2**15)).float()
    levels = mu_law.encode(every)
    assert (levels.diff() >= 0).all()
    assert torch.unique(levels).tolist() == list(range(256))


def test_errors() -> None:
    with pytest.raises(ValueError, match="contains NaN"):
        mu_law.encode(torch.tensor([0.0, torch.nan]))
    with pytest.raises(ValueError, match=r"must be floats in \[-1, 1\], got torch.int16"):
        mu_law.encode(torch.tensor([3], dtype=torch.int16))
    with pytest.raises(ValueError, match=r"must be whole numbers, got torch\.float32"):
        mu_law.decode(torch.tensor([3.0]))
    for levels in (torch.tensor([256]), torch.tensor([0, -1])):
        with pytest.raises(ValueError, match="must be from 0 to 255"):
            mu_law.decode(levels)
    for count in (1, 0, True, 2**16 + 1, 256.0):
        with pytest.raises(ValueError, match="whole number from 2 to 65,536"):
            mu_law.encode(torch.zeros(1), count)  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="whole number from 2 to 65,536"):
            mu_law.decode(torch.zeros(1).long(), count)  # type: ignore[arg-type]

"""A waveform as whole numbers and back."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from foretell.audio.levels import Levels, to_pcm
from foretell.nn.heads import Categorical, Gaussian, MixtureOfLogistics


@pytest.mark.parametrize("head", [MixtureOfLogistics(), Gaussian(), MixtureOfLogistics(2, bits=8)])
def test_every_number_of_a_file_has_a_grid_point_of_its_own(head) -> None:
    levels = Levels(head)
    half = 2 ** (head.bits - 1)
    numbers = np.arange(-half, half)
    kept = levels.encode((numbers / half).astype(np.float32))
    assert kept.dtype == np.int16
    np.testing.assert_array_equal(kept, numbers)
    values = levels.values(torch.from_numpy(kept))
    assert len(values.unique()) == 2 * half
    torch.testing.assert_close(head.nearest(values), values, rtol=0, atol=1e-7)
    np.testing.assert_array_equal(levels.waveform(values), (numbers / half).astype(np.float32))


def test_mu_law_is_kept_in_a_byte() -> None:
    levels = Levels(Categorical(256))
    kept = levels.encode(np.array([-2, -1, 0, 1, 2], np.float32))
    assert kept.dtype == np.uint8
    assert kept.tolist() == [0, 0, 128, 255, 255]
    values = levels.values(torch.from_numpy(kept))
    assert values.dtype == torch.int64
    waveform = levels.waveform(torch.arange(256))
    assert waveform.dtype == np.float32
    assert waveform[128] == 0
    np.testing.assert_array_equal(levels.encode(waveform), np.arange(256))


def test_what_is_beyond_is_clipped() -> None:
    assert to_pcm(np.array([-3, 3, 0.5], np.float32)).tolist() == [-(2**15), 2**15 - 1, 2**14]


@pytest.mark.parametrize("head", [Categorical(256), Gaussian()])
def test_blocks_give_what_the_whole_gives(head, monkeypatch: pytest.MonkeyPatch) -> None:
    waveform = np.random.default_rng(0).uniform(-1.2, 1.2, 1000).astype(np.float32)
    whole = Levels(head).encode(waveform)
    monkeypatch.setattr("foretell.audio.levels._BLOCK", 64)
    np.testing.assert_array_equal(Levels(head).encode(waveform), whole)
    assert Levels(head).encode(waveform[:0]).shape == (0,)

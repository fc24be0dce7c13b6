"""The filters that follow the vocoder."""

from __future__ import annotations

import numpy as np
import torch

from foretell.audio.signal import Frames, MelSpectrum
from foretell.speech.contour import Contour
from foretell.speech.synthesis import LOWERED, QUIET, SILENT, _AfterFilters, _temperatures

MEL = MelSpectrum(Frames(16_000), 40)
HOP, FRAMES = MEL.frames.hop, 40


def heard(level: float, due: float, sizes: tuple[int, ...] = (FRAMES,)) -> tuple[np.ndarray, np.ndarray]:
    """Noise through the filters, by how many dB each frame is louder; `level`: of its frames in the networks' units."""
    noise = np.random.default_rng(0).normal(0, 0.1, FRAMES * HOP).astype(np.float32)
    asked = MEL.of(noise) + np.float32(due * np.log(10) / 10)
    contour = Contour(asked, torch.full((1, FRAMES, 42), level), torch.zeros(0))
    filters, pieces, at = _AfterFilters(MEL, contour), [], 0
    for size in sizes:
        here = slice(at * HOP, (at + size) * HOP)
        count = size * HOP
        pieces.append(filters.of(noise[here], np.zeros(count, np.float32), np.full(count, 100.0), np.zeros(count)))
        at += size
    sound = np.concatenate([*pieces, filters.rest()])
    return sound, (MEL.of(sound) - MEL.of(noise))[3:-3].mean(1) * 10 / np.log(10)


def test_levels_are_those_that_are_due_however_it_is_cut_up() -> None:
    sound, louder = heard(0.0, 3.0)
    assert len(sound) == FRAMES * HOP
    np.testing.assert_allclose(louder, 3, atol=0.01)
    np.testing.assert_allclose(heard(0.0, 3.0, (10, 25, 5))[0], sound, rtol=0, atol=1e-6)
    np.testing.assert_allclose(heard(0.0, 3.0, (1,) * FRAMES)[0], sound, rtol=0, atol=1e-6)


def test_pauses_are_quieter_than_recordings() -> None:
    np.testing.assert_allclose(heard(QUIET + 0.01, 0.0)[1], 0, atol=0.01)
    np.testing.assert_allclose(heard((QUIET + SILENT) / 2, 0.0)[1], -LOWERED / 2, atol=0.01)
    np.testing.assert_allclose(heard(SILENT - 1, 0.0)[1], -LOWERED, atol=0.01)


def test_temperatures_follow_voicing_unless_one_is_given() -> None:
    voicing = torch.tensor([0.0, 0.5, 1.0])
    torch.testing.assert_close(_temperatures(None, voicing), torch.tensor([1.0, 0.85, 0.7]))
    assert _temperatures(0.6, voicing).tolist() == torch.full((3,), 0.6).tolist()

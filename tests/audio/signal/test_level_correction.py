"""Correction of levels, piece by piece, of sounds whose spectrum is known."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from foretell.audio.signal import Frames, LevelCorrection, MelSpectrum

FRAMES = 50
DECIBEL = np.log(10) / 10


def noise(mel: MelSpectrum) -> NDArray[np.float32]:
    return np.random.default_rng(0).normal(0, 0.1, FRAMES * mel.frames.hop).astype(np.float32)


def corrected(mel: MelSpectrum, waveform: NDArray[np.float32], due: NDArray[np.float32], sizes: list[int]) -> list:
    correction, pieces, at = LevelCorrection(mel), [], 0
    for size in sizes:
        piece = slice(at * mel.frames.hop, (at + size) * mel.frames.hop)
        pieces.append(correction.of(waveform[piece], due[at : at + size]))
        at += size
    return [*pieces, correction.rest()]


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 44_100])
def test_what_is_right_stays_as_it_is(rate: int) -> None:
    mel = MelSpectrum(Frames(rate), 40)
    waveform, hop = noise(mel), mel.frames.hop
    found = np.concatenate(corrected(mel, waveform, mel.of(waveform), [FRAMES]))
    assert found.shape == waveform.shape
    np.testing.assert_allclose(found, waveform, rtol=0, atol=1e-6)
    assert len(waveform) == FRAMES * hop


@pytest.mark.parametrize("sizes", [[7, 25, 18], [1] * FRAMES, [2, 3, 45]])
def test_pieces_are_the_whole_and_at_most_two_frames_late(sizes: list[int]) -> None:
    mel = MelSpectrum(Frames(16_000), 40)
    waveform = noise(mel)
    due = mel.of(waveform) + np.random.default_rng(1).normal(0, 1, (FRAMES, 40)).astype(np.float32)
    whole = np.concatenate(corrected(mel, waveform, due, [FRAMES]))
    pieces = corrected(mel, waveform, due, sizes)
    np.testing.assert_allclose(np.concatenate(pieces), whole, rtol=0, atol=1e-6)
    ready = np.cumsum([len(piece) for piece in pieces[:-1]])
    assert (ready == np.maximum(np.cumsum(sizes) - 2, 0) * mel.frames.hop).all()


def test_each_band_is_brought_to_its_level_but_not_beyond_the_limit() -> None:
    mel = MelSpectrum(Frames(16_000), 40)
    waveform = noise(mel)
    measured = mel.of(waveform)
    for asked, got in ((4, 4), (-4, -4), (20, 12), (-20, -12)):
        due = measured + np.float32(asked * DECIBEL)
        found = mel.of(np.concatenate(corrected(mel, waveform, due, [FRAMES])))
        np.testing.assert_allclose((found - measured)[2:-2] / DECIBEL, got, rtol=0, atol=0.01)
    slope = np.linspace(-4, 4, 40).astype(np.float32) * DECIBEL
    found = mel.of(np.concatenate(corrected(mel, waveform, measured + slope, [FRAMES])))
    assert np.abs(found - measured - slope)[2:-2].mean() / DECIBEL < 0.5


def test_nothing_is_nothing() -> None:
    mel = MelSpectrum(Frames(16_000), 40)
    assert len(LevelCorrection(mel).rest()) == 0
    short = np.concatenate(corrected(mel, np.zeros(160, np.float32), np.zeros((1, 40), np.float32), [1]))
    assert short.shape == (160,)
    assert not short.any()

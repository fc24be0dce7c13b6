"""Harmonics kept and the noise between them taken out, piece by piece, of tones that are known."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from foretell.audio.signal import Frames, HarmonicFilter
from foretell.audio.signal.harmonics import LATE

FRAMES = 60
RATES = (8_000, 16_000, 22_050)
Floats = NDArray[np.float64]


def glide(frames: Frames, hertz: float) -> tuple[Floats, Floats]:
    """Frequencies that rise by a tenth in the time, and the phase that they give."""
    samples = FRAMES * frames.hop
    frequencies = np.linspace(hertz, 1.1 * hertz, samples)
    return frequencies, 2 * np.pi * np.cumsum(frequencies) / frames.rate


def filtered(
    frames: Frames, waveform: Floats, frequencies: Floats, phase: Floats, voicing: Floats, sizes: list[int]
) -> list[NDArray[np.float32]]:
    harmonics, pieces, at = HarmonicFilter(frames), [], 0
    for size in sizes:
        here = slice(at * frames.hop, (at + size) * frames.hop)
        turned = (phase[here] % (2 * np.pi)).astype(np.float32)
        pieces.append(harmonics.of(waveform[here].astype(np.float32), turned, frequencies[here], voicing[here]))
        at += size
    return [*pieces, harmonics.rest()]


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("hertz", [80.0, 123.4, 300.0])
def test_harmonics_pass_and_what_lies_between_them_does_not(rate: int, hertz: float) -> None:
    frames = Frames(rate)
    frequencies, phase = glide(frames, hertz)
    numbers = np.arange(1, int(1000 / hertz))[:, None]
    tones = np.sin(numbers * phase + numbers**2).sum(0)
    between = np.sin((numbers + 0.5) * phase).sum(0)
    high = np.sin(2 * np.pi * 2500 / rate * np.arange(len(phase)))
    middle = slice(10 * frames.hop, -10 * frames.hop)

    def found(waveform: Floats, voicing: float) -> NDArray[np.float32]:
        share = np.full(len(phase), voicing)
        return np.concatenate(filtered(frames, waveform, frequencies, phase, share, [FRAMES]))

    assert found(tones, 1.0).shape == tones.shape
    assert (found(tones, 1.0) - tones)[middle].std() < 0.01 * tones[middle].std()
    assert found(between, 1.0)[middle].std() < 0.05 * between[middle].std()
    assert found(between, 0.5)[middle].std() == pytest.approx(0.5 * between[middle].std(), rel=0.05)
    assert (found(high, 1.0) - high)[middle].std() < 0.01
    assert np.array_equal(found(between, 0.0), between.astype(np.float32))


@pytest.mark.parametrize("sizes", [[10, 25, 25], [1] * FRAMES, [2, 3, 55]])
def test_pieces_are_the_whole_a_few_frames_late(sizes: list[int]) -> None:
    frames = Frames(16_000)
    frequencies, phase = glide(frames, 150)
    waveform = np.random.default_rng(0).normal(0, 0.1, len(phase))
    voicing = np.clip(3 * np.sin(np.arange(len(phase)) / 700), 0, 1)
    whole = np.concatenate(filtered(frames, waveform, frequencies, phase, voicing, [FRAMES]))
    assert whole.std() < 0.98 * waveform.std()
    pieces = filtered(frames, waveform, frequencies, phase, voicing, sizes)
    np.testing.assert_allclose(np.concatenate(pieces), whole, rtol=0, atol=1e-6)
    ready = np.cumsum([len(piece) for piece in pieces[:-1]])
    assert (ready == np.maximum(np.cumsum(sizes) - LATE, 0) * frames.hop).all()


def test_a_voice_is_as_loud_where_it_begins_as_where_it_goes_on() -> None:
    """The window reaches into silence, which does not count."""
    frames = Frames(16_000)
    frequencies, phase = glide(frames, 150)
    voicing = (np.arange(len(phase)) >= 30 * frames.hop).astype(np.float64)
    tone = voicing * np.cos(phase)
    found = np.concatenate(filtered(frames, tone, frequencies, phase, voicing, [FRAMES]))
    first = slice(30 * frames.hop, 32 * frames.hop)
    assert found[first].std() == pytest.approx(tone[first].std(), rel=0.05)


def test_nothing_is_nothing() -> None:
    assert len(HarmonicFilter(Frames(16_000)).rest()) == 0

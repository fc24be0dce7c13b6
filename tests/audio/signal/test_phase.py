"""The phase of voices whose phase is known."""

from __future__ import annotations

import numpy as np
import pytest

from foretell.audio.signal import Frames, PitchTracker, RunningPhase, measured_phase
from foretell.audio.signal.phase import pitch_at_samples


def turned(angles: np.ndarray) -> np.ndarray:
    """Angles from -pi to pi."""
    return (angles + np.pi) % (2 * np.pi) - np.pi


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050])
@pytest.mark.parametrize("hertz", [90.0, 210.0, 370.0])
def test_the_phase_of_a_gliding_voice(rate: int, hertz: float) -> None:
    frames = Frames(rate)
    frequency = hertz * np.linspace(1.0, 1.3, rate)
    true = 2 * np.pi * np.cumsum(frequency) / rate
    waveform = np.sum([np.cos(k * true + k) / k for k in range(1, 6)], 0).astype(np.float32)
    waveform += np.random.default_rng(0).normal(0, 0.05, rate).astype(np.float32)
    pitch = PitchTracker(frames).of(waveform)
    phase = measured_phase(waveform, pitch.hertz, pitch.voiced, frames)
    assert phase.shape == (frames.count(rate) * frames.hop,)
    assert phase.min() >= 0
    assert phase.max() <= 2 * np.pi
    inside = slice(rate // 20, rate - rate // 20)
    # The first harmonic is cos(true + 1); over a second its phase never drifts.
    assert np.abs(turned(phase[inside] - true[inside] - 1)).max() < 0.35


def test_phase_runs_on_from_piece_to_piece_at_the_pitch() -> None:
    frames = Frames(16_000)
    hertz = np.linspace(100, 160, 42).astype(np.float32)
    voiced = np.arange(42) > 12
    frequencies, _ = pitch_at_samples(hertz, voiced, frames.hop)
    whole = RunningPhase(frames).of(frequencies)
    running = RunningPhase(frames)
    pieces = [running.of(frequencies[a * 160 : b * 160]) for a, b in ((0, 5), (5, 30), (30, 40))]
    assert np.abs(turned(np.concatenate(pieces) - whole)).max() < 1e-4
    steps = turned(np.diff(whole)) * 16_000 / (2 * np.pi)
    due = np.interp(np.arange(1, 40 * 160), (np.arange(42) - 0.5) * 160 - 0.5, hertz)
    inside = slice(15 * 160, 39 * 160)
    assert np.abs(steps - due)[inside].max() < 0.5


def test_where_voicing_ends_the_pitch_stays() -> None:
    hertz = np.array([100, 100, 300, 300], np.float32)
    frequencies, share = pitch_at_samples(hertz, np.array([True, True, False, False]), 80)
    assert np.all(frequencies[:120] == 100)
    assert share[39:41] == pytest.approx([1, 1], abs=0.01)
    assert share[80] == pytest.approx(0.5, abs=0.01)
    assert np.all(share[121:] == 0)


def test_the_phase_of_silence_and_of_nothing() -> None:
    frames = Frames(8_000)
    quiet = measured_phase(np.zeros(800, np.float32), np.zeros(10, np.float32), np.zeros(10, np.bool_), frames)
    assert quiet.shape == (800,)
    assert np.isfinite(quiet).all()
    assert measured_phase(np.zeros(0, np.float32), np.zeros(0, np.float32), np.zeros(0, np.bool_), frames).shape == (0,)

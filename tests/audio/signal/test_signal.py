"""Mel spectra, pitch and linear prediction of sounds whose properties are known."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from foretell.audio.signal import (
    Frames,
    LinearPrediction,
    MelSpectrum,
    PitchTracker,
    cepstrum,
    with_deltas,
)

RATES = (8_000, 16_000, 22_050)


def vowel(
    rate: int, hertz: float, seconds: float = 1.0, formants: tuple[float, ...] = (700, 1200)
) -> NDArray[np.float32]:
    """Pulses through two resonances of 80 Hz."""
    count = round(seconds * rate)
    phase = np.cumsum(np.full(count, hertz / rate))
    signal = np.diff(np.floor(phase), prepend=0.0)
    for formant in formants:
        radius = np.exp(-np.pi * 80 / rate)
        first, second = 2 * radius * np.cos(2 * np.pi * formant / rate), -(radius**2)
        out = np.zeros(count)
        for t in range(count):
            out[t] = signal[t] + first * out[t - 1] * (t > 0) + second * out[t - 2] * (t > 1)
        signal = out
    return (0.5 * signal / np.abs(signal).max()).astype(np.float32)


def noise(count: int, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(0, 0.1, count).astype(np.float32)


@pytest.mark.parametrize("rate", RATES)
def test_frames_cover_every_sample(rate: int) -> None:
    frames = Frames(rate)
    assert frames.hop % 4 == 0
    assert frames.seconds == pytest.approx(0.01, rel=0.01)
    waveform = np.arange(1, 5 * frames.hop + 2, dtype=np.float32)
    assert frames.count(len(waveform)) == 6
    windows = frames.windows(waveform, frames.hop)
    assert windows.reshape(-1)[: len(waveform)].tolist() == waveform.tolist()
    assert not windows.reshape(-1)[len(waveform) :].any()
    wide = frames.windows(waveform, 3 * frames.hop)
    assert wide[:, frames.hop : 2 * frames.hop].tolist() == windows.tolist()
    assert frames.windows(waveform[:0], 400).shape == (0, 400)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("bands", [24, 80])
def test_white_noise_of_unit_variance_has_zero_in_every_band(rate: int, bands: int) -> None:
    mel = MelSpectrum(Frames(rate), bands).of(10 * noise(4 * rate))
    assert mel.shape == (-(-4 * rate // Frames(rate).hop), bands)
    power = np.log(np.exp(mel).mean(0))
    assert np.abs(power[2:]).max() < 0.25


def test_a_tone_is_in_its_band() -> None:
    spectrum = MelSpectrum(Frames(16_000), 40)
    for band in (5, 20, 35):
        tone = np.sin(2 * np.pi * spectrum.centres[band] * np.arange(16_000) / 16_000).astype(np.float32)
        assert (spectrum.of(tone)[5:-5].argmax(1) == band).all()
    assert (spectrum.of(np.zeros(1600, np.float32)) == np.log(np.float32(1e-8))).all()


def test_cepstrum_is_an_orthonormal_transform() -> None:
    log_mel = noise(7 * 24).reshape(7, 24)
    whole = cepstrum(log_mel, 24)
    assert np.allclose((whole**2).sum(1), (log_mel**2).sum(1), rtol=1e-4)
    assert np.allclose(whole[:, 0], log_mel.sum(1) / np.sqrt(24), atol=1e-6)
    assert np.array_equal(cepstrum(log_mel, 5), whole[:, :5]) or np.allclose(cepstrum(log_mel, 5), whole[:, :5])


def test_deltas_are_slopes() -> None:
    ramp = np.outer(np.arange(9), [1.0, -2.0]).astype(np.float32)
    assert np.allclose(with_deltas(ramp)[2:-2, 2:], [1.0, -2.0])
    assert np.array_equal(with_deltas(ramp)[:, :2], ramp)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("hertz", [80.0, 123.4, 220.0, 400.0])
def test_pitch_of_a_vowel(rate: int, hertz: float) -> None:
    pitch = PitchTracker(Frames(rate)).of(vowel(rate, hertz, 0.5))
    assert pitch.voiced[3:-5].all()
    assert np.abs(np.log2(pitch.hertz[3:-5] / hertz)).max() < 0.02


def test_pitch_between_voiced_stretches_is_interpolated() -> None:
    rate = 16_000
    quiet = 1e-4 * noise(rate // 4)
    waveform = np.concatenate([vowel(rate, 100, 0.4), noise(rate // 4), vowel(rate, 200, 0.4), quiet])
    pitch = PitchTracker(Frames(rate)).of(waveform)
    assert pitch.voiced[5:35].all()
    assert pitch.voiced[70:100].all()
    assert pitch.voiced[44:61].mean() < 0.2
    assert not pitch.voiced[112:].any()
    assert 100 < pitch.hertz[52] < 200
    assert pitch.hertz[-1] == pytest.approx(200, rel=0.03)


def test_pitch_of_silence_and_of_nothing() -> None:
    tracker = PitchTracker(Frames(16_000))
    silent = tracker.of(np.zeros(8_000, np.float32))
    assert not silent.voiced.any()
    assert not silent.hertz.any()
    assert len(tracker.of(np.zeros(0, np.float32)).hertz) == 0


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("whitening", [1.0, 0.5, 0.0])
def test_residual_and_synthesis_are_inverse(rate: int, whitening: float) -> None:
    waveform = np.concatenate([vowel(rate, 130, 0.3), noise(rate // 5), vowel(rate, 210, 0.3, (300, 2200))])
    mel = MelSpectrum(Frames(rate), 40)
    prediction = LinearPrediction(mel, 16, whitening)
    filters = prediction.filters(mel.of(waveform))
    residual = prediction.residual(waveform, filters)
    assert len(residual) == mel.frames.count(len(waveform)) * mel.frames.hop
    again, _ = prediction.synthesise(residual, filters)
    assert np.abs(again[: len(waveform)] - waveform).max() < 1e-5


@pytest.mark.parametrize("whitening", [1.0, 0.5, 0.0])
def test_the_residual_of_noise_has_what_is_left_of_its_spectrum_and_unit_variance(whitening: float) -> None:
    mel = MelSpectrum(Frames(16_000), 40)
    prediction = LinearPrediction(mel, 16, whitening)
    coloured = np.convolve(noise(32_000), [1, 1.6, 0.64])[:32_000].astype(np.float32)
    residual = prediction.residual(coloured, prediction.filters(mel.of(coloured)))
    assert residual.std() == pytest.approx(1, abs=0.15)

    def shape(waveform: np.ndarray) -> np.ndarray:
        spectrum = np.log(np.exp(mel.of(waveform)).mean(0))[2:]
        return spectrum - spectrum.mean()

    assert np.abs(shape(coloured)).max() > 5
    assert np.abs(shape(residual) - (1 - whitening) * shape(coloured)).max() < 1.5


def test_synthesis_in_chunks_is_that_of_the_whole() -> None:
    mel = MelSpectrum(Frames(16_000), 40)
    prediction = LinearPrediction(mel, 16)
    waveform = vowel(16_000, 150, 0.3)
    filters = prediction.filters(mel.of(waveform))
    residual = prediction.residual(waveform, filters)
    whole, _ = prediction.synthesise(residual, filters)
    past, parts = None, []
    for start in range(0, len(filters), 17):
        stop = min(start + 17, len(filters))
        chunk = residual[start * prediction.part : stop * prediction.part]
        sound, past = prediction.synthesise(chunk, filters[start:stop], past)
        parts.append(sound)
    assert np.allclose(np.concatenate(parts), whole, atol=1e-6)

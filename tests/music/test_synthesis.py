from __future__ import annotations

import io
import sys
from itertools import pairwise

import numpy as np
import pytest
import soundfile

from foretell import MissingExtraError, SettingsError
from foretell.music.synthesis import SAMPLE_RATE, require_duration, synthesise, wav_bytes

A4 = np.array([[69, 0, 0, 0]] * 8)


def test_a_tone_has_its_pitch_and_dies_away() -> None:
    sound = synthesise(A4, beats_a_minute=60)
    spectrum = np.abs(np.fft.rfft(sound[: 2 * SAMPLE_RATE]))
    assert np.argmax(spectrum) / 2 == pytest.approx(440, abs=1)
    loudness = [float(np.abs(sound[k * SAMPLE_RATE // 2 :][: SAMPLE_RATE // 2]).max()) for k in range(6)]
    assert loudness[0] == pytest.approx(0.8)
    assert all(later < earlier for earlier, later in pairwise(loudness[:4]))
    assert loudness[5] == 0


def test_length_and_silence() -> None:
    assert len(synthesise(np.zeros((16, 4), int), beats_a_minute=120)) == round((2 + 1) * SAMPLE_RATE)
    assert not synthesise(np.zeros((16, 4), int)).any()
    assert np.abs(synthesise(np.array([[72, 67, 64, 48]] * 4))).max() == pytest.approx(0.8)


def test_a_voice_more_is_heard() -> None:
    both = np.array([[69, 0, 0, 57]] * 8)
    spectrum = np.abs(np.fft.rfft(synthesise(both, beats_a_minute=60)[: 2 * SAMPLE_RATE]))
    assert spectrum[440] > 100 * np.median(spectrum)
    assert spectrum[880] > 100 * np.median(spectrum)


def test_wav() -> None:
    sound, rate = soundfile.read(io.BytesIO(wav_bytes(A4)), dtype="float32")
    assert rate == SAMPLE_RATE
    assert np.abs(sound - synthesise(A4)).max() < 1e-4


def test_without_soundfile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "soundfile", None)
    with pytest.raises(MissingExtraError, match=r"foretell\[music\]"):
        wav_bytes(A4)


def test_more_than_an_hour_is_refused() -> None:
    require_duration(21_600, 90)
    with pytest.raises(SettingsError, match=r"21,601 chords at 90 beats per minute are 3,600 s of sound"):
        require_duration(21_601, 90)
    with pytest.raises(SettingsError, match=r"write \.mid"):
        wav_bytes(np.zeros((10_000, 4), dtype=np.int64), beats_a_minute=10)

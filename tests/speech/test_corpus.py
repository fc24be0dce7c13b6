"""Recordings as they are read, and symbols as they are aligned."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from foretell.audio.signal import Frames
from foretell.errors import ForetellError
from foretell.speech import SpeechSettings, Voices, read_speech
from foretell.speech.alignment import NOTHING, SILENCE
from foretell.speech.corpus import aligned_as, bounded, expectation
from foretell.speech.utterance import Segment


def test_symbols_stand_between_two_boundaries() -> None:
    segment = Segment((" ", "a", " ", "n", ".", " "), (0, 1, 0, 0, 0, 0), "en")
    assert bounded(segment) == ((" ", "a", " ", "n", ".", " "), (0, 1, 0, 0, 0, 0))
    assert bounded(Segment(("a",), (2,), "en")) == ((" ", "a", " "), (0, 2, 0))


def test_punctuation_has_the_silence_of_the_symbols_beside_it() -> None:
    symbols = (" ", "a", " ", "n", ",", " ", "a", ".", " ")
    found = aligned_as(symbols, {"a": 0, "n": 1})
    assert found.tolist() == [SILENCE, 0, SILENCE, 1, SILENCE, NOTHING, 0, SILENCE, NOTHING]


def test_recordings_of_two_voices(record: Callable[..., Path], tmp_path: Path) -> None:
    folders = [record(tmp_path / "anna", 200.0, ["ana sa", "nisa"]), record(tmp_path / "otto", 100.0, ["una"])]
    soundfile.write(tmp_path / "otto" / "wavs" / "more.wav", np.ones(80), 8_000)
    speech = read_speech(folders, rate=None, bands=24, phonemes=True)
    assert (speech.rate, speech.voices, speech.untranscribed, speech.left_out) == (8_000, ("anna", "otto"), 1, {})
    first = speech.recordings[0]
    assert first.symbols == (" ", "a", "n", "a", " ", "s", "a", ".", " ")
    assert first.mel.shape == (len(first.hertz), 24) == (-(-len(first.samples) // 80), 24)
    assert np.abs(np.log2(np.median(first.hertz[first.voiced]) / 200)) < 0.05
    assert speech.seconds == pytest.approx(0.8 + 0.6 + 0.5)


def test_what_cannot_be_used_is_left_out_and_named(record: Callable[..., Path], tmp_path: Path) -> None:
    folder = record(tmp_path / "anna", 200.0, ["ana", "sani", "nana", "nasa", "nisa"])
    noise = np.random.default_rng(0).normal(0, 0.1, 31 * 8_000)
    soundfile.write(folder / "wavs" / "01.wav", noise[:400], 8_000)
    soundfile.write(folder / "wavs" / "02.wav", np.zeros(8_000), 8_000)
    soundfile.write(folder / "wavs" / "03.wav", noise, 8_000)
    with (folder / "metadata.csv").open("a") as file:
        file.write("04|en|sina\n")
    voices = Voices((folder,), phonemes=True)
    parts = voices.parts(settings(validation=0.0))
    assert [r.name for r in parts.training.recordings] == ["00.wav"]
    left_out = {reason.partition(";")[0]: names for reason, names in parts.training.left_out.items()}
    assert left_out == {
        "have several transcripts": ("04.wav",),
        "are too short for their transcripts": ("01.wav",),
        "are silent": ("02.wav",),
        "are longer than 30 s": ("03.wav",),
    }
    assert "1 recordings were left out, because they are silent: 02.wav." in parts.sentences
    assert parts.counts["left_out"] == 4


def settings(**more: Any) -> SpeechSettings:
    return SpeechSettings(bands=24, prediction_order=10, **more)


def test_what_to_expect_of_little_speech_is_said_before_training(record: Callable[..., Path], tmp_path: Path) -> None:
    voices = Voices((record(tmp_path / "anna", 200.0),), phonemes=True)
    parts = voices.parts(settings())
    seconds = parts.training.seconds
    assert 20 < seconds < 30
    assert parts.sentences[-1].startswith(f"There are {seconds:.0f} s of recordings per voice: expect to recognise")
    assert expectation(600, 2) is None
    assert expectation(599, 2) is not None


def test_clipped_recordings_are_said_to_be(record: Callable[..., Path], tmp_path: Path) -> None:
    folder = record(tmp_path / "anna", 200.0)
    voices = Voices((folder, record(tmp_path / "otto", 120.0)), phonemes=True)
    assert not any("clipped" in sentence for sentence in voices.parts(settings()).sentences)
    for path in (folder / "wavs").iterdir():
        waveform, rate = soundfile.read(path)
        soundfile.write(path, np.clip(50 * waveform, -1, 1), rate)
    parts = voices.parts(settings())
    said = [sentence for sentence in parts.sentences if "clipped" in sentence]
    assert len(said) == 1
    assert said[0].endswith("samples of anna are at the limits: its recordings are clipped.")
    assert all(np.isfinite(recording.mel).all() for recording in parts.training.recordings)


@pytest.mark.parametrize(("rate", "expected"), [(8_000, 8_000), (44_100, 16_000), (11_025, 11_025)])
def test_sampling_rates(rate: int, expected: int, record: Callable[..., Path], tmp_path: Path) -> None:
    folder = record(tmp_path / "anna", 200.0, ["ana sani", "nana"])
    for path in (folder / "wavs").iterdir():
        waveform, former = soundfile.read(path)
        times = np.arange(int(len(waveform) * rate / former)) / rate
        soundfile.write(path, np.interp(times, np.arange(len(waveform)) / former, waveform), rate)
    speech = read_speech([folder], rate=None, bands=24, phonemes=True)
    assert speech.rate == expected
    assert len(speech.recordings) == 2
    frames = Frames(expected)
    for recording in speech.recordings:
        assert len(recording.mel) == frames.count(len(recording.samples))
        assert np.median(recording.hertz[recording.voiced]) == pytest.approx(200, rel=0.03)
    assert read_speech([folder], rate=44_100, bands=24, phonemes=True).rate == 44_100


def test_other_rates_are_resampled(record: Callable[..., Path], tmp_path: Path) -> None:
    folder = record(tmp_path / "anna", 200.0, ["ana"])
    speech = read_speech([folder], rate=16_000, bands=24, phonemes=True)
    assert speech.rate == 16_000
    assert speech.seconds == pytest.approx(0.5, abs=0.001)


def test_refuses(record: Callable[..., Path], tmp_path: Path) -> None:
    folder = record(tmp_path / "anna", 200.0, ["ana", "n☃"])
    with pytest.raises(ForetellError, match=r"metadata\.csv:2: .*☃"):
        read_speech([folder], rate=None, bands=24, phonemes=True)
    (folder / "metadata.csv").write_text("00|ana\n")
    with pytest.raises(ForetellError, match=r"metadata\.csv:1 names no language: give --language"):
        read_speech([folder], rate=None, bands=24, phonemes=True)
    soundfile.write(folder / "wavs" / "00.wav", np.zeros(8_000), 8_000)
    with pytest.raises(ForetellError, match=r"no recording can be used \(1 are silent\); check that"):
        read_speech([folder], rate=None, bands=24, language="en", phonemes=True)
    (folder / "metadata.csv").write_text("00|en|ana\n00|en|ani\n")
    with pytest.raises(ForetellError, match=r"no recording can be used \(1 have several transcripts\)"):
        read_speech([folder], rate=None, bands=24, phonemes=True)
    (folder / "metadata.csv").write_text("00|en|мама\n")
    with pytest.raises(
        ForetellError, match=r"metadata\.csv:1: .*'мама' is written in Cyrillic letters, English in Latin"
    ):
        read_speech([folder], rate=None, bands=24)
    with pytest.raises(ForetellError, match="give a folder"):
        read_speech([], rate=None, bands=24)

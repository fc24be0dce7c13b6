"""Recordings as they are read, and symbols as they are aligned."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from foretell.errors import ForetellError
from foretell.speech import read_speech
from foretell.speech.alignment import NOTHING, SILENCE
from foretell.speech.corpus import aligned_as, bounded
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
    assert (speech.rate, speech.voices, speech.untranscribed, speech.too_short) == (8_000, ("anna", "otto"), 1, ())
    first = speech.recordings[0]
    assert first.symbols == (" ", "a", "n", "a", " ", "s", "a", ".", " ")
    assert first.mel.shape == (len(first.hertz), 24) == (-(-len(first.samples) // 80), 24)
    assert np.abs(np.log2(np.median(first.hertz[first.voiced]) / 200)) < 0.05
    assert speech.seconds == pytest.approx(0.8 + 0.6 + 0.5)


def test_what_cannot_be_aligned_is_left_out_and_named(record: Callable[..., Path], tmp_path: Path) -> None:
    folder = record(tmp_path / "anna", 200.0, ["ana", "sani", "nana"])
    soundfile.write(folder / "wavs" / "01.wav", np.random.default_rng(0).normal(0, 0.1, 400), 8_000)
    soundfile.write(folder / "wavs" / "02.wav", np.zeros(8_000), 8_000)
    speech = read_speech([folder], rate=None, bands=24, phonemes=True)
    assert [r.name for r in speech.recordings] == ["00.wav"]
    assert speech.too_short == ("01.wav", "02.wav")


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
    with pytest.raises(ForetellError, match="every recording is silent, or too short"):
        read_speech([folder], rate=None, bands=24, language="en", phonemes=True)
    soundfile.write(folder / "wavs" / "00.wav", np.random.default_rng(0).normal(0, 0.1, 31 * 8_000), 8_000)
    with pytest.raises(ForetellError, match="31 s long: cut recordings"):
        read_speech([folder], rate=None, bands=24, language="en", phonemes=True)
    with pytest.raises(ForetellError, match="give a folder"):
        read_speech([], rate=None, bands=24)

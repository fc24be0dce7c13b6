"""Reading sound: formats, widths, channels and rates; and what is no whole sound."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from foretell.audio.corpus import is_silent
from foretell.audio.reading import read_sound, sound_info
from foretell.errors import AudioError, MissingExtraError

RATE = 16_000


@pytest.mark.parametrize(
    ("ending", "subtype", "exact"),
    [
        (".wav", "PCM_U8", 2**-7),
        (".wav", "PCM_16", 2**-15),
        (".wav", "PCM_24", 2**-23),
        (".wav", "PCM_32", 2**-23),
        (".wav", "FLOAT", 1e-7),
        (".flac", "PCM_16", 2**-15),
        (".flac", "PCM_24", 2**-23),
        (".ogg", "VORBIS", 0.05),
        (".mp3", "MPEG_LAYER_III", 0.05),
    ],
)
def test_formats(ending: str, subtype: str, exact: float, tmp_path: Path, make_tone) -> None:
    sound = make_tone(0.5, RATE)
    path = tmp_path / f"sound{ending}"
    soundfile.write(path, sound, RATE, subtype=subtype)
    read = read_sound(path)
    assert read.dtype == np.float32
    assert read.shape == sound.shape
    assert np.abs(read - sound)[200:-200].max() <= exact
    assert sound_info(path).rate == RATE


@pytest.mark.parametrize("rate", [None, 2 * RATE])
def test_channels_that_cancel_are_no_silence(tmp_path: Path, make_tone, rate: int | None) -> None:
    left = make_tone(0.3)
    for right in (-left, -0.98 * left, -left + 0.05):
        soundfile.write(tmp_path / "s.wav", np.stack([left, right], 1), RATE, subtype="FLOAT")
        soundfile.write(tmp_path / "left.wav", left, RATE, subtype="FLOAT")
        np.testing.assert_array_equal(read_sound(tmp_path / "s.wav", rate), read_sound(tmp_path / "left.wav", rate))
        assert not is_silent(read_sound(tmp_path / "s.wav", rate))
    soundfile.write(tmp_path / "s.wav", np.stack([-0.97 * left, left], 1), RATE, subtype="FLOAT")
    np.testing.assert_array_equal(read_sound(tmp_path / "s.wav"), read_sound(tmp_path / "left.wav"))
    # Channels that have nothing in common, one that is silent, and silence itself are mixed as ever.
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, (len(left), 2)).astype(np.float32)
    for channels in (noise, np.stack([left, 0 * left], 1), np.stack([left, -0.7 * left], 1), 0 * noise):
        soundfile.write(tmp_path / "s.wav", channels, RATE, subtype="FLOAT")
        np.testing.assert_allclose(read_sound(tmp_path / "s.wav"), channels.mean(1), atol=1e-7)


def test_stereo_becomes_the_mean(tmp_path: Path, make_tone) -> None:
    left = make_tone(0.1, RATE)
    soundfile.write(tmp_path / "s.wav", np.stack([left, 0 * left], 1), RATE, subtype="FLOAT")
    np.testing.assert_allclose(read_sound(tmp_path / "s.wav"), left / 2, atol=1e-7)
    assert sound_info(tmp_path / "s.wav").channels == 2


@pytest.mark.parametrize("source", [8000, 11_025, 22_050, 44_100, 44_101, 96_000])
def test_any_rate(source: int, tmp_path: Path, make_tone) -> None:
    # Longer than a block, so that resampling goes across its edge.
    seconds = 3.5
    soundfile.write(tmp_path / "s.wav", make_tone(seconds, source), source, subtype="FLOAT")
    read = read_sound(tmp_path / "s.wav", RATE)
    assert abs(len(read) - seconds * RATE) <= 1
    wanted = make_tone(seconds, RATE)[: len(read)]
    assert np.abs(read[: len(wanted)] - wanted)[500:-500].max() < 2e-3


@pytest.mark.parametrize("ending", [".wav", ".flac", ".ogg", ".mp3"])
@pytest.mark.parametrize("share", [0.0, 0.002, 0.5, 0.95])
def test_cut_short(ending: str, share: float, tmp_path: Path, make_tone) -> None:
    path = tmp_path / f"sound{ending}"
    soundfile.write(path, make_tone(4.0, RATE), RATE)
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    with pytest.raises(AudioError, match="sound") as caught:
        read_sound(path)
    assert str(path) in str(caught.value)
    assert any(words in str(caught.value) for words in ("cut short", "empty", "cannot be read as audio", "damaged"))


def test_a_wav_from_a_pipe_does_not_know_its_length(tmp_path: Path, make_tone) -> None:
    path = tmp_path / "s.wav"
    soundfile.write(path, make_tone(0.1), 8000)
    data = bytearray(path.read_bytes())
    at = data.index(b"data")
    data[4:8] = data[at + 4 : at + 8] = b"\xff\xff\xff\xff"
    path.write_bytes(data)
    assert len(read_sound(path)) == 800


@pytest.mark.parametrize("content", [b"", b"hello " * 100, b"RIFF\0\0\0\0WAVE", b"ID3" + bytes(200), bytes(1000)])
def test_not_audio(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "noise.wav").write_bytes(content)
    with pytest.raises(AudioError, match=r"noise\.wav"):
        read_sound(tmp_path / "noise.wav")


def test_no_samples(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "s.wav", np.zeros(0), 8000)
    with pytest.raises(AudioError, match="holds no samples"):
        read_sound(tmp_path / "s.wav")


@pytest.mark.parametrize(("value", "said"), [(np.nan, "NaN"), (np.inf, "infinite"), (20_000.0, "20000")])
def test_impossible_samples(value: float, said: str, tmp_path: Path, make_tone) -> None:
    sound = make_tone(1.0)
    sound[4000] = value
    soundfile.write(tmp_path / "s.wav", sound, 8000, subtype="FLOAT")
    with pytest.raises(AudioError, match=rf"{said}.* at 0\.500 s"):
        read_sound(tmp_path / "s.wav", RATE)


def test_no_file_and_no_ordinary_file(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="there is no file"):
        read_sound(tmp_path / "s.wav")
    with pytest.raises(AudioError, match="not a regular file"):
        read_sound(tmp_path)


def test_a_rate_that_no_sound_has(tmp_path: Path, make_tone) -> None:
    soundfile.write(tmp_path / "s.wav", make_tone(0.1), 1)
    with pytest.raises(AudioError, match="has 1 samples per second"):
        read_sound(tmp_path / "s.wav", RATE)


@pytest.mark.skipif(os.name != "posix", reason="names are text there")
@pytest.mark.parametrize("name", [b"gr\xc3\xb6\xc3\x9fe.wav", b"gr\xf6\xdfe.wav"])
def test_names_in_any_encoding(name: bytes, tmp_path: Path, make_tone) -> None:
    path = tmp_path / os.fsdecode(name)
    soundfile.write(tmp_path / "s.wav", make_tone(0.1), 8000)
    (tmp_path / "s.wav").rename(path)
    assert len(read_sound(path)) == 800


def test_without_the_packages_the_extra_is_named(tmp_path: Path, make_tone, monkeypatch) -> None:
    soundfile.write(tmp_path / "s.wav", make_tone(0.1), 8000)
    monkeypatch.setitem(sys.modules, "soxr", None)
    with pytest.raises(MissingExtraError, match=r"soxr.*foretell\[audio\]"):
        read_sound(tmp_path / "s.wav", RATE)
    monkeypatch.setitem(sys.modules, "soundfile", None)
    with pytest.raises(MissingExtraError, match=r"soundfile.*foretell\[audio\]"):
        read_sound(tmp_path / "s.wav")


def test_importing_audio_is_instant() -> None:
    heavy = ["torch", "numpy", "soundfile", "soxr"]
    program = f"import sys, foretell.audio, foretell.audio.settings; print([n for n in {heavy} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_blocks_are_joined_in_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("foretell.audio.reading._BLOCK", 64)
    sound = np.random.default_rng(0).uniform(-1, 1, 1000).astype(np.float32)
    soundfile.write(tmp_path / "a.wav", sound, 8000, subtype="FLOAT")
    np.testing.assert_array_equal(read_sound(tmp_path / "a.wav"), sound)

"""MP3 files: their frames counted, whether or not they say how many there are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from foretell.audio.mp3 import count_frames
from foretell.audio.reading import read_sound
from foretell.errors import AudioError


def encoded(path: Path, mode: str, rate: int) -> bytes:
    """Loud, then quiet, so that frames differ in length where they may."""
    loud = np.random.default_rng(0).uniform(-0.9, 0.9, 2 * rate)
    sound = np.concatenate([np.sin(np.arange(4 * rate) * 0.03), loud])
    with soundfile.SoundFile(
        path, "w", rate, 1, format="MP3", subtype="MPEG_LAYER_III", compression_level=0.5, bitrate_mode=mode
    ) as file:
        file.write(sound)
    return path.read_bytes()


def without_first_frame(data: bytes) -> bytes:
    """LAME's first frame tells how many follow."""
    return data[data.index(data[:2], 4) :]


@pytest.mark.parametrize("rate", [8000, 16_000, 44_100])
@pytest.mark.parametrize("mode", ["CONSTANT", "VARIABLE", "AVERAGE"])
def test_frames_are_counted(mode: str, rate: int, tmp_path: Path) -> None:
    data = encoded(tmp_path / "s.mp3", mode, rate)
    frames = count_frames(data)
    assert frames is not None
    assert frames.whole == frames.declared
    assert 0 <= frames.samples - 6 * rate < 5 * 1152
    # Tags before and after, and something in between.
    tagged = b"ID3\x04\0\0\0\0\0\x0a" + bytes(10) + data + b"APETAGEX" + bytes(500) + b"TAG" + bytes(125)
    assert count_frames(tagged) == frames
    bare = count_frames(without_first_frame(data))
    assert bare is not None
    assert (bare.whole, bare.declared) == (frames.whole, None)
    (tmp_path / "s.mp3").write_bytes(tagged)
    assert abs(len(read_sound(tmp_path / "s.mp3")) - 6 * rate) < 5 * 1152


def test_a_varying_bit_rate_without_a_header_is_refused(tmp_path: Path) -> None:
    (tmp_path / "s.mp3").write_bytes(without_first_frame(encoded(tmp_path / "s.mp3", "VARIABLE", 16_000)))
    with pytest.raises(AudioError, match=r"does not state its length.*convert it to WAV or FLAC"):
        read_sound(tmp_path / "s.mp3")


def test_a_constant_bit_rate_needs_no_header(tmp_path: Path) -> None:
    (tmp_path / "s.mp3").write_bytes(without_first_frame(encoded(tmp_path / "s.mp3", "CONSTANT", 16_000)))
    assert abs(len(read_sound(tmp_path / "s.mp3")) - 96_000) < 5 * 1152


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_cut_short(share: float, tmp_path: Path) -> None:
    data = encoded(tmp_path / "s.mp3", "VARIABLE", 16_000)
    (tmp_path / "s.mp3").write_bytes(data[: int(share * len(data))])
    with pytest.raises(AudioError, match=r"cut short \(\d+ of \d+ frames are there\)"):
        read_sound(tmp_path / "s.mp3")


@pytest.mark.parametrize("data", [b"", b"ID3", b"\xff" * 50, b"hello \xff\xe1 world", bytes(100)])
def test_what_is_no_mp3(data: bytes) -> None:
    assert count_frames(data) is None

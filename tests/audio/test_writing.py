"""Writing sound: whole or not at all, also on a disk that is full."""

from __future__ import annotations

import resource
from pathlib import Path

import numpy as np
import pytest
import soundfile

from foretell.audio.writing import SoundWriter, write_sound
from foretell.errors import AudioError, SettingsError


def check_absent(path: Path) -> None:
    assert not path.exists()


def write_in_chunks(path: Path, sound, before_the_end=list) -> None:
    with SoundWriter(path, 8000) as writer:
        for start in range(0, len(sound), 1000):
            writer.write(sound[start : start + 1000])
        assert writer.samples == len(sound)
        before_the_end()


@pytest.mark.parametrize("ending", [".wav", ".flac", ".WAV"])
def test_chunks_make_one_file(ending: str, tmp_path: Path, make_tone) -> None:
    sound = make_tone(0.5)
    path = tmp_path / f"sound{ending}"
    write_in_chunks(path, sound, before_the_end=lambda: check_absent(path))
    read, rate = soundfile.read(path, dtype="int16")
    assert rate == 8000
    assert soundfile.info(path).subtype == "PCM_16"
    np.testing.assert_array_equal(read, np.rint(sound * 2**15).astype(np.int16))
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_what_is_beyond_is_clipped_and_16_bits_come_back(tmp_path: Path) -> None:
    numbers = np.arange(-(2**15), 2**15, dtype=np.int16)
    write_sound(tmp_path / "s.wav", np.concatenate([numbers / np.float32(2**15), [2, -2]]), 8000)
    read, _ = soundfile.read(tmp_path / "s.wav", dtype="int16")
    np.testing.assert_array_equal(read, [*numbers, 2**15 - 1, -(2**15)])


@pytest.mark.parametrize("ending", [".wav", ".flac"])
def test_a_full_disk_leaves_what_was_there(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"sound{ending}"
    path.write_bytes(b"an older one")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    noise = np.random.default_rng(0).uniform(-1, 1, 200_000).astype(np.float32)
    try:
        with pytest.raises(AudioError, match=r"cannot be written .*nothing was written"):
            write_in_chunks(path, noise)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == b"an older one"
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_an_error_in_the_block_leaves_nothing(tmp_path: Path, make_tone) -> None:
    with pytest.raises(TypeError):
        write_in_chunks(tmp_path / "s.wav", make_tone(0.1), before_the_end=None)
    assert list(tmp_path.iterdir()) == []


def test_more_than_a_wav_holds_is_refused_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="holds 2 GiB at most"):
        SoundWriter(tmp_path / "s.wav", 8000, expected=2**31)
    SoundWriter(tmp_path / "s.flac", 8000, expected=2**31)
    assert list(tmp_path.iterdir()) == []


def test_places_that_will_not_do(tmp_path: Path) -> None:
    (tmp_path / "folder.wav").mkdir()
    with pytest.raises(SettingsError, match=r"s\.mp3: end its name in one of \.wav, \.flac"):
        SoundWriter(tmp_path / "s.mp3", 8000)
    with pytest.raises(AudioError, match="it is a folder"), SoundWriter(tmp_path / "folder.wav", 8000):
        pass
    with pytest.raises(AudioError, match="cannot be written"), SoundWriter(tmp_path / "no" / "s.wav", 8000):
        pass

"""Sound on standard output: what a pipe gets as it is generated, and what a file holds in the end."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from foretell import SettingsError
from foretell.audio.streaming import SoundStream

WAVEFORM = np.linspace(-1.5, 1.5, 1000, dtype=np.float32)


def clipped(waveform: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(waveform * 32768), -32768, 32767)


def test_a_pipe_gets_every_chunk_at_once() -> None:
    out = io.BytesIO()
    with SoundStream(out, 8000) as stream:
        assert len(out.getvalue()) == 44
        stream.write(WAVEFORM[:300])
        assert len(out.getvalue()) == 44 + 600
        stream.write(WAVEFORM[300:])
    assert stream.samples == 1000
    data = out.getvalue()
    assert data[:4] + data[8:12] == b"RIFFWAVE"
    assert data[4:8] == data[40:44] == b"\xff\xff\xff\xff"
    read, rate = soundfile.read(io.BytesIO(data), dtype="int16")
    assert rate == 8000
    assert np.array_equal(read, clipped(WAVEFORM))


def test_raw_samples() -> None:
    out = io.BytesIO()
    with SoundStream(out, 8000, "raw") as stream:
        stream.write(WAVEFORM)
    assert np.array_equal(np.frombuffer(out.getvalue(), "<i2"), clipped(WAVEFORM))
    with pytest.raises(SettingsError, match="format 'mp3' is unknown: give wav or raw"):
        SoundStream(out, 8000, "mp3")  # type: ignore[arg-type]


def test_a_file_gets_its_length(tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    with path.open("wb") as file, SoundStream(file, 16000) as stream:
        stream.write(WAVEFORM)
    assert path.read_bytes()[40:44] == (2000).to_bytes(4, "little")
    assert path.read_bytes()[4:8] == (2036).to_bytes(4, "little")
    assert soundfile.info(path).frames == 1000


def test_a_file_that_is_appended_to_is_left_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    path.write_bytes(b"before")
    with path.open("ab") as file, SoundStream(file, 16000) as stream:
        stream.write(WAVEFORM[:10])
    assert path.read_bytes()[:10] == b"beforeRIFF"
    assert path.read_bytes()[46:50] == b"\xff\xff\xff\xff"


def test_a_reader_that_is_gone() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with pytest.raises(BrokenPipeError), os.fdopen(writer, "wb", buffering=0) as pipe, SoundStream(pipe, 8000):  # type: ignore[arg-type]
        pass

"""A waveform to standard output or another pipe as it is generated: WAV or bare samples, mono, 16 bits per sample."""

from __future__ import annotations

import os
import stat
import struct
from contextlib import suppress
from types import TracebackType
from typing import BinaryIO, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from foretell.audio.levels import to_pcm
from foretell.errors import SettingsError

StreamFormat = Literal["wav", "raw"]
"""WAV, whose header says that its length is unknown, or bare samples: 16 bits, signed, little-endian."""
_HEADER = 44
_UNKNOWN = 0xFFFFFFFF
"""What players take for a length that is not known."""


class SoundStream:
    """Sound that grows on a stream, chunk by chunk; each chunk is handed over at once.

    In a file, such as standard output is redirected to, the header of WAV gets the length at the end of the `with`
    block. What the stream raises, such as BrokenPipeError where nobody listens any more, is raised.
    """

    def __init__(self, stream: BinaryIO, rate: int, form: StreamFormat = "wav") -> None:
        if form not in get_args(StreamFormat):
            raise SettingsError(f"format {form!r} is unknown: give {' or '.join(get_args(StreamFormat))}")
        self.samples = 0
        """Written so far."""
        self._stream = stream
        self._rate = rate
        self._form = form
        self._start = _place_in_file(stream)

    def __enter__(self) -> SoundStream:
        if self._form == "wav":
            self._stream.write(_header(self._rate, None))
            self._stream.flush()
        return self

    def write(self, waveform: NDArray[np.float32]) -> None:
        """Append samples `(N,)`; those beyond [-1, 1] are clipped."""
        self._stream.write(to_pcm(waveform).astype("<i2").tobytes())
        self._stream.flush()
        self.samples += len(waveform)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._form == "wav" and self._start is not None:
            end = self._stream.tell()
            with suppress(OSError):
                self._stream.seek(self._start)
                self._stream.write(_header(self._rate, self.samples))
                self._stream.seek(end)
                self._stream.flush()


def _place_in_file(stream: BinaryIO) -> int | None:
    """Return where a stream stands in its file; None for a pipe or terminal, and for a file that only grows."""
    try:
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            return None
        if os.name == "posix":
            import fcntl

            if fcntl.fcntl(stream.fileno(), fcntl.F_GETFL) & os.O_APPEND:
                return None
        return stream.tell()
    except (OSError, ValueError, AttributeError):
        return None


def _header(rate: int, samples: int | None) -> bytes:
    size = None if samples is None or 2 * samples > _UNKNOWN - _HEADER else 2 * samples
    whole, data = (_UNKNOWN, _UNKNOWN) if size is None else (size + _HEADER - 8, size)
    form = struct.pack("<HHIIHH", 1, 1, rate, 2 * rate, 2, 16)
    return (
        b"RIFF"
        + struct.pack("<I", whole)
        + b"WAVEfmt "
        + struct.pack("<I", 16)
        + form
        + b"data"
        + struct.pack("<I", data)
    )

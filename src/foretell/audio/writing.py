"""A waveform to a file, chunk by chunk: WAV or FLAC, mono, 16 bits per sample; whole or not at all."""

from __future__ import annotations

import os
from contextlib import ExitStack, suppress
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foretell.audio import packages
from foretell.audio.levels import to_pcm
from foretell.errors import AudioError
from foretell.storage.outputs import require_ending
from foretell.storage.reasons import reason_and_remedy
from foretell.storage.unfinished import sweep, unfinished_file
from foretell.storage.whole_file import require_ordinary, sync_folder

FORMATS = {".wav": "WAV", ".flac": "FLAC"}
"""Output formats by file extension."""

_LONGEST_WAV = (1 << 31) - 64


class SoundWriter:
    """A file of sound that grows under a temporary name and takes its own at the end of the `with` block.

    An exception in the block leaves no file; one that was there before stays. Raises `SettingsError` for a name with
    another ending than .wav or .flac, `AudioError` for more samples than fit in, of which `expected` are told before,
    and where the file cannot be written, such as on a full disk.
    """

    def __init__(self, path: str | Path, rate: int, *, expected: int = 0) -> None:
        self.path = Path(path)
        self.samples = 0
        """Written so far."""
        self._rate = rate
        require_ending(self.path, tuple(FORMATS))
        self._format = FORMATS[self.path.suffix.lower()]
        self._require_room(expected)
        self._temporary: Path | None = None
        self._open_file = ExitStack()
        self._sink: _Sink | None = None
        self._sound: Any = None

    def __enter__(self) -> SoundWriter:
        soundfile = packages.soundfile()
        try:
            require_ordinary(self.path)
            self._temporary, file = self._open_file.enter_context(unfinished_file(self.path.parent))
            self._sink = _Sink(file)
            self._guarded(self._open, soundfile)
        except OSError as error:
            self._discard()
            raise self._refusal(error) from error
        except BaseException:
            self._discard()
            raise
        return self

    def write(self, waveform: NDArray[np.float32]) -> None:
        """Append samples `(N,)`; those beyond [-1, 1] are clipped."""
        self._require_room(self.samples + len(waveform))
        self._guarded(self._sound.write, to_pcm(waveform))
        self.samples += len(waveform)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._guarded(self._sound.close)
                assert self._sink is not None
                assert self._temporary is not None
                self._sink.sync()
                self._temporary.replace(self.path)
                sync_folder(self.path.parent)
                sweep(self.path.parent)
        except OSError as problem:
            raise self._refusal(problem) from problem
        finally:
            self._discard()

    def _require_room(self, samples: int) -> None:
        if self._format == "WAV" and 2 * samples > _LONGEST_WAV:
            raise AudioError(
                f"output {self.path}: a WAV file holds 2 GiB at most, not {samples:,} samples; write .flac, or less"
            )

    def _open(self, soundfile: Any) -> None:
        self._sound = soundfile.SoundFile(
            self._sink, "w", samplerate=self._rate, channels=1, format=self._format, subtype="PCM_16"
        )

    def _guarded(self, call: Any, *arguments: Any) -> None:
        """Call soundfile. It is told of a full disk by a short count, which it reports as this or that."""
        assert self._sink is not None
        try:
            call(*arguments)
        except (RuntimeError, AssertionError) as error:
            if self._sink.problem is None:
                raise AudioError(f"{self.path} cannot be written ({error})") from error
        if self._sink.problem is not None:
            raise self._refusal(self._sink.problem) from self._sink.problem

    def _refusal(self, error: OSError) -> AudioError:
        return AudioError(f"{self.path} cannot be written ({reason_and_remedy(error)}); nothing was written")

    def _discard(self) -> None:
        if self._sink is not None:
            self._sink.silent = True  # what libsndfile still writes as it closes goes nowhere
            if self._sound is not None and not self._sound.closed:
                with suppress(RuntimeError):
                    self._sound.close()
            self._sink = None
        self._open_file.close()


def write_sound(path: str | Path, waveform: NDArray[np.float32], rate: int) -> None:
    """Write a waveform `(N,)` at `rate` samples per second; see `SoundWriter`."""
    with SoundWriter(path, rate) as writer:
        writer.write(np.asarray(waveform, np.float32))


class _Sink:
    """A new file, through which libsndfile writes. Errors cannot cross its C code: they are kept in `problem`."""

    def __init__(self, file: FileIO) -> None:
        self._file = file
        self.problem: OSError | None = None
        self.silent = False

    def write(self, data: bytes) -> int:
        if self.problem is not None or self.silent:
            return len(data) if self.silent else 0
        done = 0
        try:
            while done < len(data):
                done += self._file.write(data[done:])
        except OSError as error:
            self.problem = error
        return done

    def read(self, count: int) -> bytes:
        return self._file.read(count)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def flush(self) -> None:
        """Nothing is held back."""

    def sync(self) -> None:
        os.fsync(self._file.fileno())

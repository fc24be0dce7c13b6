"""Files of sound to a waveform: WAV, FLAC, OGG and MP3 by soundfile, other rates by soxr, stereo by its mean.

Where channels cancel each other (one is the other upside down), the mean would be silence: the loudest one is taken.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foretell.audio import packages
from foretell.audio.truncated_files import cut_short, hidden_samples
from foretell.errors import AudioError

ENDINGS = (".wav", ".wave", ".flac", ".ogg", ".oga", ".mp3")
"""Extensions of audio files, in lower case."""

_LEFT_OVER = 1e-3
"""Share of the channels' energy in their mean, below which they cancel; unrelated channels leave a half."""
_BLOCK = 1 << 18
_SLOWEST = 1000
_LOUDEST = 8.0


@dataclass(frozen=True)
class SoundInfo:
    """The metadata of an audio file."""

    rate: int
    """Samples a second."""
    channels: int
    frames: int
    """Samples of each channel."""


def sound_info(path: Path) -> SoundInfo:
    """Rate, channels and length, without reading the sound. Raises `AudioError` for what is no sound."""
    with _opened(path) as file:
        return SoundInfo(int(file.samplerate), int(file.channels), int(file.frames))


def read_sound(path: str | Path, rate: int | None = None) -> NDArray[np.float32]:
    """The sound `(N,)`, mono, at `rate` samples per second (None: as it is), within [-1, 1] or a little beyond.

    A file is read block by block, so that memory holds it once, at the rate asked for. Raises `AudioError` for what is
    not audio, is cut short, holds no sample, or holds NaN, infinite or wildly large ones; `MissingExtraError` without
    soundfile, or without soxr where the rate changes.
    """
    path = Path(path)
    mixing = Mixing()
    samples = _read(path, rate, mixing)
    if mixing.cancels:
        samples = _read(path, rate, Mixing(mixing.loudest))
    if not len(samples):
        raise AudioError(f"{path} holds no samples: it is empty or was cut short; remove it")
    return samples


def _read(path: Path, rate: int | None, mixing: Mixing) -> NDArray[np.float32]:
    with _opened(path) as file:
        blocks = _mono_blocks(path, file, mixing)
        if rate is not None and rate != file.samplerate:
            blocks = _resampled(path, blocks, file.samplerate, rate)
        return _joined(blocks)


def _joined(blocks: Iterable[NDArray[np.float32]]) -> NDArray[np.float32]:
    """All samples in one array, which grows in place by an eighth: no block is kept beside it."""
    joined, stop = np.empty(_BLOCK, np.float32), 0
    for block in blocks:
        due = stop + len(block)
        if due > len(joined):
            joined.resize(max(due, len(joined) * 9 // 8), refcheck=False)
        joined[stop:due] = block
        stop = due
    joined.resize(stop, refcheck=False)
    return joined


def _opened(path: Path) -> Any:
    soundfile = packages.soundfile()
    if not path.exists():
        raise AudioError(f"there is no file {path}")
    if not path.is_file():
        raise AudioError(f"{path} is not a regular file: give an audio file")
    try:
        with path.open("rb") as file:
            if not file.read(1):
                raise AudioError(f"{path} is empty (0 bytes): remove it")
        # As bytes, so that names that are no text of any encoding are opened too.
        sound = soundfile.SoundFile(os.fsencode(path) if os.name == "posix" else path)
    except OSError as error:
        raise AudioError(f"{path} cannot be read: {error.strerror or error}") from error
    except (soundfile.LibsndfileError, TypeError) as error:
        what = getattr(error, "error_string", str(error)).strip().rstrip(".")
        raise AudioError(
            f"{path} cannot be read as audio ({what}): give WAV, FLAC, OGG or MP3, and whole files"
        ) from error
    if sound.samplerate < _SLOWEST:
        sound.close()
        raise AudioError(f"{path} has {sound.samplerate:,} samples per second: give sounds with {_SLOWEST:,} or more")
    return sound


def _mono_blocks(path: Path, file: Any, mixing: Mixing) -> Iterator[NDArray[np.float32]]:
    soundfile = packages.soundfile()
    done, promised = 0, int(file.frames)
    missing, hidden = cut_short(path, file.format), hidden_samples(path, file.format, promised)
    if hidden:
        raise AudioError(
            f"{path} does not state its length, so {hidden:,} of its samples would not be read (an MP3 file of "
            "variable bit rate without a Xing header): convert it to WAV or FLAC"
        )
    while True:
        try:
            block = file.read(_BLOCK, dtype="float32", always_2d=True)
        except soundfile.LibsndfileError as error:
            raise AudioError(
                f"{path} cannot be read beyond {done / file.samplerate:.2f} s ({error.error_string.strip()}): it is "
                "damaged or cut short; repair or remove it"
            ) from error
        if not len(block):
            break
        mono = mixing.mono(block)
        _require_sane(path, mono, done, file.samplerate)
        done += len(mono)
        yield mono
    # The length of an MP3 file is a guess, unless its frames were counted.
    if missing or (done < promised and file.format != "MP3"):
        rest = missing or f"{done:,} of {promised:,} samples are there"
        raise AudioError(f"{path} is cut short ({rest}): repair or remove it")


def _require_sane(path: Path, samples: NDArray[np.float32], before: int, rate: int) -> None:
    with np.errstate(invalid="ignore"):
        bad = np.flatnonzero(~(np.abs(samples) <= _LOUDEST))
    if len(bad):
        value = float(samples[bad[0]])
        what = f"the value {value:g}" if np.isfinite(value) else "NaN" if np.isnan(value) else "an infinite value"
        raise AudioError(
            f"{path} holds {what} at {(before + int(bad[0])) / rate:.3f} s: samples lie within [-1, 1]; repair or "
            "remove the file"
        )


def _resampled(
    path: Path, blocks: Iterator[NDArray[np.float32]], source: int, target: int
) -> Iterator[NDArray[np.float32]]:
    soxr = packages.soxr()
    try:
        stream = soxr.ResampleStream(source, target, 1, dtype="float32", quality="HQ")
        for block in blocks:
            yield stream.resample_chunk(block)
        yield stream.resample_chunk(np.zeros(0, np.float32), last=True)
    except (ValueError, RuntimeError) as error:
        if isinstance(error, AudioError):
            raise
        raise AudioError(
            f"{path} cannot be resampled from {source:,} to {target:,} samples per second ({error}): convert it first"
        ) from error


class Mixing:
    """The mean of a sound's channels, or `channel` alone; and whether the channels cancelled in the mean."""

    def __init__(self, channel: int | None = None) -> None:
        self._channel = channel
        self._energies = np.zeros(0)
        self._of_mean = 0.0

    def mono(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        """The next block `(N, C)` as `(N,)`."""
        if block.shape[1] == 1:
            return block[:, 0]
        if self._channel is not None:
            return block[:, self._channel]
        mean: NDArray[np.float32] = block.mean(axis=1, dtype=np.float32)
        with np.errstate(over="ignore", invalid="ignore"):  # what is no sound is named later
            # A constant is no sound either.
            energies = len(block) * block.var(axis=0, dtype=np.float64)
            self._of_mean += len(block) * float(mean.var(dtype=np.float64))
        self._energies = energies if not len(self._energies) else self._energies + energies
        return mean

    @property
    def cancels(self) -> bool:
        """Return whether hardly any energy of the channels is left in their mean."""
        return bool(len(self._energies)) and self._of_mean < _LEFT_OVER * float(self._energies.mean())

    @property
    def loudest(self) -> int:
        """The channel with the most energy."""
        return int(self._energies.argmax())

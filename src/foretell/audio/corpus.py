"""Folders of sounds: files found, read, resampled, and trimmed of silence at both ends."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foretell.audio.reading import ENDINGS, read_sound, sound_info
from foretell.audio.speakers import SpeakersFrom, speaker_of
from foretell.errors import AudioError

_MARGIN = 0.01
_SMALLEST = 2.0**-16
HIGHEST_RATE = 16_000
"""Samples a second at most, unless asked for: what speech needs."""

Encode = Callable[[NDArray[np.float32]], NDArray[Any]]


@dataclass(frozen=True)
class Sound:
    """One file's sound."""

    name: str
    """Its place within the folder."""
    levels: NDArray[Any]
    """(N,) uint8 or int16; see `Levels`."""
    speaker: str | None = None


@dataclass(frozen=True)
class Corpus:
    """The sounds of a folder, sorted by name, all at one rate."""

    sounds: tuple[Sound, ...]
    rate: int
    ignored: int = 0
    """Files in the folder that are not named like sound."""
    skipped: tuple[str, ...] = ()
    """Files that were left out, as asked, since they are silent throughout."""
    trimmed: int = 0
    """Samples of silence that were cut off."""
    clipped: int = 0
    """Samples beyond [-1, 1], which were brought back to it."""
    left_out: int = 0
    """Files of sound in the folder that were not to be read."""

    @property
    def samples(self) -> int:
        """Of all sounds together."""
        return sum(len(sound.levels) for sound in self.sounds)

    @property
    def seconds(self) -> float:
        """Of all sounds together."""
        return self.samples / self.rate

    @property
    def speakers(self) -> tuple[str, ...]:
        """Sorted; none where nobody asked who speaks."""
        return tuple(sorted({sound.speaker for sound in self.sounds if sound.speaker is not None}))


def sound_files(folder: str | Path) -> tuple[list[Path], int]:
    """The files of sound in a folder and the folders in it, sorted, and how many other files there are.

    A file of sound stands for itself. Hidden files count as others. Raises `AudioError` where there is none.
    """
    folder = Path(folder)
    if folder.is_file():
        return [folder], 0
    if not folder.is_dir():
        raise AudioError(f"there is no folder {folder}: give a folder of sounds")
    files, others = [], 0
    for place, inner, names in os.walk(folder, onerror=_refuse):
        inner[:] = [name for name in inner if not name.startswith(".")]
        for name in names:
            if name.lower().endswith(ENDINGS) and not name.startswith("."):
                files.append(Path(place, name))
            else:
                others += 1
    if not files:
        there = f"{others:,} other files" if others else "nothing"
        raise AudioError(f"{folder} holds no sound, {there}: give a folder with files named {', '.join(ENDINGS)}")
    return sorted(files), others


def common_rate(files: Iterable[Path]) -> int:
    """The rate that most of the files have, the lower of two; at most `HIGHEST_RATE`."""
    rates = Counter(sound_info(file).rate for file in files)
    commonest = max(rates.values())
    return min(HIGHEST_RATE, *(rate for rate, count in rates.items() if count == commonest))


def read_corpus(
    folder: str | Path,
    encode: Encode,
    *,
    rate: int | None = None,
    trim: float | None = None,
    speakers_from: SpeakersFrom | None = None,
    skip_silent: bool = False,
    without: Collection[Path] = (),
) -> Corpus:
    """Read all sounds of a folder at `rate` (None: see `common_rate`), and keep what `encode` makes of them.

    `trim`: silence this many dB under a sound's peak is cut off at its ends; None keeps it. A file that is silent
    throughout is refused, unless `skip_silent` leaves it out. Files whose real path is in `without` are not read.
    Raises `AudioError` for any file that cannot be used.
    """
    found, ignored = sound_files(folder)
    files = [file for file in found if file.resolve() not in without] if without else found
    if not files:
        raise AudioError(f"{folder} holds no sound besides the excluded ones: give a folder with others")
    rate = common_rate(files) if rate is None else rate
    sounds: list[Sound] = []
    skipped: list[str] = []
    cut = clipped = 0
    for file in files:
        name = str(file.relative_to(folder)) if file != Path(folder) else file.name
        speaker = None if speakers_from is None else speaker_of(file, speakers_from)
        whole = read_sound(file, rate)
        if is_silent(whole):
            if not skip_silent:
                raise AudioError(f"{file} is silent throughout: remove it, or skip such files (--skip-silent)")
            skipped.append(name)
            continue
        heard = whole if trim is None else trimmed(whole, rate, trim)
        cut += len(whole) - len(heard)
        clipped += int(np.count_nonzero(heard > 1) + np.count_nonzero(heard < -1))
        sounds.append(Sound(name, encode(heard), speaker))
    if not sounds:
        raise AudioError(f"{folder} holds only silent files: give a folder with audible recordings")
    return Corpus(tuple(sounds), rate, ignored, tuple(skipped), cut, clipped, len(found) - len(files))


def _refuse(error: OSError) -> None:
    raise AudioError(f"{error.filename} cannot be read: {error.strerror or error}") from error


def is_silent(waveform: NDArray[np.float32]) -> bool:
    """Return whether nothing in `(N,)` differs from a constant by as much as half a step of 16 bits."""
    return bool(len(waveform) == 0 or np.abs(waveform - _middle(waveform)).max() < _SMALLEST)


def trimmed(waveform: NDArray[np.float32], rate: int, threshold: float) -> NDArray[np.float32]:
    """The part of `(N,)` between the first and the last sample within `threshold` dB of the loudest one.

    10 ms more stay at either end. Since the loudest sample always stays, no sound is ever trimmed to nothing; one that
    is silent throughout comes back whole.
    """
    if is_silent(waveform):
        return waveform
    loudness = np.abs(waveform - _middle(waveform))
    heard = np.flatnonzero(loudness >= loudness.max() * 10 ** (-threshold / 20))
    margin = round(_MARGIN * rate)
    return waveform[max(0, heard[0] - margin) : heard[-1] + 1 + margin]


def _middle(waveform: NDArray[np.float32]) -> np.float32:
    return np.float32(waveform.mean(dtype=np.float64))

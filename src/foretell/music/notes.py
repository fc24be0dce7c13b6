"""Notes as numbers: MIDI pitches for people and files, classes for a network.

A chorale is a table of pitches `(T, 4)`: one row a sixteenth, one column a voice, the highest first; 0 is a rest. The
network knows 47 classes, 0 for a rest and 1 to 46 for the pitches 36 to 81, which is the range of Bach's chorales. Its
sequence is the table row by row, each chord arpeggiated from the highest voice down: `(4 T,)`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

REST = 0
LOWEST, HIGHEST = 36, 81
VOICES = 4
CLASSES = HIGHEST - LOWEST + 2
SIXTEENTHS_A_BEAT = 4
_NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")

Notes = NDArray[np.int64]


def classes_of(pitches: NDArray[Any]) -> Notes:
    """Classes, 0 to 46, of pitches of any shape; they must be rests or within the range."""
    return np.where(pitches == REST, 0, pitches - (LOWEST - 1)).astype(np.int64)


def pitches_of(classes: NDArray[Any]) -> Notes:
    """The pitches, 0 or 36 to 81, of classes of any shape."""
    return np.where(classes == 0, REST, classes + (LOWEST - 1)).astype(np.int64)


def is_note(pitch: int) -> bool:
    """Return whether it is a rest or within the range."""
    return pitch == REST or LOWEST <= pitch <= HIGHEST


def note_name(pitch: int) -> str:
    """Such as C4 for 60, the middle C."""
    return f"{_NAMES[pitch % 12]}{pitch // 12 - 1}"


@dataclass(frozen=True)
class Tone:
    """A note as it is played: the same pitch in consecutive sixteenths of a voice is one tone, since no table says
    whether it was struck again."""

    voice: int
    pitch: int
    start: int
    """In sixteenths."""
    length: int
    """In sixteenths, at least 1."""


def tones(pitches: Notes) -> list[Tone]:
    """The tones of the pitches `(T, V)`, voice by voice, each from its beginning to its end."""
    found = []
    for voice, line in enumerate(pitches.T):
        edges = np.flatnonzero(np.diff(line)) + 1
        starts = np.concatenate([[0], edges])[: len(line)]
        ends = np.concatenate([edges, [len(line)]])
        found += [
            Tone(voice, int(line[start]), int(start), int(end - start))
            for start, end in zip(starts, ends, strict=False)
            if line[start] != REST
        ]
    return found

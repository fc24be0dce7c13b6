"""Music into files: each is there whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from foretell.music.chorales import Chorale
from foretell.music.midi import midi_bytes
from foretell.music.notes import Notes
from foretell.music.picture import piano_roll
from foretell.music.synthesis import wav_bytes
from foretell.storage.whole_file import replace_file


def write_midi(pitches: Notes, path: str | Path, *, beats_a_minute: float = 90.0) -> None:
    """The pitches `(T, 4)` as a MIDI file. Raises `SettingsError` where it cannot be written."""
    replace_file(Path(path), midi_bytes(pitches, beats_a_minute=beats_a_minute))


def write_wav(pitches: Notes, path: str | Path, *, beats_a_minute: float = 90.0) -> None:
    """The pitches `(T, 4)` as sound, by a plain synthesiser. Raises `SettingsError` where it cannot be written."""
    replace_file(Path(path), wav_bytes(pitches, beats_a_minute=beats_a_minute))


def write_piano_roll(pieces: Chorale | Sequence[Chorale], path: str | Path) -> None:
    """A picture (PNG) of one piece, or of several. Raises `SettingsError` where it cannot be written."""
    replace_file(Path(path), piano_roll(pieces))

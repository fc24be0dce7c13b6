"""MIDI files in and out, by mido: music in four voices on a grid of sixteenths.

In: where exactly four parts (a part is a channel of a track) each have one note at a time, they are the voices, the
highest first. Otherwise the voices are taken from what sounds together: the highest notes are the first voices, the
lowest is the last. Drums (channel 10) are left out, tempo and loudness are not read. A note begins and ends at the
nearest sixteenth.

Out: a track a voice, the same pitch in consecutive sixteenths as one note.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from foretell.errors import MissingExtraError, MusicError
from foretell.music.notes import HIGHEST, LOWEST, REST, SIXTEENTHS_A_BEAT, VOICES, Notes, is_note, note_name, tones

_TICKS_A_BEAT = 480
_DRUMS = 9
_LONGEST = 100_000
_MOST_BYTES = 1 << 20
_MOST_SOUNDING = 10_000_000
"""Sixteenths that all notes may last together."""
_MOST_TICKS = (1 << 28) - 1
"""Between two messages: a number of four bytes, of seven bits each."""
_ENDLESS_NUMBER = re.compile(rb"[\x80-\xff]{10000}")
"""Bytes that mido would parse as a single number, ever more slowly."""
_ORGAN = 19
_VELOCITY = 80
_VOICE_NAMES = ("Soprano", "Alto", "Tenor", "Bass")


@dataclass(frozen=True)
class _Struck:
    part: tuple[int, int]
    """Track and channel."""
    pitch: int
    start: int
    end: int
    """Both in sixteenths, the end excluded."""


def parse_midi(where: str, content: bytes) -> Notes:
    """The pitches `(T, 4)` of a MIDI file's content, without the whole beats of silence before its first note.

    Raises `MusicError` naming `where` for a file that is damaged, holds no note, one outside of 36 to 81, or more than
    100,000 sixteenths, or that is larger than 1 MiB; `MissingExtraError` without mido.
    """
    mido = _mido(where)
    if len(content) > _MOST_BYTES:
        raise MusicError(f"{where} is larger than {_MOST_BYTES >> 20} MiB: cut it into pieces")
    if _ENDLESS_NUMBER.search(content):
        raise MusicError(f"{where} is not a MIDI file, or a damaged one (a number in it has no end)")
    try:
        file = mido.MidiFile(file=io.BytesIO(content), clip=True)
    except Exception as error:  # mido lets through whatever its parser runs into
        raise MusicError(f"{where} is not a MIDI file, or a damaged one ({error or type(error).__name__})") from error
    if file.type == 2 or not 0 < file.ticks_per_beat < 0x8000:
        raise MusicError(
            f"{where} is a MIDI file without common beats (type {file.type}, division {file.ticks_per_beat}): save it "
            "as type 0 or 1 with ticks per beat"
        )
    struck = [note for k, track in enumerate(file.tracks) for note in _notes(where, k, track, file.ticks_per_beat)]
    if not struck:
        raise MusicError(f"{where} holds no note")
    first = min(note.start for note in struck) // SIXTEENTHS_A_BEAT * SIXTEENTHS_A_BEAT
    steps = max(note.end for note in struck) - first
    if steps > _LONGEST:
        raise MusicError(f"{where} is longer than {_LONGEST:,} sixteenths: cut it into pieces")
    if sum(note.end - note.start for note in struck) > _MOST_SOUNDING:
        raise MusicError(f"{where} holds notes of more than {_MOST_SOUNDING:,} sixteenths in all: cut it into pieces")
    parts = sorted({note.part for note in struck})
    if len(parts) == VOICES:
        lines = [_line([note for note in struck if note.part == part], first, steps) for part in parts]
        whole: list[Notes] = [line for line in lines if line is not None]
        if len(whole) == VOICES:
            return np.stack(sorted(whole, key=_height, reverse=True), axis=1)
    return _by_pitch(struck, first, steps)


def midi_bytes(pitches: Notes, *, beats_a_minute: float = 90.0) -> bytes:
    """A MIDI file of the pitches `(T, 4)`. Raises `MissingExtraError` without mido."""
    mido = _mido("MIDI output")
    tempo = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(beats_a_minute))])
    file = mido.MidiFile(type=1, ticks_per_beat=_TICKS_A_BEAT)
    file.tracks.append(tempo)
    sixteenth = _TICKS_A_BEAT // SIXTEENTHS_A_BEAT
    for voice in range(VOICES):
        track = mido.MidiTrack(
            [
                mido.MetaMessage("track_name", name=_VOICE_NAMES[voice]),
                mido.Message("program_change", channel=voice, program=_ORGAN),
            ]
        )
        now = 0
        for tone in (tone for tone in tones(pitches) if tone.voice == voice):
            start, end = tone.start * sixteenth, (tone.start + tone.length) * sixteenth
            note = {"channel": voice, "note": tone.pitch}
            track.append(mido.Message("note_on", velocity=_VELOCITY, time=start - now, **note))
            track.append(mido.Message("note_off", velocity=0, time=end - start, **note))
            now = end
        track.append(mido.MetaMessage("end_of_track", time=len(pitches) * sixteenth - now))
        file.tracks.append(track)
    buffer = io.BytesIO()
    file.save(file=buffer)
    return buffer.getvalue()


def _mido(where: str) -> Any:
    try:
        import mido
    except ImportError as error:
        raise MissingExtraError(f"{where}: MIDI files need the package mido: pip install 'foretell[music]'") from error
    return mido


def _notes(where: str, number: int, track: Any, ticks_a_beat: int) -> list[_Struck]:
    """Notes of a track; a note that is struck while it sounds starts again, one never released ends with the track."""
    found: list[_Struck] = []
    sounding: dict[tuple[int, int], int] = {}
    now = 0

    def release(channel: int, pitch: int) -> None:
        start = _sixteenth(sounding.pop((channel, pitch)), ticks_a_beat)
        found.append(_Struck((number, channel), pitch, start, max(start + 1, _sixteenth(now, ticks_a_beat))))

    for message in track:
        if message.time > _MOST_TICKS:
            raise MusicError(f"{where}: track {number + 1} is damaged: a pause is longer than a MIDI file can express")
        now += message.time
        if message.type not in ("note_on", "note_off") or message.channel == _DRUMS:
            continue
        key = (message.channel, message.note)
        if key in sounding:
            release(*key)
        if message.type == "note_on" and message.velocity:
            if not is_note(message.note) or message.note == REST:
                raise MusicError(
                    f"{where}: track {number + 1} plays {note_name(message.note)} (MIDI pitch {message.note}) in beat "
                    f"{now // ticks_a_beat + 1}, but the notes here go from {note_name(LOWEST)} ({LOWEST}) to "
                    f"{note_name(HIGHEST)} ({HIGHEST}): transpose the piece, or leave that track out"
                )
            sounding[key] = now
    for key in list(sounding):
        release(*key)
    return found


def _sixteenth(ticks: int, ticks_a_beat: int) -> int:
    return (2 * ticks * SIXTEENTHS_A_BEAT + ticks_a_beat) // (2 * ticks_a_beat)


def _line(notes: Sequence[_Struck], first: int, steps: int) -> Notes | None:
    """The pitches `(T,)` of a part with one note at a time, None for a part with several at once."""
    line = np.full(steps, REST, dtype=np.int64)
    for note in notes:
        stretch = line[note.start - first : note.end - first]
        if (stretch != REST).any():
            return None
        stretch[:] = note.pitch
    return line


def _height(line: Any) -> float:
    """The mean pitch of what sounds."""
    return float(line[line != REST].mean())


def _by_pitch(notes: Sequence[_Struck], first: int, steps: int) -> Notes:
    """Four voices from what sounds together: the lowest note is the last voice, the highest others are the first."""
    together = np.zeros((steps, HIGHEST + 1), dtype=bool)
    for note in notes:
        together[note.start - first : note.end - first, note.pitch] = True
    pitches = np.full((steps, VOICES), REST, dtype=np.int64)
    for row, sounding in zip(pitches, together, strict=True):
        highest_first = np.flatnonzero(sounding)[::-1].tolist()
        upper, lowest = highest_first[:-1][: VOICES - 1], highest_first[-1:]
        if not upper:
            upper, lowest = lowest, []
        row[: len(upper)] = upper
        row[VOICES - len(lowest) :] = lowest
    return pitches

"""MIDI files in and out, by mido: music in four voices on a grid of sixteenths.

In: where exactly four parts (a part is a channel of a track) each have one note at a time, they are the voices, the
highest first. Otherwise the voices are taken from what sounds together: the highest notes are the first voices, the
lowest is the last. Drums (channel 10) are left out, tempo and loudness are not read. A note begins and ends at the
nearest sixteenth.

Out: a track a voice, the same pitch in consecutive sixteenths as one note.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from foretell.errors import MissingExtraError, MusicError
from foretell.music.notes import HIGHEST, LOWEST, REST, SIXTEENTHS_A_BEAT, VOICES, Notes, is_note, note_name, tones

_TICKS_A_BEAT = 480
_DRUMS = 9
_LONGEST = 100_000
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
    100,000 sixteenths; `MissingExtraError` without mido.
    """
    mido = _mido(where)
    try:
        file = mido.MidiFile(file=io.BytesIO(content), clip=True)
    except Exception as error:  # mido lets through whatever its parser runs into
        raise MusicError(f"{where} is not a MIDI file, or a damaged one ({error or type(error).__name__})") from error
    if file.type == 2 or not 0 < file.ticks_per_beat < 0x8000:
        raise MusicError(
            f"{where} is a MIDI file without common beats (type {file.type}, division {file.ticks_per_beat}): save it "
            "as type 0 or 1 with ticks a beat"
        )
    struck = [note for k, track in enumerate(file.tracks) for note in _notes(where, k, track, file.ticks_per_beat)]
    if not struck:
        raise MusicError(f"{where} holds no note")
    first = min(note.start for note in struck) // SIXTEENTHS_A_BEAT * SIXTEENTHS_A_BEAT
    steps = max(note.end for note in struck) - first
    parts = sorted({note.part for note in struck})
    lines = [_line([note for note in struck if note.part == part], first, steps) for part in parts]
    if len(parts) == VOICES and all(line is not None for line in lines):
        voices = sorted((line for line in lines if line is not None), key=lambda line: -line[line != REST].mean())
        return np.stack(voices, axis=1)
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
    """What a track plays; a note that is struck while it sounds begins anew, one never released ends with the track."""
    found: list[_Struck] = []
    sounding: dict[tuple[int, int], int] = {}
    now = 0

    def release(channel: int, pitch: int) -> None:
        start = _sixteenth(sounding.pop((channel, pitch)), ticks_a_beat)
        found.append(_Struck((number, channel), pitch, start, max(start + 1, _sixteenth(now, ticks_a_beat))))

    for message in track:
        now += message.time
        if _sixteenth(now, ticks_a_beat) > _LONGEST and sounding:
            raise MusicError(f"{where} is longer than {_LONGEST:,} sixteenths: cut it into pieces")
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
    return int(ticks * SIXTEENTHS_A_BEAT / ticks_a_beat + 0.5)


def _line(notes: Sequence[_Struck], first: int, steps: int) -> Notes | None:
    """The pitches `(T,)` of a part with one note at a time, None for a part with several at once."""
    line = np.full(steps, REST, dtype=np.int64)
    for note in notes:
        stretch = line[note.start - first : note.end - first]
        if (stretch != REST).any():
            return None
        stretch[:] = note.pitch
    return line


def _by_pitch(notes: Sequence[_Struck], first: int, steps: int) -> Notes:
    """Four voices from what sounds together: the lowest note is the last voice, the highest others are the first."""
    together: list[set[int]] = [set() for _ in range(steps)]
    for note in notes:
        for step in range(note.start - first, note.end - first):
            together[step].add(note.pitch)
    pitches = np.full((steps, VOICES), REST, dtype=np.int64)
    for row, sounding in zip(pitches, together, strict=True):
        highest_first = sorted(sounding, reverse=True)
        upper, lowest = highest_first[:-1][: VOICES - 1], highest_first[-1:]
        if not upper:
            upper, lowest = lowest, []
        row[: len(upper)] = upper
        row[VOICES - len(lowest) :] = lowest
    return pitches

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from fractions import Fraction
from itertools import chain
from typing import Any

import mido
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foretell import MissingExtraError, MusicError
from foretell.music.midi import _sixteenth, midi_bytes, parse_midi


def midi(*parts: list[tuple[Any, ...]], kind: int = 1, ticks: int = 96, one_track: bool = False) -> bytes:
    """A file whose parts are lists of (pitch, beat it begins at, beats it lasts, channel = number of the part)."""
    file = mido.MidiFile(type=kind, ticks_per_beat=ticks)
    events: list[list[tuple[int, int, Any]]] = []
    for number, part in enumerate(parts):
        events.append([])
        for pitch, start, beats, *channel in part:
            note = {"note": pitch, "channel": channel[0] if channel else number}
            events[-1].append((round(start * ticks), 1, mido.Message("note_on", velocity=70, **note)))
            events[-1].append((round((start + beats) * ticks), 0, mido.Message("note_on", velocity=0, **note)))
    for track_events in [list(chain(*events))] if one_track else events:
        track, now = mido.MidiTrack(), 0
        for time, _, message in sorted(track_events, key=lambda event: event[:2]):
            track.append(message.copy(time=time - now))
            now = time
        file.tracks.append(track)
    buffer = io.BytesIO()
    file.save(file=buffer)
    return buffer.getvalue()


@given(st.lists(st.lists(st.sampled_from([0, 36, 60, 61, 81]), min_size=4, max_size=4), max_size=12))
def test_what_is_written_is_read_back(rows: list[list[int]]) -> None:
    pitches = np.array([[72, 67, 64, 48], *rows, [72, 67, 64, 48]])
    again = parse_midi("x.mid", midi_bytes(pitches))
    # Voices that cross on the whole come back with the higher one first.
    assert sorted(map(tuple, again.T)) == sorted(map(tuple, pitches.T))


def test_four_parts_are_the_voices_the_highest_first(cadences: Callable[..., Any]) -> None:
    pitches = cadences(2)
    again = parse_midi("x.mid", midi_bytes(pitches[:, ::-1]))
    assert (again == pitches).all()


@pytest.mark.parametrize("one_track", [False, True])
def test_voices_may_cross_and_share_a_track(one_track: bool) -> None:
    parts = [[(72, 0, 1), (64, 1, 1)], [(67, 0, 1), (66, 1, 1)], [(60, 0, 2)], [(48, 0, 1)]]
    pitches = parse_midi("x.mid", midi(*parts, one_track=one_track, kind=0 if one_track else 1))
    assert pitches[::4].tolist() == [[72, 67, 60, 48], [64, 66, 60, 0]]


@pytest.mark.parametrize(
    ("sounding", "row"),
    [
        ([60], [60, 0, 0, 0]),
        ([48, 60], [60, 0, 0, 48]),
        ([48, 60, 64], [64, 60, 0, 48]),
        ([48, 60, 64, 67], [67, 64, 60, 48]),
        ([40, 48, 60, 64, 67, 72], [72, 67, 64, 40]),
    ],
)
def test_a_piano_is_taken_apart_by_pitch(sounding: list[int], row: list[int]) -> None:
    assert parse_midi("x.mid", midi([(pitch, 0, 1) for pitch in sounding])).tolist() == [row] * 4


def test_the_grid() -> None:
    pitches = parse_midi("x.mid", midi([(60, 0.02, 0.47), (62, 0.51, 0.01), (64, 1.1, 0.4)]))
    assert pitches[:, 0].tolist() == [60, 60, 62, 0, 64, 64]


def test_silence_before_the_music_goes_by_whole_beats() -> None:
    assert parse_midi("x.mid", midi([(60, 9.5, 1)]))[:, 0].tolist() == [0, 0, 60, 60, 60, 60]


def test_a_note_struck_again_and_one_never_released() -> None:
    file = mido.MidiFile(ticks_per_beat=4)
    on = {"velocity": 9, "channel": 0}
    messages = [mido.Message("note_on", note=60, time=0, **on), mido.Message("note_on", note=60, time=2, **on)]
    file.tracks.append(mido.MidiTrack([*messages, mido.MetaMessage("end_of_track", time=2)]))
    buffer = io.BytesIO()
    file.save(file=buffer)
    assert parse_midi("x.mid", buffer.getvalue())[:, 0].tolist() == [60] * 4


def test_drums_are_left_out() -> None:
    pitches = parse_midi("x.mid", midi([(60, 0, 1)], [(35, 0, 1, 9)]))
    assert pitches.tolist() == [[60, 0, 0, 0]] * 4
    with pytest.raises(MusicError, match="holds no note"):
        parse_midi("x.mid", midi([(35, 0, 1, 9)]))


def test_refusals() -> None:
    with pytest.raises(MusicError, match=r"x\.mid: track 1 plays C8 \(MIDI pitch 108\) in beat 3, .* transpose"):
        parse_midi("x.mid", midi([(108, 2, 1)]))
    with pytest.raises(MusicError, match=r"x\.mid is a MIDI file without common beats \(type 2"):
        parse_midi("x.mid", midi([(60, 0, 1)], kind=2))
    whole = midi([(60, 0, 1)])
    with pytest.raises(MusicError, match="without common beats"):
        parse_midi("x.mid", whole[:12] + b"\xe7\x28" + whole[14:])
    with pytest.raises(MusicError, match="longer than 100,000 sixteenths"):
        parse_midi("x.mid", midi([(60, 0, 1), (62, 0, 30_000)]))


@given(st.binary(max_size=60), st.integers(0, 80))
def test_damage_is_one_kind_of_error(noise: bytes, at: int) -> None:
    whole = midi([(60, 0, 1), (62, 1, 1)])
    for content in (whole[:at], whole[:at] + noise + whole[at + len(noise) :], noise):
        try:
            parse_midi("x.mid", content)
        except MusicError as error:
            assert str(error).startswith("x.mid")  # noqa: PT017 (what is not damaged enough is read)


def test_without_mido(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mido", None)
    with pytest.raises(MissingExtraError, match=r"foretell\[music\]"):
        parse_midi("x.mid", b"")
    with pytest.raises(MissingExtraError, match=r"foretell\[music\]"):
        midi_bytes(np.array([[60, 0, 0, 0]]))


def test_tempo_and_length() -> None:
    file = mido.MidiFile(file=io.BytesIO(midi_bytes(np.array([[60, 0, 0, 48]] * 8 + [[0] * 4] * 8), beats_a_minute=60)))
    assert file.length == pytest.approx(4.0)
    assert [len([m for m in track if m.type == "note_on"]) for track in file.tracks] == [0, 1, 0, 0, 1]


def raw(*tracks: bytes, ticks: int = 1) -> bytes:
    """A file of these tracks' content."""
    head = b"MThd" + (6).to_bytes(4, "big") + b"".join(n.to_bytes(2, "big") for n in (1, len(tracks), ticks))
    return head + b"".join(b"MTrk" + len(track).to_bytes(4, "big") + track for track in tracks)


ON, LONG, END = bytes([0x90, 60, 70]), b"\xff\xff\xff\x7f", b"\x00\xff\x2f\x00"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        # A note at the end of a very long silence, with nothing after it; the same in two tracks.
        (raw(b"\x00" + ON + b"\x01" + bytes([0x80, 60, 0]) + LONG + ON), "longer than 100,000 sixteenths"),
        (raw(b"\x00" + ON + END, LONG + ON + END), "longer than 100,000 sixteenths"),
        (raw(b"\x00" + ON + LONG + b"\xff\x2f\x00"), "longer than 100,000 sixteenths"),
        # A number that no float holds, one that mido reads ever more slowly, and one that is merely too large.
        (raw(b"\x00" + ON + b"\xff" * 3000 + b"\x7f" + ON), "a pause is longer than a MIDI file can express"),
        (raw(b"\x00" + ON + b"\xff" * 500_000 + b"\x7f" + ON), "has no end"),
        (raw(b"\x00" + ON + b"\x81" + LONG + ON), "a pause is longer than a MIDI file can express"),
        (b"MThd" + bytes(2 << 20), "larger than 1 MiB"),
        # Many parts, each of which sounds for as long as a piece may last.
        (raw(*[b"\0" + ON + b"\x86\x8d\x10\xff\x2f\0"] * 200, ticks=4), "more than 10,000,000 sixteenths in all"),
    ],
)  # fmt: skip
def test_bombs(content: bytes, said: str) -> None:
    with pytest.raises(MusicError, match=f"x.mid.* {said}"):
        parse_midi("x.mid", content)


def test_a_long_silence_before_the_music_is_no_bomb() -> None:
    note = ON + b"\x02" + bytes([0x80, 60, 0])
    assert parse_midi("x.mid", raw(LONG + note + END, ticks=4))[:, 0].tolist()[-2:] == [60, 60]


@given(st.integers(0, 10**6), st.integers(1, 0x7FFF))
def test_the_nearest_sixteenth(ticks: int, ticks_a_beat: int) -> None:
    exact = Fraction(4 * ticks, ticks_a_beat)
    assert abs(_sixteenth(ticks, ticks_a_beat) - exact) <= Fraction(1, 2)
    assert _sixteenth(10**400, ticks_a_beat) > 10**395

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from foretell.music.notes import CLASSES, HIGHEST, LOWEST, Tone, classes_of, is_note, note_name, pitches_of, tones


def test_classes_and_back() -> None:
    pitches = np.array([0, *range(LOWEST, HIGHEST + 1)])
    assert classes_of(pitches).tolist() == list(range(CLASSES))
    assert pitches_of(classes_of(pitches)).tolist() == pitches.tolist()
    assert CLASSES == 47


def test_range() -> None:
    assert [pitch for pitch in range(-1, 130) if is_note(pitch)] == [0, *range(36, 82)]


def test_names() -> None:
    assert [note_name(pitch) for pitch in (36, 60, 69, 81)] == ["C2", "C4", "A4", "A5"]


def test_tones() -> None:
    pitches = np.array([[60, 0], [60, 50], [62, 50], [0, 50], [62, 0]])
    assert tones(pitches) == [Tone(0, 60, 0, 2), Tone(0, 62, 2, 1), Tone(0, 62, 4, 1), Tone(1, 50, 1, 3)]
    assert tones(pitches[:0]) == []


@given(st.lists(st.lists(st.sampled_from([0, 40, 60, 61]), min_size=4, max_size=4), min_size=1, max_size=20))
def test_tones_make_the_table_again(rows: list[list[int]]) -> None:
    pitches = np.array(rows)
    again = np.zeros_like(pitches)
    for tone in tones(pitches):
        again[tone.start : tone.start + tone.length, tone.voice] = tone.pitch
    assert (again == pitches).all()

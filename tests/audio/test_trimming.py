"""Silence at both ends: trimmed by a threshold under the peak, and never a whole sound."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from foretell.audio.trimming import is_silent, trimmed


def test_ends_go_and_a_margin_stays(make_tone) -> None:
    sound = make_tone(0.1)
    padded = np.concatenate([np.zeros(1000, np.float32), sound, np.full(3000, 1e-5, np.float32)])
    cut = trimmed(padded, 8000, 40)
    # The sine begins at 0; 10 ms are 80 samples.
    assert abs(len(cut) - (len(sound) + 160)) <= 4
    assert len(trimmed(padded, 8000, 120)) > 3800


def test_silence_stays_whole() -> None:
    for silence in (np.zeros(500, np.float32), np.full(500, 0.25, np.float32), np.full(1, 0.5, np.float32)):
        assert is_silent(silence)
        assert trimmed(silence, 8000, 40) is silence
    assert not is_silent(np.array([0, 2**-15], np.float32))


@given(st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=50), st.floats(0.1, 200))
def test_the_loudest_sample_always_stays(samples: list[float], threshold: float) -> None:
    sound = np.array(samples, np.float32)
    cut = trimmed(sound, 100, threshold)
    assert 1 <= len(cut) <= len(sound)
    loudest = np.abs(sound - sound.mean(dtype=np.float64)).argmax()
    assert sound[loudest] in cut

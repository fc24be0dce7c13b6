"""Held-out sounds: whole files, drawn by the seed."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from foretell.audio.corpus import Sound
from foretell.audio.holdout import hold_out


def sounds(count: int, speakers: int = 0) -> list[Sound]:
    levels = np.arange(100, dtype=np.int16)
    return [Sound(f"{k}", levels, f"s{k % speakers}" if speakers else None) for k in range(count)]


@pytest.mark.parametrize(("count", "share", "held"), [(10, 0.1, 1), (10, 0.25, 2), (3, 0.01, 1), (100, 0.3, 30)])
def test_whole_files(count: int, share: float, held: int) -> None:
    training, validation = hold_out(sounds(count), share, 0)
    assert len(validation) == held
    assert sorted(s.name for s in [*training, *validation]) == sorted(s.name for s in sounds(count))
    again = hold_out(sounds(count), share, 0)[1]
    assert [s.name for s in again] == [s.name for s in validation]


def test_the_seed_decides() -> None:
    drawn = {tuple(s.name for s in hold_out(sounds(50), 0.2, seed)[1]) for seed in range(5)}
    assert len(drawn) == 5


def test_every_speaker_stays_in_training() -> None:
    for seed in range(20):
        training, validation = hold_out(sounds(8, speakers=4), 0.5, seed)
        assert Counter(s.speaker for s in training) == {f"s{k}": 1 for k in range(4)}
        assert len(validation) == 4
    assert hold_out(sounds(4, speakers=4), 0.5, 0)[1] == []


def test_of_one_file_the_end() -> None:
    (training,), (validation,) = hold_out(sounds(1), 0.2, 0)
    assert training.levels.tolist() == list(range(80))
    assert validation.levels.tolist() == list(range(80, 100))


def test_nothing() -> None:
    training, validation = hold_out(sounds(5), 0, 0)
    assert (len(training), len(validation)) == (5, 0)
    tiny = Sound("a", np.zeros(1, np.int16))
    assert hold_out([tiny], 0.1, 0) == ([tiny], [])

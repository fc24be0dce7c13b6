"""Which sounds are held out of training, to judge it by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from foretell.audio.corpus import Sound


def hold_out(sounds: Sequence[Sound], share: float, seed: int) -> tuple[list[Sound], list[Sound]]:
    """Training and held-out sounds: `share` of the files, at least one, drawn by the seed; whole ones.

    A speaker's last file stays in training. Where there is one file alone, its end is held out, since there is nothing
    else. A share of 0 holds out nothing.
    """
    if share == 0:
        return list(sounds), []
    if len(sounds) == 1:
        return _end_of(sounds[0], share)
    wanted = max(1, round(share * len(sounds)))
    left = Counter(sound.speaker for sound in sounds)
    held: set[int] = set()
    for number in np.random.default_rng([seed, len(sounds)]).permutation(len(sounds)).tolist():
        speaker = sounds[number].speaker
        if len(held) < wanted and left[speaker] > 1:
            left[speaker] -= 1
            held.add(number)
    return (
        [sound for number, sound in enumerate(sounds) if number not in held],
        [sound for number, sound in enumerate(sounds) if number in held],
    )


def _end_of(sound: Sound, share: float) -> tuple[list[Sound], list[Sound]]:
    cut = len(sound.levels) - round(share * len(sound.levels))
    if cut in (0, len(sound.levels)):
        return [sound], []
    return [replace(sound, levels=sound.levels[:cut])], [replace(sound, levels=sound.levels[cut:])]

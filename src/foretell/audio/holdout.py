"""Selection of the sounds that are held out for validation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from foretell.audio.corpus import Sound
from foretell.model.holdout import held_out


def hold_out(sounds: Sequence[Sound], share: float, seed: int) -> tuple[list[Sound], list[Sound]]:
    """Training and held-out sounds: `share` of the files, at least one, drawn by the seed; whole ones.

    A speaker's last file stays in training. Where there is one file alone, its end is held out, since there is nothing
    else. A share of 0 holds out nothing.
    """
    if share and len(sounds) == 1:
        return _end_of(sounds[0], share)
    held = held_out(len(sounds), share, seed, owners=[sound.speaker for sound in sounds])
    return [sound for k, sound in enumerate(sounds) if k not in held], [sounds[k] for k in held]


def _end_of(sound: Sound, share: float) -> tuple[list[Sound], list[Sound]]:
    cut = len(sound.levels) - round(share * len(sound.levels))
    if cut in (0, len(sound.levels)):
        return [sound], []
    return [replace(sound, levels=sound.levels[:cut])], [replace(sound, levels=sound.levels[cut:])]

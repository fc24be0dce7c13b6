"""Sound: a folder of it -> WaveNet -> sound. The names are imported when they are first used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from foretell.on_first_use import on_first_use

if TYPE_CHECKING:
    from foretell.audio.data import AudioData, read_data
    from foretell.audio.kind import Sounds
    from foretell.audio.model import AudioModel, Score
    from foretell.audio.reading import read_sound
    from foretell.audio.settings import AudioSettings
    from foretell.audio.writing import SoundWriter, write_sound

__all__ = [
    "AudioData",
    "AudioModel",
    "AudioSettings",
    "Score",
    "SoundWriter",
    "Sounds",
    "read_data",
    "read_sound",
    "write_sound",
]

__getattr__, __dir__ = on_first_use(
    __name__,
    {
        "data": "AudioData read_data",
        "kind": "Sounds",
        "model": "AudioModel Score",
        "reading": "read_sound",
        "settings": "AudioSettings",
        "writing": "SoundWriter write_sound",
    },
)

"""Sound: a folder of it -> WaveNet -> sound. The names are imported when they are first used."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

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

_HOMES = {
    "AudioData": "data",
    "AudioModel": "model",
    "AudioSettings": "settings",
    "Score": "model",
    "Sounds": "kind",
    "SoundWriter": "writing",
    "read_data": "data",
    "read_sound": "reading",
    "write_sound": "writing",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)

"""Music by notes: chorales in four voices, read, foreseen note by note, composed, written and drawn.

The names are imported when they are first used: reading files costs no torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from foretell.music.chorales import Chorale, Chorales, read_chorale, read_chorales
    from foretell.music.files import write_midi, write_piano_roll, write_wav
    from foretell.music.kind import Collection
    from foretell.music.model import MusicModel
    from foretell.music.settings import MusicSettings
    from foretell.music.task import Score

_HOMES = {
    "Collection": "kind",
    "Chorale": "chorales",
    "Chorales": "chorales",
    "MusicModel": "model",
    "MusicSettings": "settings",
    "Score": "task",
    "read_chorale": "chorales",
    "read_chorales": "chorales",
    "write_midi": "files",
    "write_piano_roll": "files",
    "write_wav": "files",
}

__all__ = [
    "Chorale",
    "Chorales",
    "Collection",
    "MusicModel",
    "MusicSettings",
    "Score",
    "read_chorale",
    "read_chorales",
    "write_midi",
    "write_piano_roll",
    "write_wav",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)

"""Four-part music: chorales are read, predicted note by note, composed, written and drawn.

The names are imported when they are first used: reading files costs no torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from foretell.on_first_use import on_first_use

if TYPE_CHECKING:
    from foretell.music.chorales import Chorale, Chorales, read_chorale, read_chorales
    from foretell.music.files import write_midi, write_piano_roll, write_wav
    from foretell.music.kind import Collection
    from foretell.music.model import MusicModel
    from foretell.music.settings import MusicSettings
    from foretell.music.task import Score

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

__getattr__, __dir__ = on_first_use(
    __name__,
    {
        "chorales": "Chorale Chorales read_chorale read_chorales",
        "files": "write_midi write_piano_roll write_wav",
        "kind": "Collection",
        "model": "MusicModel",
        "settings": "MusicSettings",
        "task": "Score",
    },
)

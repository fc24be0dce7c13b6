"""Pictures put into words: learned from a folder of pictures and a table of their captions.

The names are imported when they are first used: reading pictures costs no torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from foretell.caption.images import read_image
    from foretell.caption.kind import Pictures
    from foretell.caption.model import Captioner
    from foretell.caption.settings import CaptionSettings
    from foretell.caption.table import Captioned, read_captions
    from foretell.caption.task import Score

_HOMES = {
    "Pictures": "kind",
    "Captioned": "table",
    "Captioner": "model",
    "CaptionSettings": "settings",
    "Score": "task",
    "read_captions": "table",
    "read_image": "images",
}

__all__ = [
    "CaptionSettings",
    "Captioned",
    "Captioner",
    "Pictures",
    "Score",
    "read_captions",
    "read_image",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)

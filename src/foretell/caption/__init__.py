"""Pictures put into words: learned from a folder of pictures and a table of their captions.

The names are imported when they are first used: reading pictures costs no torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from foretell.on_first_use import on_first_use

if TYPE_CHECKING:
    from foretell.caption.images import read_image
    from foretell.caption.kind import Pictures
    from foretell.caption.model import Captioner
    from foretell.caption.settings import CaptionSettings
    from foretell.caption.table import Captioned, read_captions
    from foretell.caption.task import Score

__all__ = [
    "CaptionSettings",
    "Captioned",
    "Captioner",
    "Pictures",
    "Score",
    "read_captions",
    "read_image",
]

__getattr__, __dir__ = on_first_use(
    __name__,
    {
        "images": "read_image",
        "kind": "Pictures",
        "model": "Captioner",
        "settings": "CaptionSettings",
        "table": "Captioned read_captions",
        "task": "Score",
    },
)

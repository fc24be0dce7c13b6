"""Text to speech: recordings with transcripts -> voices -> sound from text. Names are imported when first used."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from foretell.speech.corpus import Speech, read_speech
    from foretell.speech.kind import Voices
    from foretell.speech.model import SpeechModel
    from foretell.speech.model import SpeechModel as Voice
    from foretell.speech.score import Score
    from foretell.speech.settings import SpeechSettings

__all__ = ["Score", "Speech", "SpeechModel", "SpeechSettings", "Voice", "Voices", "read_speech"]

_HOMES = {
    "Score": "score",
    "Speech": "corpus",
    "SpeechModel": "model",
    "SpeechSettings": "settings",
    "Voice": "model",
    "Voices": "kind",
    "read_speech": "corpus",
}
_OTHERWISE = {"Voice": "SpeechModel"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), _OTHERWISE.get(name, name))


def __dir__() -> list[str]:
    return sorted(__all__)

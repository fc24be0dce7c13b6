"""The speaker of a file, taken from its name or from its folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from foretell.errors import AudioError

SpeakersFrom = Literal["name", "folder"]


def speaker_of(path: Path, rule: SpeakersFrom) -> str:
    """The speaker of a file.

    By `folder` the name of the folder that holds it. By `name` the second of its parts between underscores where there
    are three or more (`7_george_12.wav`: george), else the first (`p225_001.wav`: p225). Raises `AudioError` for a name
    without an underscore, which names nobody.
    """
    if rule == "folder":
        return Path(os.path.abspath(path)).parent.name
    parts = path.stem.split("_")
    speaker = parts[1] if len(parts) > 2 else parts[0]
    if len(parts) < 2 or not speaker:
        raise AudioError(
            f"{path} names no speaker: name files such as word_speaker_take.wav or speaker_take.wav, or sort them into "
            "a folder for each speaker and say so (--speakers-from folder)"
        )
    return speaker

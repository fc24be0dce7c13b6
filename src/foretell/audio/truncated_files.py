"""Files of sound that were cut short: what libsndfile reads without a complaint though its end is missing."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from foretell.audio.mp3 import count_frames

_UNKNOWN = 0x7FFF_0000
"""From here on a WAV's length is what programs write that do not know it yet, such as those writing into a pipe."""
_OGG_TAIL = 1 << 17
_OGG_LAST = 4


_MP3_SLACK = 0.02


def cut_short(path: Path, container: str) -> str | None:
    """Describe what is missing of a WAV, OGG or MP3 file; None where nothing is, or the format does not tell."""
    if container == "MP3":
        frames = count_frames(path.read_bytes())
        if frames is None or frames.declared is None or frames.whole >= frames.declared:
            return None
        return f"{frames.whole:,} of {frames.declared:,} frames are there"
    with path.open("rb") as file:
        if container in ("WAV", "WAVEX"):
            return _wav_lacks(file, path.stat().st_size)
        if container == "OGG":
            return _ogg_lacks(file, path.stat().st_size)
    return None


def hidden_samples(path: Path, container: str, frames: int) -> int:
    """Return the number of samples beyond `frames` that libsndfile would silently skip.

    It guesses the length of an MP3 file without a header that gives it, from the first frame's bit rate.
    """
    found = count_frames(path.read_bytes()) if container == "MP3" else None
    if found is None or found.declared is not None:
        return 0
    hidden = found.samples - frames
    return hidden if hidden > _MP3_SLACK * found.samples else 0


def _wav_lacks(file: BinaryIO, size: int) -> str | None:
    """RIFF: a header of 12 bytes, then chunks: a name of 4 bytes, a length of 4, as many bytes, even in number."""
    if file.read(4) != b"RIFF":
        return None  # RIFX or RF64, which libsndfile reads too
    at = 12
    while at + 8 <= size:
        file.seek(at)
        head = file.read(8)
        length = int.from_bytes(head[4:], "little")
        if head[:4] == b"data":
            there = size - at - 8
            return f"{there:,} of {length:,} bytes are there" if there < length < _UNKNOWN else None
        at += 8 + length + length % 2
    return "its samples are missing"


def _ogg_lacks(file: BinaryIO, size: int) -> str | None:
    """The last page of a stream says that it is the last (RFC 3533), and is as long as its segment table says."""
    file.seek(max(0, size - _OGG_TAIL))
    tail = file.read()
    page = tail.rfind(b"OggS")
    head = tail[page : page + 27]
    if page < 0 or len(head) < 27:
        return "its last page is missing"
    segments = tail[page + 27 : page + 27 + head[26]]
    whole = len(segments) == head[26] and len(tail) >= page + 27 + head[26] + sum(segments)
    return None if whole and head[5] & _OGG_LAST else "its last page is missing"

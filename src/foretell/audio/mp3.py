"""The frames of an MP3 file, counted: libsndfile only guesses how many there are where no header says so.

MPEG audio, layer III (ISO/IEC 11172-3, 13818-3 and the MPEG-2.5 extension): frames follow one another, each with a
header of 4 bytes that gives its length. The first may hold no sound but a header of Xing's or Fraunhofer's, which tells
how many frames follow.
"""

from __future__ import annotations

from dataclasses import dataclass

_KILOBITS = {
    True: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    False: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""By whether it is MPEG-1, and the header's index."""
_RATES = (44_100, 48_000, 32_000)
_SLOWER = {3: 1, 2: 2, 0: 4}
"""Divisor of the sample rate, by the header's version: MPEG-1, MPEG-2, MPEG-2.5."""


@dataclass(frozen=True)
class Frames:
    """The result of counting the frames."""

    whole: int
    """Frames that are there in full, without that which only tells of the others."""
    declared: int | None
    """Frames that there should be, if the file says so."""
    samples: int
    """Samples of each channel that the whole ones hold."""


def count_frames(data: bytes) -> Frames | None:
    """Walk over a file's frames; None where the first is not found, or is of another kind than layer III."""
    at = _after_tag(data)
    at = data.find(b"\xff", at)
    while at >= 0 and _length(data, at) is None:
        at = data.find(b"\xff", at + 1)
    if at < 0:
        return None
    kind = data[at : at + 2]
    samples_a_frame = 1152 if _is_mpeg1(data[at + 1]) else 576
    declared = _declared(data[at : at + (_length(data, at) or 0)])
    whole = 0 if declared is None else -1
    while at >= 0:
        length = _length(data, at) if data[at : at + 2] == kind else None
        if length is None:
            # Something else lies between frames, or after the last: a tag, say.
            at = data.find(kind, at + 1)
            continue
        if at + length > len(data):
            break
        whole += 1
        at += length
    return Frames(whole, declared, whole * samples_a_frame)


def _after_tag(data: bytes) -> int:
    """Where an ID3v2 tag at the beginning ends: its length stands in four bytes of seven bits."""
    if data[:3] != b"ID3" or len(data) < 10:
        return 0
    size = 0
    for byte in data[6:10]:
        size = size << 7 | byte & 0x7F
    return 10 + size


def _length(data: bytes, at: int) -> int | None:
    """Return the length in bytes of the frame that begins here; None where none does."""
    head = data[at : at + 4]
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    bits, rate, padding = head[2] >> 4, head[2] >> 2 & 3, head[2] >> 1 & 1
    if version not in _SLOWER or layer != 1 or bits in (0, 15) or rate == 3:
        return None
    mpeg1 = _is_mpeg1(head[1])
    return (144_000 if mpeg1 else 72_000) * _KILOBITS[mpeg1][bits] * _SLOWER[version] // _RATES[rate] + padding


def _is_mpeg1(byte: int) -> bool:
    return byte >> 3 & 3 == 3


def _declared(frame: bytes) -> int | None:
    for name in (b"Xing", b"Info"):
        at = frame.find(name)
        if at >= 0 and int.from_bytes(frame[at + 4 : at + 8], "big") & 1:
            return int.from_bytes(frame[at + 8 : at + 12], "big")
    at = frame.find(b"VBRI")
    return int.from_bytes(frame[at + 14 : at + 18], "big") if at >= 0 else None

"""What is to be spoken, as phonemes: the contract between the reading of text and the voice."""

from __future__ import annotations

from dataclasses import dataclass

WORD_BOUNDARY = " "
"""The symbol between two words."""
PAUSES = (",", ";", ":", ".", "!", "?", "…", "—")
"""Symbols of punctuation, which a voice speaks as pauses and melody."""


@dataclass(frozen=True)
class Segment:
    """A stretch of speech in one language, voice, rate and pitch; at most about a sentence.

    A segment without symbols is silence of `pause_after` seconds.
    """

    symbols: tuple[str, ...]
    """IPA phonemes, one symbol each ("tʃ", "aɪ" and "ɑː" are one symbol), with `WORD_BOUNDARY` and `PAUSES`."""
    stress: tuple[int, ...]
    """For each symbol: 1 for a vowel with primary stress, 2 for secondary stress, 0 for every other symbol."""
    language: str
    """Language code, such as "en" or "pt-br"."""
    voice: str | None = None
    """Name of the voice; None for the voice that the caller chose."""
    rate: float = 1.0
    """Speed: 2 is twice as fast."""
    pitch: float = 1.0
    """Factor of the fundamental frequency: 2 is an octave higher."""
    pause_after: float = 0.0
    """Silence after the segment in seconds, in addition to what its punctuation says."""
    text: str = ""
    """The text that the symbols were read from, for messages; empty for IPA input."""

    def __post_init__(self) -> None:
        if len(self.symbols) != len(self.stress):
            raise ValueError(f"{len(self.symbols)} symbols, but {len(self.stress)} levels of stress")


@dataclass(frozen=True)
class Utterance:
    """Segments to be spoken one after another."""

    segments: tuple[Segment, ...]

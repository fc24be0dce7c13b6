"""A text with markup as runs: words, phonemes and silence, each in one language, voice, rate and pitch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Style:
    """How a run is spoken; see `foretell.speech.utterance.Segment`."""

    language: str
    voice: str | None = None
    rate: float = 1.0
    pitch: float = 1.0


@dataclass(frozen=True)
class Place:
    """Where a run begins in its source, from 1."""

    line: int = 1
    column: int = 1

    def after(self, text: str) -> Place:
        """Return the place after a text that begins here."""
        breaks = text.count("\n")
        return Place(self.line + breaks, len(text) - text.rfind("\n") if breaks else self.column + len(text))

    def __str__(self) -> str:
        return f"line {self.line:,}, column {self.column:,}"


@dataclass(frozen=True)
class Words:
    """Text to be read."""

    text: str
    style: Style
    place: Place = Place()


@dataclass(frozen=True)
class Phonemes:
    """IPA to be spoken as it is."""

    ipa: str
    style: Style
    place: Place = Place()
    text: str = ""
    """What they stand for, if that is known."""


@dataclass(frozen=True)
class Silence:
    """A pause in seconds."""

    seconds: float


@dataclass(frozen=True)
class End:
    """The end of a sentence or paragraph, whatever the punctuation says."""


Run = Words | Phonemes | Silence | End

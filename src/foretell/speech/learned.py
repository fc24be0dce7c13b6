"""What a speech model learns from its recordings besides weights."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from foretell.speech.corpus import Speech
from foretell.speech.repertoire import Repertoire
from foretell.speech.settings import RATE_LIMIT
from foretell.speech.text import SymbolTable
from foretell.speech.text.languages import known_as
from foretell.speech.utterance import PAUSES, WORD_BOUNDARY, Segment


@dataclass(frozen=True)
class Learned:
    """The learned state of a speech model besides its weights."""

    rate: int
    """Samples per second."""
    repertoire: Repertoire
    """The voices, in the order of the networks' numbers, with their languages and symbols."""
    recordings: int
    seconds: float
    """That it was trained on."""

    def __post_init__(self) -> None:
        if not 1 <= self.rate <= RATE_LIMIT:
            raise ValueError(f"rate is {self.rate}")
        if self.recordings < 0 or not 0 <= self.seconds < math.inf:
            raise ValueError(f"trained on {self.recordings} recordings, {self.seconds} s")
        if WORD_BOUNDARY not in self.symbols:
            raise ValueError("no symbol for the boundary of words")

    @classmethod
    def of(cls, data: Speech) -> Learned:
        """Return what is determined from recordings before any training."""
        segments = [Segment(r.symbols, r.stress, r.language, r.voice) for r in data.recordings]
        return cls(data.rate, Repertoire.of(segments), len(data.recordings), data.seconds)

    @property
    def voices(self) -> tuple[str, ...]:
        """Names of the voices, in the order of the networks' numbers."""
        return tuple(self.repertoire.voices)

    @property
    def languages(self) -> tuple[str, ...]:
        """Codes of the languages, likewise."""
        return self.repertoire.languages

    @property
    def symbols(self) -> SymbolTable:
        """The symbols, likewise."""
        return self.repertoire.symbols

    @property
    def phonemes(self) -> dict[str, int]:
        """Numbers of the symbols that are sounds, as alignment has them."""
        sounds = [s for s in self.symbols.symbols if s != WORD_BOUNDARY and s not in PAUSES]
        return {symbol: number for number, symbol in enumerate(sounds)}

    def known(self, data: Speech) -> Speech:
        """Return recordings of these voices, with the symbols that a voice cannot say replaced by their nearest."""
        found = []
        for recording in data.recordings:
            inventory = self.repertoire.voices[recording.voice]
            language = known_as(recording.language, inventory.languages) or inventory.languages[0]
            table = self.repertoire.known_to[recording.voice]
            segment, _ = table.adapted(Segment(recording.symbols, recording.stress, language))
            found.append(replace(recording, symbols=segment.symbols, stress=segment.stress, language=language))
        return replace(data, recordings=tuple(found))

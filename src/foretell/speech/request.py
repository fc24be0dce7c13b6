"""What is asked of a voice besides the text, and the segments that come of both."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from foretell.errors import SettingsError
from foretell.speech.repertoire import Repertoire, Warned
from foretell.speech.text import Reader
from foretell.speech.text.front_ends import GRUUT
from foretell.speech.text.languages import canonical
from foretell.speech.text.ssml import HIGHEST, LOWEST
from foretell.speech.utterance import Segment


@dataclass(frozen=True)
class Request:
    """How a text is to be spoken. Raises SettingsError for a speed or pitch out of bounds."""

    voice: str | None = None
    """Its name; None for the first that speaks the language, or else the first."""
    language: str | None = None
    """Code of the language that the text is in; None for that of the voice."""
    speed: float = 1.0
    """2 is twice as fast."""
    pitch: float = 1.0
    """Factor of the fundamental frequency: 2 is an octave higher."""
    phonemes: bool = False
    """Whether the text is IPA throughout."""
    front_end: str = GRUUT
    """What turns text into phonemes: "gruut" or "espeak-ng"."""

    def __post_init__(self) -> None:
        for name, value in (("speed", self.speed), ("pitch", self.pitch)):
            if not LOWEST <= value <= HIGHEST:
                raise SettingsError(f"{name} {value:g}: give {LOWEST:g} to {HIGHEST:g}, where 1 is the usual")

    def segments(
        self, text: str | Iterable[list[str]], repertoire: Repertoire, on_warning: Warned
    ) -> Iterator[Segment]:
        """Yield the segments of a text, or of lines as they come in groups, as the voices speak them.

        The voice and the settings are looked at before the first segment is asked for. Raises what
        `foretell.speech.text.Reader` and `Repertoire.spoken` raise.
        """
        voice = repertoire.voice(self.voice, self.language)
        language = canonical(self.language) if self.language else repertoire.voices[voice].languages[0]
        reader = Reader(
            language,
            rate=self.speed,
            pitch=self.pitch,
            phonemes=self.phonemes,
            front_end=self.front_end,
            on_warning=on_warning,
        )
        read = reader.read(text) if isinstance(text, str) else reader.read_groups(text)
        return repertoire.spoken(read, voice, on_warning)

"""What the voices of a model can speak, and how they speak the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cached_property
from typing import Any

from foretell.errors import ModelError, SettingsError
from foretell.speech.text import SymbolTable
from foretell.speech.text.languages import canonical, known_as, language_of
from foretell.speech.text.symbol_table import replacements_in_words
from foretell.speech.utterance import Segment

Warned = Callable[[str], None]
"""Called with a sentence for people."""


@dataclass(frozen=True)
class Inventory:
    """The languages and the symbols that a voice was trained on."""

    languages: tuple[str, ...]
    """The one with most recordings first."""
    symbols: SymbolTable


@dataclass(frozen=True)
class Repertoire:
    """The voices of a model."""

    voices: Mapping[str, Inventory]
    """By name, in the order of their numbers; at least one."""

    @classmethod
    def of(cls, segments: Iterable[Segment], *, at_least: int = 1) -> Repertoire:
        """Return the repertoire of training data, whose segments name their voices.

        A symbol that a voice has fewer than `at_least` times counts as one that it never had.
        """
        by_voice: dict[str, list[Segment]] = {}
        for segment in segments:
            if segment.voice is None:
                raise ValueError("a segment without a voice")
            by_voice.setdefault(segment.voice, []).append(segment)
        return cls({voice: _inventory(by_voice[voice], at_least) for voice in sorted(by_voice)})

    @classmethod
    def from_json(cls, content: Any) -> Repertoire:
        """Return the repertoire that `to_json` wrote. Raises ModelError where it is none."""
        try:
            voices = {
                str(voice): Inventory(
                    tuple(canonical(language) for language in inventory["languages"]),
                    SymbolTable.from_json(inventory["symbols"]),
                )
                for voice, inventory in content.items()
            }
            if not voices or not all(inventory.languages for inventory in voices.values()):
                raise ValueError("no voice, or one without a language")
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ModelError(f"the voices of the model are damaged ({error}): fetch or train it again") from error
        return cls(voices)

    def to_json(self) -> dict[str, Any]:
        """Return the voices, for the model's folder."""
        return {
            voice: {"languages": list(inventory.languages), "symbols": inventory.symbols.to_json()}
            for voice, inventory in self.voices.items()
        }

    @cached_property
    def symbols(self) -> SymbolTable:
        """The symbols of all voices, by which the network numbers them."""
        return SymbolTable(tuple(sorted({s for inventory in self.voices.values() for s in inventory.symbols.symbols})))

    @cached_property
    def known_to(self) -> dict[str, SymbolTable]:
        """Return what each voice can say: its own symbols, and those of other voices that speak its languages alone.

        The network has learned how these sound in the language; how the voice sounds, it knows from all the others.
        """
        tables = {}
        for voice, own in self.voices.items():
            alike = [
                other
                for other in self.voices.values()
                if other is own or all(known_as(language, own.languages) for language in other.languages)
            ]
            tables[voice] = SymbolTable(tuple(sorted({s for other in alike for s in other.symbols.symbols})))
        return tables

    @cached_property
    def languages(self) -> tuple[str, ...]:
        """The languages of all voices, sorted."""
        return tuple(sorted({language for inventory in self.voices.values() for language in inventory.languages}))

    def voice(self, name: str | None, language: str | None = None) -> str:
        """Return the voice of that name; without a name the first that speaks the language, or else the first.

        Raises SettingsError for a name that no voice has.
        """
        if name is not None:
            if name in self.voices:
                return name
            near = get_close_matches(name, self.voices, n=1)
            meant = f"; did you mean {near[0]}?" if near else ""
            raise SettingsError(f"there is no voice {name!r}: the model has {', '.join(self.voices)}{meant}")
        if language is not None:
            for voice, inventory in self.voices.items():
                if known_as(canonical(language), inventory.languages):
                    return voice
        return next(iter(self.voices))

    def spoken(self, segments: Iterable[Segment], voice: str, on_warning: Warned) -> Iterator[Segment]:
        """Yield segments as their voices speak them: with a voice, a language of its own, and symbols of `known_to`.

        `voice` speaks what names none. Another language than the voice's is spoken with its own sounds, each foreign
        one by the nearest; that is warned of, once for each. Raises SettingsError for a voice that is not known.
        """
        told: set[tuple[str, str]] = set()
        for segment in segments:
            name = self.voice(segment.voice or voice)
            inventory = self.voices[name]
            language = known_as(segment.language, inventory.languages)
            adapted, replaced = self.known_to[name].adapted(segment)
            if language is None and (name, segment.language) not in told:
                told.add((name, segment.language))
                on_warning(
                    f"the voice {name} was trained on {_listed(inventory.languages)}, not on "
                    f"{language_of(segment.language).name}: it says it with the sounds that it knows"
                )
            elif language is not None:
                new = {symbol: by for symbol, by in replaced.items() if (name, symbol) not in told}
                told.update((name, symbol) for symbol in new)
                if words := replacements_in_words(new):
                    on_warning(f"{name}: {words}")
            yield replace(adapted, voice=name, language=language or inventory.languages[0])


def _inventory(segments: list[Segment], at_least: int) -> Inventory:
    counts: dict[str, int] = {}
    for segment in segments:
        counts[segment.language] = counts.get(segment.language, 0) + 1
    languages = sorted(counts, key=lambda language: (-counts[language], language))
    return Inventory(tuple(languages), SymbolTable.of(segments, at_least=at_least))


def _listed(languages: tuple[str, ...]) -> str:
    return " and ".join(language_of(language).name for language in languages)

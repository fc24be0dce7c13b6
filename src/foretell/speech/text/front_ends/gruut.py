"""Phonemes by gruut: a dictionary for each language, and a model for words that are not in it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from threading import local
from typing import Any

from foretell.optional import load
from foretell.speech.text.clauses import words_only
from foretell.speech.text.ipa import Symbols, read_ipa
from foretell.speech.text.languages import Language, language_of
from foretell.speech.text.spoken_form import spoken_form
from foretell.speech.utterance import WORD_BOUNDARY

_WORD = re.compile(r"\b[^\W\d_]{2,}\b")
_LONGEST_WORD = 60
"""Letters after which a word is cut: no dictionary has it, and guessing takes long."""
_AN_ABBREVIATION = 3
"""Capitals up to so many are letters, as in US, unless the whole text is in capitals."""
_processors = local()


@dataclass(frozen=True)
class Gruut:
    """A language as gruut pronounces it."""

    code: str
    language: Language

    @classmethod
    @cache
    def of(cls, language: str) -> Gruut:
        """Return the front end of a language, whose package must be installed."""
        return cls(language, language_of(language))

    def prepared(self, sentence: str) -> str:
        """Return a sentence with numbers, dates and abbreviations in words."""
        return self._without_shouting(spoken_form(sentence, self.code))

    def phonemes(self, clause: str) -> Symbols:
        """Return the symbols of words, with boundaries between them."""
        words = " ".join(piece for word in words_only(clause).split() for piece in _cut(word))
        if not words:
            return Symbols()
        processor = self._processor
        graph, root = processor(
            words,
            lang=self.language.gruut,
            detect_numbers=False,
            detect_currency=False,
            detect_dates=False,
            detect_times=False,
        )
        found = Symbols()
        for sentence in processor.sentences(graph, root):
            for word in sentence:
                if word.phonemes and not word.is_break:
                    symbols = read_ipa("".join(word.phonemes), joined=self.language.joined, where=f"{word.text!r}")
                    found += Symbols((WORD_BOUNDARY,), (0,)) + symbols if len(found) else symbols
        return found

    @property
    def _processor(self) -> Any:
        """gruut's processor of this thread, since its dictionaries are databases that belong to one."""
        key = "espeak" if self.language.lexicon_of_espeak else ""
        kept: dict[str, Any] = _processors.__dict__
        if key not in kept:
            package = load("gruut", "turns text into phonemes", "speech")
            kept[key] = package.TextProcessor(default_lang=self.language.gruut, model_prefix=key)
        return kept[key]

    def _without_shouting(self, text: str) -> str:
        """Words in capitals are words, not letters, if the dictionary has them and they are no abbreviation."""
        words = _WORD.findall(text)
        shouted = [word for word in words if word.isupper()]
        if not shouted:
            return text
        all_shout = len(shouted) == len(words) and len(words) > 2
        known = self._processor.get_settings(self.language.gruut).lookup_phonemes

        def lowered(match: re.Match[str]) -> str:
            word = match.group()
            if not word.isupper() or (len(word) <= _AN_ABBREVIATION and not all_shout):
                return word
            return word.lower() if known is None or known(word.lower()) else word

        return _WORD.sub(lowered, text)


def _cut(word: str) -> list[str]:
    return [word[k : k + _LONGEST_WORD] for k in range(0, len(word), _LONGEST_WORD)]

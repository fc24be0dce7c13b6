"""Phonemes by gruut: a dictionary for each language, and a model for words that are not in it."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from threading import RLock
from typing import Any

from foretell.optional import load
from foretell.speech.text.clauses import without_dots, words_only
from foretell.speech.text.front_ends.lexicon import look_up
from foretell.speech.text.front_ends.russian import with_soft_l
from foretell.speech.text.ipa import Symbols, read_ipa
from foretell.speech.text.languages import CYRILLIC, Language, base, language_of, respelt
from foretell.speech.text.letter_names import with_letters_named
from foretell.speech.text.nearest import nearest
from foretell.speech.text.spoken_form import spoken_form
from foretell.speech.utterance import WORD_BOUNDARY

_WORD = re.compile(r"\b[^\W\d_]{2,}\b")
_LONGEST_WORD = 60
"""Letters after which a word is cut: no dictionary has it, and guessing takes long."""
_AN_ABBREVIATION = 3
"""Capitals up to so many are letters, as in US, unless the whole text is in capitals."""
_LOOKALIKES = str.maketrans("AaBCcEeHKkMOoPpTXxy", "АаВСсЕеНКкМОоРрТХху")
"""Latin letters within Cyrillic words, which are mistakes of typing."""
_processors: dict[str, Any] = {}
_one_thread = RLock()
"""Held where gruut works, which expects one thread."""


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
        text = without_dots(spoken_form(sentence, self.code))
        if base(self.code) == "en" and not text.isascii():
            # The dictionary has cafe, not café.
            text = "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
        return self._with_capitals_read(text)

    def phonemes(self, clause: str) -> Symbols:
        """Return the symbols of words, with boundaries between them."""
        words = [piece for word in words_only(clause).split() for piece in _cut(_in_one_alphabet(word, self.language))]
        found = Symbols()
        for foreign, group in groupby(words, self._is_foreign):
            together = " ".join(group)
            said = self._foreign(together) if foreign else self._own(together)
            found += Symbols((WORD_BOUNDARY,), (0,)) + said if len(found) and len(said) else said
        return found

    def _own(self, words: str) -> Symbols:
        """The symbols of words of the language."""
        found = Symbols()
        for word, phonemes in self._pronounced(words):
            ipa = respelt(self.language.pronounced.get(word.lower(), phonemes), self.language)
            if base(self.code) == "ru":
                ipa = with_soft_l(word, ipa)
            symbols = read_ipa(ipa, joined=self.language.joined, where=f"{word!r}")
            found += Symbols((WORD_BOUNDARY,), (0,)) + symbols if len(found) else symbols
        return found

    def _pronounced(self, text: str) -> list[tuple[str, str]]:
        """Words and their phonemes as gruut has them."""
        with _one_thread:
            processor = self._processor
            look_up(self._dictionary, text.split())
            graph, root = processor(
                text,
                lang=self.language.gruut,
                detect_numbers=False,
                detect_currency=False,
                detect_dates=False,
                detect_times=False,
            )
            words = [word for sentence in processor.sentences(graph, root) for word in sentence]
        return [(word.text, "".join(word.phonemes)) for word in words if word.phonemes and not word.is_break]

    def _is_foreign(self, word: str) -> bool:
        return bool(self.language.sounds) and any(c.isascii() and c.isalpha() for c in word)

    def _foreign(self, words: str) -> Symbols:
        """The symbols of English words in text of another alphabet, said with its own sounds."""
        english = Gruut.of("en").phonemes(words)
        symbols: list[str] = []
        stress: list[int] = []
        for symbol, level in zip(english.symbols, english.stress, strict=True):
            said = (symbol,) if symbol == WORD_BOUNDARY else nearest(symbol, self.language.sounds)
            symbols += said
            stress += [level, 0][: len(said)]
        return Symbols(tuple(symbols), tuple(stress))

    @property
    def _processor(self) -> Any:
        """gruut's processor with the dictionaries of the kind that suits the language."""
        key = "espeak" if self.language.lexicon_of_espeak else ""
        if key not in _processors:
            package = load("gruut", "turns text into phonemes", "speech")
            _processors[key] = package.TextProcessor(default_lang=self.language.gruut, model_prefix=key)
        return _processors[key]

    @property
    def _dictionary(self) -> Any:
        """gruut's look-up of words."""
        return self._processor.get_settings(self.language.gruut).lookup_phonemes

    def _with_capitals_read(self, text: str) -> str:
        """Words in capitals are words, not letters, if the dictionary has them and they are no abbreviation."""
        words = _WORD.findall(text)
        shouted = {word for word in words if word.isupper()}
        all_shout = len(words) > 2 and all(word in shouted for word in words)
        with _one_thread:
            lookup = self._dictionary
            look_up(lookup, {word for found in words for word in (found, found.lower())})
            lowered = {
                word
                for word in shouted
                if (len(word) > _AN_ABBREVIATION or all_shout) and (lookup is None or lookup(word.lower()))
            }
        text = _WORD.sub(lambda match: match[0].lower() if match[0] in lowered else match[0], text)
        return with_letters_named(text, self.code, spelt=frozenset(shouted - lowered))


def _cut(word: str) -> list[str]:
    return [word[k : k + _LONGEST_WORD] for k in range(0, len(word), _LONGEST_WORD)]


def _in_one_alphabet(word: str, language: Language) -> str:
    """A word in Cyrillic letters throughout, if its only Latin ones look like Cyrillic ones."""
    if language.alphabet != CYRILLIC or word.isascii():
        return word
    return word.translate(_LOOKALIKES)

"""Text in the International Phonetic Alphabet -> symbols and their stress."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from foretell.errors import TextError
from foretell.speech.text.articulation import (
    HALF_LONG,
    LETTERS,
    LONG,
    MARKS,
    NON_SYLLABIC,
    TIE,
    is_syllabic,
    is_vowel,
    sounds,
)
from foretell.speech.utterance import PAUSES, WORD_BOUNDARY

PRIMARY, SECONDARY = "ˈ", "ˌ"
# Other ways of writing the same, as keyboards, dictionaries and phonemizers have them.
_SPELLINGS = {
    "g": "ɡ",
    "'": PRIMARY,
    "’": PRIMARY,
    "ʹ": PRIMARY,
    ":": LONG,
    "\N{COMBINING DOUBLE BREVE BELOW}": TIE,
    "\N{GREEK SMALL LETTER EPSILON}": "ɛ",
    "\N{GREEK SMALL LETTER GAMMA}": "ɣ",
    "\N{GREEK SMALL LETTER PHI}": "ɸ",
    "\N{CYRILLIC SMALL LETTER SCHWA}": "ə",
    "\N{LATIN SMALL LETTER TURNED E}": "ə",
    "ı": "ɪ",
    "ɩ": "ɪ",
    "ɷ": "ʊ",
    "ʧ": f"t{TIE}ʃ",
    "ʤ": f"d{TIE}ʒ",
    "ʦ": f"t{TIE}s",
    "ʣ": f"d{TIE}z",
    "ʨ": f"t{TIE}ɕ",
    "ʥ": f"d{TIE}ʑ",
    "ꭧ": f"ʈ{TIE}ʂ",
    "ꭦ": f"ɖ{TIE}ʐ",
    "|": ",",
    "‖": ".",
    "–": "—",
}
# Read and passed over: tones, which no voice here models, ties between words, brackets around a transcription.
_SILENT = frozenset("˥˦˧˨˩↗↘ꜛꜜ‿͡()[]/" + "¹²³⁴⁵" + "\N{ZERO WIDTH JOINER}\N{ZERO WIDTH NON-JOINER}")
_TONES = frozenset("\u0300\u0301\u0302\u0304\u030b\u030c\u030f")


@dataclass(frozen=True)
class Symbols:
    """Symbols with the stress of each: 1 primary, 2 secondary, 0 none."""

    symbols: tuple[str, ...] = ()
    stress: tuple[int, ...] = ()

    def __len__(self) -> int:
        return len(self.symbols)

    def __add__(self, other: Symbols) -> Symbols:
        return Symbols(self.symbols + other.symbols, self.stress + other.stress)

    def shown(self) -> str:
        """Return them as IPA text, with a stress mark before each stressed vowel."""
        marks = ("", PRIMARY, SECONDARY)
        return "".join(marks[level] + symbol for symbol, level in zip(self.symbols, self.stress, strict=True))


@dataclass
class _Sound:
    symbol: str
    stress: int = 0
    tied: bool = False
    """Whether a tie joins it to the sound before."""
    apart: bool = False
    """Whether a stress mark or a syllable break stands before it."""


def read_ipa(text: str, *, joined: Collection[str] = (), where: str = "") -> Symbols:
    """Return the symbols of IPA text.

    Stress marks may stand before the syllable, as in dictionaries, or before the vowel; the vowel takes the stress. A
    full stop between two letters is a syllable break; elsewhere punctuation is a pause. Two vowels, or two consonants,
    are one symbol if they are tied, if the second vowel is marked as non-syllabic, or if `joined` has the pair: the
    diphthongs and affricates of the language, such as "aɪ" and "tʃ". Tones are left out.

    Raises TextError for a character that is no phonetic symbol, with its position, after `where` if that is given.
    """
    found: list[_Sound] = []
    pending, apart = 0, False
    for position, character, following in _characters(text):
        if character in LETTERS:
            found.append(_Sound(character, tied=bool(found) and found[-1].symbol.endswith(TIE), apart=apart))
            apart = False
            if pending and is_syllabic(character):
                found[-1].stress, pending = pending, 0
        elif character in MARKS or character == TIE:
            if not found or found[-1].symbol[0] not in LETTERS:
                raise _unknown(text, position, where, "has no letter before it that it could belong to")
            found[-1].symbol += character
            if found[-1].stress and not is_syllabic(found[-1].symbol.removesuffix(TIE)):
                pending, found[-1].stress = found[-1].stress, 0
            elif pending and is_syllabic(found[-1].symbol.removesuffix(TIE)):
                found[-1].stress, pending = pending, 0
        elif character in (PRIMARY, SECONDARY):
            pending, apart = 1 if character == PRIMARY else 2, True
        elif character == "." and following in LETTERS | _SPELLINGS.keys() | {PRIMARY, SECONDARY} and found:
            apart = True
        elif character.isspace() or character == "-":
            found.append(_Sound(WORD_BOUNDARY))
            pending = 0
        elif character in PAUSES:
            found.append(_Sound(character))
            pending = 0
        elif character not in _SILENT and character not in _TONES:
            raise _unknown(
                text, position, where, "is no IPA symbol; remove it, or write the text without [[ ]] or --phonemes"
            )
    return tidied(_in_pairs(found, joined))


def tidied(symbols: Symbols) -> Symbols:
    """Return them with one boundary or pause between words and none at the start: the weightiest of each run."""
    kept: list[tuple[str, int]] = []
    for symbol, stress in zip(symbols.symbols, symbols.stress, strict=True):
        gap = symbol == WORD_BOUNDARY or symbol in PAUSES
        if gap and not kept:
            continue
        if gap and _weight(kept[-1][0]):
            if _weight(symbol) > _weight(kept[-1][0]):
                kept[-1] = (symbol, 0)
            continue
        kept.append((symbol, stress))
    if kept and kept[-1][0] == WORD_BOUNDARY:
        kept.pop()
    return Symbols(tuple(symbol for symbol, _ in kept), tuple(stress for _, stress in kept))


def _weight(symbol: str) -> int:
    """0 for a sound, 1 for a boundary, more for a longer pause."""
    if symbol == WORD_BOUNDARY:
        return 1
    return 2 + (",", "—", ":", ";", "…", ".", "!", "?").index(symbol) if symbol in PAUSES else 0


def _characters(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield the position of each character of a text, the character in its one spelling, and what follows it."""
    expanded: list[tuple[int, str]] = []
    for position, character in enumerate(text):
        after_a_sound = bool(expanded) and (expanded[-1][1] in LETTERS or expanded[-1][1] in MARKS)
        if character == "ç" or (character == ":" and not after_a_sound):
            spelt = character
        else:
            spelt = unicodedata.normalize("NFD", _SPELLINGS.get(character, character))
        for part in spelt:
            if part == "\N{COMBINING CEDILLA}" and expanded and expanded[-1][1] == "c":
                expanded[-1] = (expanded[-1][0], "ç")
            else:
                expanded.append((position, part))
    for k, (position, character) in enumerate(expanded):
        yield position, character, expanded[k + 1][1] if k + 1 < len(expanded) else ""


def _in_pairs(found: list[_Sound], joined: Collection[str]) -> Symbols:
    """Join affricates and diphthongs, and put the marks of each symbol into one order."""
    symbols: list[str] = []
    stress: list[int] = []
    for sound in found:
        symbol = _ordered(sound.symbol.removesuffix(TIE))
        if symbols and len(sounds(symbols[-1])) == 1 and sound.symbol[0] in LETTERS:
            pair = _pair(symbols[-1], symbol, sound, joined)
            if pair:
                symbols[-1] = pair
                stress[-1] = stress[-1] or sound.stress
                continue
        symbols.append(symbol)
        stress.append(sound.stress)
    return Symbols(tuple(symbols), tuple(stress))


def _pair(first: str, second: str, sound: _Sound, joined: Collection[str]) -> str | None:
    if is_vowel(first) != is_vowel(second):
        return None
    listed = first + second[0] in joined and not sound.apart and not sound.stress
    if not is_vowel(first):
        return first + TIE + second if sound.tied or listed else None
    gliding = NON_SYLLABIC in second and not sound.apart
    return first + second.replace(NON_SYLLABIC, "") if sound.tied or listed or gliding else None


def _ordered(symbol: str) -> str:
    """A symbol with its marks in one order: those above and below, those beside, the length."""
    if len(symbol) < 3:
        return symbol
    marks = sorted(symbol[1:], key=lambda mark: (mark in (LONG, HALF_LONG), not unicodedata.combining(mark), mark))
    return symbol[0] + "".join(dict.fromkeys(marks))


def _unknown(text: str, position: int, where: str, why: str) -> TextError:
    character = text[position]
    name = unicodedata.name(character, f"U+{ord(character):04X}").lower()
    return TextError(
        f"{where}: " * bool(where) + f"{character!r} ({name}), character {position + 1} of the phonemes "
        f"{_shortened(text, position)}, {why}"
    )


def _shortened(text: str, position: int) -> str:
    start, end = max(0, position - 20), position + 20
    return repr(("…" if start else "") + text[start:end] + ("…" if end < len(text) else ""))

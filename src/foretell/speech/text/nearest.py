"""Sounds that a voice does not know, said by the nearest that it knows, as a speaker of another language would."""

from __future__ import annotations

import math
from collections.abc import Collection
from functools import cache

from foretell.speech.text.articulation import LETTERS, TIE, Articulation, articulations, sounds
from foretell.speech.utterance import PAUSES, WORD_BOUNDARY

_VOWEL_WEIGHTS = {
    "height": 2.0,
    "backness": 1.5,
    "rounded": 0.7,
    "rhotic": 1.2,
    "nasal": 0.5,
    "syllabic": 0.5,
    "length": 0.3,
}
_CONSONANT_WEIGHTS = {
    "place": 3.0,
    "rhotic": 2.5,
    "nasal": 2.0,
    "lateral": 1.5,
    "labialised": 1.1,
    "voiced": 1.0,
    "closure": 0.8,
    "glottalised": 0.8,
    "friction": 0.6,
    "syllabic": 0.5,
    "palatalised": 0.4,
    "velarised": 0.4,
    "aspirated": 0.3,
    "length": 0.3,
    "sibilant": 0.3,
}
_APART = 10.0
"""The distance between a vowel and a consonant."""
_GLIDES = {"j": "i", "ɥ": "y", "w": "u", "ɰ": "ɯ"}
_GLIDE = 1.5
"""The distance between a glide and its vowel."""
_SECOND_VOWEL = 0.4
"""The share of the way to the second vowel of a diphthong that counts where one vowel is compared with it."""
_SAME = 0.25
"""An affricate further than this from every other is said as two sounds."""
_NEAR = 1.0
"""A glottal sound further than this from all others is left out."""
_PAUSE_FOR = {"!": ".", "?": ".", "…": ".", ".": ",", ";": ",", ":": ",", "—": ",", ",": "."}


@cache
def distance(one: str, other: str) -> float:
    """Return how far apart two symbols are in place, manner, voicing, height, backness and what else sets sounds apart.

    0 for the same sound; about 1 for sounds that languages keep apart by one feature. Raises KeyError for a symbol that
    is no IPA.
    """
    if _GLIDES.get(one) == other or _GLIDES.get(other) == one:
        return _GLIDE
    first, second = articulations(one), articulations(other)
    if len(first) == len(second):
        return sum(_between(a, b) for a, b in zip(first, second, strict=True)) / len(first)
    longer, single = (first, second[0]) if len(first) > len(second) else (second, first[0])
    return _between(longer[0], single) + _SECOND_VOWEL * _between(longer[1], single)


def nearest(symbol: str, known: Collection[str]) -> tuple[str, ...]:
    """Return the symbols of `known` that say a symbol best: itself, the nearest sound, two sounds, or none.

    A diphthong or an affricate without a near one becomes its two sounds. A glottal stop and an h that nothing comes
    near are left out, as in French; a pause becomes another pause, or a word boundary.
    """
    if symbol in known:
        return (symbol,)
    if symbol == WORD_BOUNDARY:
        return ()
    if symbol in PAUSES:
        return _pause(symbol, known)
    candidates = sorted(other for other in known if other[:1] in LETTERS)
    if not candidates:
        return ()
    best = min(candidates, key=lambda other: (distance(symbol, other), other))
    parts = sounds(symbol)
    if len(parts) == 2 and (distance(symbol, best) > _SAME if TIE in symbol else len(articulations(best)) < 2):
        return tuple(said for part in parts for said in nearest(part, known))
    far = _NEAR if symbol[0] in "hɦ" else 0.0 if symbol[0] == "ʔ" else math.inf
    return () if distance(symbol, best) > far else (best,)


def _pause(symbol: str, known: Collection[str]) -> tuple[str, ...]:
    seen = [symbol]
    while (other := _PAUSE_FOR[seen[-1]]) not in seen:
        if other in known:
            return (other,)
        seen.append(other)
    return (WORD_BOUNDARY,) if WORD_BOUNDARY in known else ()


def _between(one: Articulation, other: Articulation) -> float:
    if one.vowel != other.vowel:
        return _APART
    weights = _VOWEL_WEIGHTS if one.vowel else _CONSONANT_WEIGHTS
    return sum((weight * abs(getattr(one, name) - getattr(other, name)) for name, weight in weights.items()), 0.0)

"""The letters and marks of the International Phonetic Alphabet, and how each sound is made.

A symbol is one sound: a letter with its marks ("ɑ̃ː"), two letters under a tie for an affricate ("t͡ʃ"), or two vowels
for a diphthong ("aɪ").
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

TIE = "\N{COMBINING DOUBLE INVERTED BREVE}"
LONG, HALF_LONG = "ː", "ˑ"
NON_SYLLABIC = "\N{COMBINING INVERTED BREVE BELOW}"
SYLLABIC = ("\N{COMBINING VERTICAL LINE BELOW}", "\N{COMBINING VERTICAL LINE ABOVE}")


@dataclass(frozen=True)
class Articulation:
    """How one sound is made. What does not apply to it (the height of a consonant) is 0."""

    vowel: bool
    voiced: bool = True
    # Vowels, and the vowel-like position of approximants:
    height: float = 0.0
    """0 open to 1 close."""
    backness: float = 0.0
    """0 front to 1 back."""
    rounded: bool = False
    # Consonants:
    place: float = 0.0
    """0 at the lips to 1 in the throat."""
    closure: float = 0.0
    """1 if the breath is stopped in the mouth, a half if briefly (a tap or trill)."""
    friction: bool = False
    sibilant: bool = False
    """The hissing fricatives, such as s and ʃ."""
    lateral: bool = False
    # Both:
    nasal: bool = False
    rhotic: bool = False
    """The sounds that languages write r, wherever they are made, and vowels coloured by them."""
    syllabic: bool = False
    length: float = 0.0
    """1 long, a half half-long, -0.5 extra short."""
    palatalised: bool = False
    labialised: bool = False
    velarised: bool = False
    aspirated: bool = False
    glottalised: bool = False
    """Ejectives and implosives, clicks, creaky voice."""


_PLACES = {
    "bilabial": 0.0,
    "labiodental": 0.05,
    "dental": 0.25,
    "alveolar": 0.3,
    "postalveolar": 0.4,
    "retroflex": 0.45,
    "alveolo-palatal": 0.47,
    "palatal": 0.5,
    "velar": 0.8,
    "uvular": 0.88,
    "pharyngeal": 0.9,
    "glottal": 1.0,
}
# Manner, then for each place the letters: voiceless, voiced; "-" for none.
_CONSONANTS = {
    "plosive": "bilabial pb, dental --, alveolar td, retroflex ʈɖ, palatal cɟ, velar kɡ, uvular qɢ, pharyngeal ʡ-, "
    "glottal ʔ-",
    "nasal": "bilabial -m, labiodental -ɱ, alveolar -n, retroflex -ɳ, palatal -ɲ, velar -ŋ, uvular -ɴ",
    "trill": "bilabial -ʙ, alveolar -r, uvular -ʀ",
    "tap": "labiodental -ⱱ, alveolar -ɾ, retroflex -ɽ",
    "fricative": "bilabial ɸβ, labiodental fv, dental θð, alveolar sz, postalveolar ʃʒ, retroflex ʂʐ, "
    "alveolo-palatal ɕʑ, palatal çʝ, velar xɣ, uvular χʁ, pharyngeal ħʕ, glottal hɦ",
    "lateral fricative": "alveolar ɬɮ",
    "approximant": "labiodental -ʋ, alveolar -ɹ, retroflex -ɻ, palatal -j, velar -ɰ",
    "lateral approximant": "alveolar -l, retroflex -ɭ, palatal -ʎ, velar -ʟ",
    "lateral tap": "alveolar -ɺ",
    "implosive": "bilabial -ɓ, alveolar -ɗ, retroflex -ᶑ, palatal -ʄ, velar -ɠ, uvular -ʛ",
    "click": "bilabial ʘ-, dental ǀ-, postalveolar ǃ-, palatal ǂ-",
    "lateral click": "alveolar ǁ-",
}
_MANNERS = {
    "plosive": Articulation(False, closure=1.0),
    "nasal": Articulation(False, closure=1.0, nasal=True),
    "trill": Articulation(False, closure=0.6),
    "tap": Articulation(False, closure=0.5),
    "fricative": Articulation(False, friction=True),
    "lateral fricative": Articulation(False, friction=True, lateral=True),
    "approximant": Articulation(False),
    "lateral approximant": Articulation(False, lateral=True),
    "lateral tap": Articulation(False, closure=0.5, lateral=True),
    "implosive": Articulation(False, closure=1.0, glottalised=True),
    "click": Articulation(False, closure=1.0, glottalised=True),
    "lateral click": Articulation(False, closure=1.0, glottalised=True, lateral=True),
}
_RHOTIC = "rɾɽɹɻʀʁɺ"
_SIBILANT = "szʃʒʂʐɕʑ"
# Height, then front to back: unrounded, rounded; "-" for none.
_VOWELS = {
    1.0: "iy ɨʉ ɯu",
    0.9: "ɪʏ ᵻ- -ʊ",
    0.7: "eø ɘɵ ɤo",
    0.5: "-- ə- --",
    0.35: "ɛœ ɜɞ ʌɔ",
    0.15: "æ- ɐ- --",
    0.0: "aɶ -- ɑɒ",
}


def _letters() -> Iterator[tuple[str, Articulation]]:
    for manner, row in _CONSONANTS.items():
        for cell in row.split(", "):
            place, letters = cell.split(" ")
            for letter, voiced in zip(letters, (False, True), strict=True):
                made = replace(_MANNERS[manner], place=_PLACES[place], voiced=voiced)
                yield letter, replace(made, rhotic=letter in _RHOTIC, sibilant=letter in _SIBILANT)
    for height, row in _VOWELS.items():
        for backness, pair in zip((0.0, 0.5, 1.0), row.split(" "), strict=True):
            for letter, rounded in zip(pair, (False, True), strict=True):
                yield letter, Articulation(True, height=height, backness=backness, rounded=rounded, syllabic=True)
    # What the chart lists apart: sounds with two places, vowels coloured by r, a dark l.
    yield "w", Articulation(False, labialised=True, velarised=True)
    yield "ʍ", Articulation(False, voiced=False, friction=True, labialised=True, velarised=True)
    yield "ɥ", Articulation(False, place=_PLACES["palatal"], labialised=True)
    yield "ɫ", Articulation(False, lateral=True, place=_PLACES["alveolar"], velarised=True)
    yield "ɧ", Articulation(False, voiced=False, friction=True, place=_PLACES["palatal"], velarised=True)
    yield "ɚ", Articulation(True, height=0.5, backness=0.5, rhotic=True, syllabic=True)
    yield "ɝ", Articulation(True, height=0.4, backness=0.5, rhotic=True, syllabic=True)


LETTERS = {letter: made for letter, made in _letters() if letter != "-"}
"""The articulation of each letter."""

_MARKS: dict[str, dict[str, bool | float]] = {
    LONG: {"length": 1.0},
    HALF_LONG: {"length": 0.5},
    "\N{COMBINING BREVE}": {"length": -0.5},
    "\N{COMBINING TILDE}": {"nasal": True},
    "ʰ": {"aspirated": True},
    "ʱ": {"aspirated": True},
    "\N{COMBINING DIAERESIS BELOW}": {"aspirated": True},
    "ʲ": {"palatalised": True},
    "ʷ": {"labialised": True},
    "ᵝ": {"labialised": True},
    "ᶣ": {"labialised": True, "palatalised": True},
    "ˠ": {"velarised": True},
    "ˤ": {"velarised": True},
    "\N{COMBINING TILDE OVERLAY}": {"velarised": True},
    "ʼ": {"glottalised": True},
    "ˀ": {"glottalised": True},
    "\N{COMBINING TILDE BELOW}": {"glottalised": True},
    "\N{COMBINING RING BELOW}": {"voiced": False},
    "\N{COMBINING RING ABOVE}": {"voiced": False},
    "\N{COMBINING CARON BELOW}": {"voiced": True},
    "˞": {"rhotic": True},
    SYLLABIC[0]: {"syllabic": True},
    SYLLABIC[1]: {"syllabic": True},
    NON_SYLLABIC: {"syllabic": False},
    "\N{COMBINING BRIDGE BELOW}": {"place": _PLACES["dental"]},
    "\N{COMBINING SEAGULL BELOW}": {"place": 0.1},
    "ⁿ": {},
    "ˡ": {},
    "\N{COMBINING LEFT ANGLE ABOVE}": {},
    "\N{COMBINING INVERTED BRIDGE BELOW}": {},
    "\N{COMBINING SQUARE BELOW}": {},
    "\N{COMBINING LEFT TACK BELOW}": {},
    "\N{COMBINING RIGHT TACK BELOW}": {},
    "\N{COMBINING RIGHT HALF RING BELOW}": {"rounded": True},
    "\N{COMBINING LEFT HALF RING BELOW}": {"rounded": False},
}
# Marks that move a vowel: height, backness. A consonant raised is a fricative, one lowered an approximant.
_SHIFTS = {
    "\N{COMBINING UP TACK BELOW}": (0.1, 0.0),
    "\N{COMBINING DOWN TACK BELOW}": (-0.1, 0.0),
    "\N{COMBINING PLUS SIGN BELOW}": (0.0, -0.15),
    "\N{COMBINING MINUS SIGN BELOW}": (0.0, 0.15),
}
_TO_CENTRE = {"\N{COMBINING DIAERESIS}": 0.5, "\N{COMBINING X ABOVE}": 0.7}
MARKS = frozenset((*_MARKS, *_SHIFTS, *_TO_CENTRE))
"""What may follow a letter and belongs to it."""


def sounds(symbol: str) -> list[str]:
    """Return the single sounds of a symbol: the vowels of a diphthong, the letters of an affricate with their marks.

    `sounds("aɪ")` is `["a", "ɪ"]`, `sounds("t͡ʃ")` is `["t", "ʃ"]`, and `sounds("ɑ̃ː")` is `["ɑ̃ː"]`.
    """
    found: list[str] = []
    for character in symbol:
        if character in LETTERS:
            found.append(character)
        elif character != TIE and found:
            found[-1] += character
    return found


@cache
def articulations(symbol: str) -> tuple[Articulation, ...]:
    """Return how a symbol is made: one articulation, or for a diphthong two. Raises KeyError for no phonetic symbol."""
    if not symbol or any(c not in LETTERS and c not in MARKS and c != TIE for c in symbol):
        raise KeyError(symbol)
    made = [_marked(LETTERS[sound[0]], sound[1:]) for sound in sounds(symbol)]
    if not made:
        raise KeyError(symbol)
    if len(made) == 2 and TIE in symbol and not (made[0].vowel or made[1].vowel):
        # An affricate: the closure of the first with the release of the second.
        return (replace(made[1], closure=1.0, voiced=made[0].voiced or made[1].voiced),)
    return tuple(made)


@cache
def is_vowel(symbol: str) -> bool:
    """Return whether a symbol is a vowel or a diphthong."""
    return symbol[:1] in LETTERS and articulations(symbol)[0].vowel


@cache
def is_syllabic(symbol: str) -> bool:
    """Return whether a symbol can carry stress: a vowel, a diphthong, a consonant marked as syllabic."""
    return symbol[:1] in LETTERS and any(made.syllabic for made in articulations(symbol))


def _marked(made: Articulation, marks: str) -> Articulation:
    for mark in marks:
        if mark in _SHIFTS:
            up, back = _SHIFTS[mark]
            made = replace(made, height=made.height + up, backness=made.backness + back)
            if not made.vowel and up:
                made = replace(made, friction=up > 0)
        elif mark in _TO_CENTRE and made.vowel:
            made = replace(made, backness=made.backness + _TO_CENTRE[mark] * (0.5 - made.backness))
        elif mark in _MARKS:
            made = replace(made, **_MARKS[mark])  # type: ignore[arg-type]
    return made

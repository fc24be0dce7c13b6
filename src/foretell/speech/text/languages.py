"""What is known of each language: its name, alphabet, sounds of two letters, and what reads its text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from foretell.errors import SettingsError

LATIN, CYRILLIC, GREEK, ARABIC = "LATIN", "CYRILLIC", "GREEK", "ARABIC"
_TAG = re.compile(r"[a-z]{2,3}(-[a-z0-9]{1,8})*")


@dataclass(frozen=True)
class Language:
    """A language whose text can be read."""

    name: str
    alphabet: str = LATIN
    gruut: str = ""
    """What gruut calls it; empty where gruut does not read it."""
    lexicon_of_espeak: bool = False
    """Whether gruut's second lexicon, made with espeak, is the better one: it has stress where the first has none."""
    package: str = ""
    """The package with its lexicon; gruut itself brings English."""
    extra: str = ""
    """The extra of foretell that installs it, if there is one."""
    joined: frozenset[str] = frozenset()
    """Pairs of letters that are one sound: diphthongs and affricates."""
    respelt: tuple[tuple[str, str], ...] = ()
    """What a dictionary writes for sounds, and their symbols."""
    pronounced: Mapping[str, str] = field(default_factory=dict)
    """Words that a dictionary has wrong, among them names of letters as they are written here."""
    sounds: frozenset[str] = frozenset()
    """The sounds of the language, where words in Latin letters stand in its text and are said with them."""


def _language(
    name: str,
    gruut: str = "",
    joined: str = "",
    *,
    alphabet: str = LATIN,
    espeak: bool = False,
    extra: bool = False,
    respelt: str = "",
    pronounced: str = "",
    sounds: str = "",
) -> Language:
    code = gruut.partition("-")[0]
    return Language(
        name,
        alphabet,
        gruut,
        espeak,
        package=f"gruut-lang-{code}" if gruut else "",
        extra=("speech" if code == "en" else f"speech-{code}") if extra else "",
        joined=frozenset(joined.split()),
        respelt=tuple((old, new) for old, _, new in (pair.partition(">") for pair in respelt.split())),
        pronounced=dict(pair.split(">") for pair in pronounced.split()),
        sounds=frozenset(sounds.split()),
    )


LANGUAGES = {
    "en": _language(
        "English", "en-us", "aɪ aʊ eɪ oʊ ɔɪ əʊ ɪə eə ʊə tʃ dʒ", extra=True, pronounced="ay>ˈeɪ eff>ˈɛf aitch>ˈeɪtʃ"
    ),
    "de": _language(
        "German",
        "de-de",
        "aɪ aʊ ɔø ɔʏ ɔɪ ts tʃ pf dʒ",
        espeak=True,
        extra=True,
        pronounced="beh>bˈeː deh>dˈeː geh>ɡˈeː",
    ),
    "es": _language("Spanish", "es-es", "tʃ", espeak=True, extra=True, respelt="ɾɾ>r pː>p"),
    "fr": _language("French", "fr-fr", extra=True),
    "it": _language("Italian", "it-it", "tʃ dʒ ts dz", extra=True, pronounced="due>dˈue"),
    "ru": _language(
        "Russian",
        "ru-ru",
        "ts tʃ tɕ",
        alphabet=CYRILLIC,
        espeak=True,
        extra=True,
        respelt='u">ʉ ^> y>ɨ',
        pronounced="в>v к>k с>s",
        sounds="i ɨ e a ɑ o u ʉ ʌ ɪ ɛ p pʲ b bʲ t tʲ d dʲ k kʲ ɡ ɡʲ m mʲ n nʲ f fʲ v vʲ s sʲ z ʃ ʒ ɕ x ɭ ɭʲ "
        "r rʲ j t͡s t͡ʃʲ",
    ),
    "ar": _language("Arabic", "ar", alphabet=ARABIC),
    "ca": _language("Catalan", "ca-ce", "tʃ dʒ ts dz"),
    "cs": _language("Czech", "cs-cz", "ts tʃ ou au eu"),
    "fa": _language("Persian", "fa", "tʃ dʒ", alphabet=ARABIC),
    "lb": _language("Luxembourgish", "lb", "ts tʃ"),
    "nl": _language("Dutch", "nl", "ɛɪ œʏ ʌʊ"),
    "pt": _language("Portuguese", "pt", "tʃ dʒ"),
    "sv": _language("Swedish", "sv-se"),
    "sw": _language("Swahili", "sw", "tʃ dʒ"),
    "be": Language("Belarusian", CYRILLIC),
    "bg": Language("Bulgarian", CYRILLIC),
    "da": Language("Danish"),
    "el": Language("Greek", GREEK),
    "et": Language("Estonian"),
    "fi": Language("Finnish"),
    "hi": Language("Hindi", "DEVANAGARI"),
    "hr": Language("Croatian"),
    "hu": Language("Hungarian"),
    "ja": Language("Japanese", ""),
    "ko": Language("Korean", "HANGUL"),
    "nb": Language("Norwegian"),
    "no": Language("Norwegian"),
    "pl": Language("Polish"),
    "ro": Language("Romanian"),
    "sk": Language("Slovak"),
    "tr": Language("Turkish"),
    "uk": Language("Ukrainian", CYRILLIC),
    "zh": Language("Chinese", "CJK"),
}
"""Languages by code; others are read by espeak-ng or given as IPA, and their alphabets are not checked."""


def respelt(ipa: str, language: Language) -> str:
    """Return what a dictionary or a program writes for sounds with the symbols that they have here."""
    for written, symbol in language.respelt:
        ipa = ipa.replace(written, symbol)
    return ipa


def canonical(tag: str) -> str:
    """Return a language's code in lower case with hyphens, such as "pt-br". Raises SettingsError for no such code."""
    found = tag.strip().lower().replace("_", "-")
    if not _TAG.fullmatch(found):
        raise SettingsError(f"language {tag!r} is no language code: give one such as en, fr or pt-br")
    return found


def base(code: str) -> str:
    """Return a language's code without its region: "pt" for "pt-br"."""
    return code.partition("-")[0]


def language_of(code: str) -> Language:
    """Return what is known of a language; little more than its code for one that is not listed."""
    known = LANGUAGES.get(base(code)) or Language(f"language {code!r}", "")
    if base(code) == "es" and code not in ("es", "es-es"):
        # Spanish of America has neither θ nor ʎ.
        known = replace(known, respelt=(*known.respelt, ("θ", "s"), ("ʎ", "ʝ")))
    return known


def known_as(code: str, known: tuple[str, ...]) -> str | None:
    """Return which of the `known` languages a code means: itself, its language without the region, another region."""
    for candidate in (code, base(code)):
        if candidate in known:
            return candidate
    return next((other for other in known if base(other) == base(code)), None)

"""The choice of the front end for a language."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Final, Protocol

from foretell.errors import MissingExtraError, SettingsError, TextError
from foretell.speech.text.ipa import Symbols
from foretell.speech.text.languages import language_of

GRUUT: Final = "gruut"
ESPEAK: Final = "espeak-ng"
NAMES = (GRUUT, ESPEAK)


class FrontEnd(Protocol):
    """The pronunciation of one language."""

    def prepared(self, sentence: str) -> str:
        """Return a sentence with whatever the front end does not read itself, such as numbers, in words."""

    def phonemes(self, clause: str) -> Symbols:
        """Return the symbols of words without punctuation, with boundaries between them."""


def front_end_for(language: str, name: str = GRUUT) -> FrontEnd:
    """Return the front end of that name for a language.

    Raises TextError for a language that gruut does not read, MissingExtraError where a package or the program is not
    installed, SettingsError for another name; each says what to do instead.
    """
    if name == ESPEAK:
        from foretell.speech.text.front_ends.espeak import Espeak

        return Espeak.of(language)
    if name != GRUUT:
        raise SettingsError(f"front end {name!r} is unknown: give {' or '.join(NAMES)}")
    known = language_of(language)
    if not known.gruut:
        raise TextError(
            f"text in {known.name} cannot be turned into phonemes here: give the phonemes as IPA ([[…]] in the text, "
            "or --phonemes), or install the program espeak-ng and choose it with --front-end espeak-ng"
        )
    if find_spec("gruut") is None or find_spec(known.package.replace("-", "_")) is None:
        install = f"'foretell[{known.extra}]'" if known.extra else f"'foretell[speech]' {known.package}"
        raise MissingExtraError(
            f"text in {known.name} needs the package {known.package}, which turns it into phonemes: pip install "
            f"{install}; or give the phonemes as IPA ([[…]] in the text, or --phonemes)"
        )
    from foretell.speech.text.front_ends.gruut import Gruut

    return Gruut.of(language)

"""Phonemes by the program espeak-ng, which reads over a hundred languages: it is called, if it is installed."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from shutil import which

from foretell.errors import MissingExtraError, SettingsError, TextError
from foretell.speech.text.abbreviations import abbreviations
from foretell.speech.text.ipa import Symbols, read_ipa
from foretell.speech.text.languages import Language, base, language_of, respelt

_PROGRAM = "espeak-ng"
_VOICES = {"en": "en-us", "zh": "cmn", "no": "nb"}
"""What the program calls a language, where that is not its code."""
_SWITCH = re.compile(r"\([a-z-]+\)")
"""The marks that it puts around a word which it takes for another language's."""
_LEFTOVERS = str.maketrans(
    {'"': "\N{COMBINING DIAERESIS}", "A": "ɑ", "S": "ʃ", "X": "χ", **dict.fromkeys("-^`#0123456789", "")}
)
"""The names that it has for sounds, in some languages printed instead of their symbols; and the numbers of tones."""
_STRAY_MARK = re.compile(r"(^|[\sˈˌ])[ːˑʲʰʷ]+")
_SECONDS = 60.0


@dataclass(frozen=True)
class Espeak:
    """A language as espeak-ng pronounces it."""

    code: str
    language: Language
    program: str

    @classmethod
    def of(cls, language: str) -> Espeak:
        """Return the front end of a language. Raises MissingExtraError where the program is not installed."""
        program = which(_PROGRAM)
        if program is None:
            raise MissingExtraError(
                f"the program {_PROGRAM} is not installed: install it (on Debian: apt install {_PROGRAM}), or choose "
                "the front end gruut"
            )
        return cls(language, language_of(language), program)

    def prepared(self, sentence: str) -> str:
        """Return a sentence with its abbreviations in words; the program reads the rest itself."""
        return abbreviations(self.code).expanded(sentence)

    def phonemes(self, clause: str) -> Symbols:
        """Return the symbols of words, with boundaries between them."""
        if not clause.strip():
            return Symbols()
        ipa = _SWITCH.sub("", respelt(self._said(clause), self.language))
        ipa = _STRAY_MARK.sub(r"\1", ipa.translate(_LEFTOVERS))
        return read_ipa(ipa, joined=self.language.joined, where=f"{_PROGRAM}, {clause!r}")

    def _said(self, clause: str) -> str:
        why = ""
        for name in dict.fromkeys((_VOICES.get(self.code, self.code), _VOICES.get(base(self.code), base(self.code)))):
            try:
                done = subprocess.run(
                    [self.program, "-q", "--ipa", "-v", name, "--stdin"],
                    input=clause.encode(),
                    capture_output=True,
                    timeout=_SECONDS,
                    check=False,
                )
            except (OSError, subprocess.TimeoutExpired) as error:
                raise TextError(f"{_PROGRAM} failed on {clause!r}: {error}") from error
            if done.returncode == 0:
                return done.stdout.decode("utf-8", "replace").replace("\n", " ").strip()
            why = done.stderr.decode("utf-8", "replace").strip() or f"exit status {done.returncode}"
        raise SettingsError(
            f"{_PROGRAM} has no language {self.code!r} ({why}): `{_PROGRAM} --voices` lists what it has"
        )

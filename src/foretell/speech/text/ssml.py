"""A subset of SSML, the markup language for speech of the W3C, as runs of text.

`<speak>`, `<p>`, `<s>`, `<break>`, `<prosody rate pitch>`, `<voice name>`, `<lang>`, `<phoneme>`, `<sub>`. It declares
no entities of its own and reads no other file: a document type is refused.
"""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import Any
from xml.parsers import expat

from foretell.errors import SettingsError, TextError
from foretell.speech.text.languages import canonical
from foretell.speech.text.markup import marked_runs, seconds
from foretell.speech.text.runs import End, Phonemes, Place, Run, Silence, Style, Words

_ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "speak": ("version", "xml:lang", "xml:base", "onlangfailure"),
    "p": ("xml:lang",),
    "s": ("xml:lang",),
    "break": ("time", "strength"),
    "prosody": ("rate", "pitch"),
    "voice": ("name", "xml:lang", "required", "languages"),
    "lang": ("xml:lang", "onlangfailure"),
    "phoneme": ("alphabet", "ph"),
    "sub": ("alias",),
}
_STRENGTHS = {"none": 0.0, "x-weak": 0.1, "weak": 0.25, "medium": 0.5, "strong": 0.75, "x-strong": 1.25}
"""Seconds."""
_RATES = {"x-slow": 0.5, "slow": 0.75, "medium": 1.0, "default": 1.0, "fast": 1.25, "x-fast": 1.75}
_PITCHES = {"x-low": 0.7, "low": 0.85, "medium": 1.0, "default": 1.0, "high": 1.2, "x-high": 1.4}
LOWEST, HIGHEST = 0.2, 5.0
"""The bounds of rate and pitch, all elements together."""
_NUMBER = re.compile(r"([+-]?)(\d+(?:\.\d*)?|\.\d+)(%|st|)")
_START = re.compile(r"\s*(?:<\?xml\b|<!DOCTYPE\b|<speak[\s>/])")


def is_ssml(text: str) -> bool:
    """Return whether a text is an SSML document by its beginning."""
    return _START.match(text.removeprefix("\ufeff")) is not None


def ssml_runs(text: str, style: Style, first_line: int = 1) -> list[Run]:
    """Return the runs of an SSML document.

    `first_line`: the number of its first line, for messages. Raises TextError, with line and column, for what is not
    well-formed XML, for a document type, and for elements, attributes and values that are not supported here.
    """
    return _Document(style, first_line).runs_of(text)


class _Document:
    def __init__(self, style: Style, first_line: int) -> None:
        self._styles = [style]
        self._elements: list[str] = []
        self._first_line = first_line
        self._runs: list[Run] = []
        self._text = ""
        self._place = Place()
        self._instead: str | None = None
        """The element whose content something else stands for: phonemes, or an alias."""
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        self._parser.StartDoctypeDeclHandler = self._doctype

    def runs_of(self, text: str) -> list[Run]:
        # Declared or not, the text is decoded already.
        text = re.sub(r"(<\?xml[^>]*?)\s+encoding\s*=\s*(\"[^\"]*\"|'[^']*')", r"\1", text.lstrip("\ufeff"), count=1)
        leading = len(text) - len(text.lstrip())
        self._first_line += text[:leading].count("\n")
        try:
            self._parser.Parse(text.lstrip().encode("utf-8", "replace"), True)
        except expat.ExpatError as error:
            place = Place(error.lineno + self._first_line - 1, error.offset + 1)
            raise TextError(f"{place}: the SSML is not well-formed XML: {expat.ErrorString(error.code)}") from error
        return self._runs

    @property
    def _here(self) -> Place:
        return Place(self._parser.CurrentLineNumber + self._first_line - 1, self._parser.CurrentColumnNumber + 1)

    def _wrong(self, message: str) -> TextError:
        return TextError(f"{self._here}: {message}")

    def _doctype(self, *_: Any) -> None:
        raise self._wrong("a document type (<!DOCTYPE>) is not read in SSML: remove it")

    def _characters(self, text: str) -> None:
        if self._instead is None:
            if not self._text:
                self._place = self._here
            self._text += text

    def _flush(self) -> None:
        if self._text:
            # Line breaks are white space here, and an empty line ends no sentence.
            text = re.sub(r"[ \t\r\n]+", " ", self._text)
            self._runs += marked_runs(text, self._styles[-1], self._place)
        self._text = ""

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._flush()
        if not self._elements and name != "speak":
            raise self._wrong(f"SSML begins with <speak>, not with <{name}>")
        if name not in _ATTRIBUTES or (name == "speak" and self._elements):
            raise self._wrong(
                f"<{name}> is not supported{' here' if name == 'speak' else ''}: "
                f"within <speak> there may be {', '.join(f'<{known}>' for known in _ATTRIBUTES if known != 'speak')}"
            )
        for attribute in attributes:
            foreign = name == "speak" and (attribute.startswith("xmlns") or ":" in attribute)
            if attribute not in _ATTRIBUTES[name] and not foreign:
                known = ", ".join(_ATTRIBUTES[name])
                raise self._wrong(f"<{name}> has no attribute {attribute} here; it may have {known}")
        self._elements.append(name)
        self._styles.append(self._style(name, attributes))
        if name in ("p", "s"):
            self._runs.append(End())
        elif name == "break":
            self._runs.append(Silence(self._pause(attributes)))
        elif name == "phoneme":
            self._phoneme(attributes)
        elif name == "sub":
            if "alias" not in attributes:
                raise self._wrong('<sub> says nothing without an alias: write <sub alias="World Wide Web">WWW</sub>')
            self._runs.append(Words(attributes["alias"], self._styles[-1], self._here))
            self._instead = self._instead or name

    def _end(self, name: str) -> None:
        self._flush()
        self._elements.pop()
        self._styles.pop()
        if name in ("p", "s"):
            self._runs.append(End())
        if name == self._instead:
            self._instead = None

    def _style(self, name: str, attributes: dict[str, str]) -> Style:
        style = self._styles[-1]
        if "xml:lang" in attributes:
            try:
                style = replace(style, language=canonical(attributes["xml:lang"]))
            except SettingsError as error:
                raise self._wrong(f"<{name}>: {error}") from error
        elif name == "lang":
            raise self._wrong('<lang> has no language: write <lang xml:lang="fr">')
        if name == "voice":
            if not attributes.get("name", "").strip():
                raise self._wrong('<voice> has no name: write <voice name="…"> with the name of one of the voices')
            style = replace(style, voice=attributes["name"].strip())
        if name == "prosody":
            rate = style.rate * self._factor("rate", attributes.get("rate", "medium"), _RATES)
            pitch = style.pitch * self._factor("pitch", attributes.get("pitch", "medium"), _PITCHES)
            for what, factor in (("rate", rate), ("pitch", pitch)):
                if not LOWEST <= factor <= HIGHEST:
                    raise self._wrong(
                        f"<prosody> makes the {what} {factor:g} times the usual; from {LOWEST:g} to {HIGHEST:g} times "
                        "is possible"
                    )
            style = replace(style, rate=rate, pitch=pitch)
        return style

    def _factor(self, what: str, value: str, names: dict[str, float]) -> float:
        value = value.strip().lower()
        if value in names:
            return names[value]
        match = _NUMBER.fullmatch(value)
        found = math.nan
        if match is not None:
            sign, number, unit = match.groups()
            amount = float(number) * (-1 if sign == "-" else 1)
            if unit == "%":
                found = 1 + amount / 100 if sign else amount / 100
            elif unit == "st" and what == "pitch":
                found = 2 ** (min(max(amount, -100.0), 100.0) / 12)
            elif not unit and not sign and what == "rate":
                found = amount
        if math.isnan(found):
            forms = "80%, +10%, 1.2" if what == "rate" else "+10%, -2st"
            raise self._wrong(
                f'<prosody {what}="{value}"> is no {what}: give one such as {forms}, or {", ".join(names)}'
            )
        return found

    def _pause(self, attributes: dict[str, str]) -> float:
        if "time" in attributes:
            return seconds(attributes["time"].strip(), f'<break time="{attributes["time"]}">', str(self._here))
        strength = attributes.get("strength", "medium").strip()
        if strength not in _STRENGTHS:
            raise self._wrong(f'<break strength="{strength}">: give {", ".join(_STRENGTHS)}')
        return _STRENGTHS[strength]

    def _phoneme(self, attributes: dict[str, str]) -> None:
        alphabet = attributes.get("alphabet", "ipa").strip().lower()
        if alphabet != "ipa":
            raise self._wrong(f'<phoneme alphabet="{alphabet}">: the one alphabet here is ipa')
        if not attributes.get("ph", "").strip():
            raise self._wrong('<phoneme> has no phonemes: write <phoneme alphabet="ipa" ph="həˈləʊ">hello</phoneme>')
        self._runs.append(Phonemes(attributes["ph"], self._styles[-1], self._here))
        self._instead = self._instead or "phoneme"

"""Text in sentences, so that speech can begin before the whole of it is read."""

from __future__ import annotations

import re
from collections.abc import Iterator

from foretell.speech.text.abbreviations import abbreviations
from foretell.speech.text.languages import base

LONGEST = 400
"""Characters after which a sentence without an end is cut, at a pause if there is one."""
_END = re.compile(r"(?<![.!?…])[.!?…]++[\"')\]]*+(?=\s|$)|\n[^\S\n]*+\n")
_AHEAD = 100
_ORDINAL_LANGUAGES = frozenset(("de", "cs", "da", "et", "fi", "hr", "hu", "lb", "nb", "no", "pl", "sk", "tr"))
"""Languages that write ordinal numbers with a full stop: der 3. März."""


def sentences(text: str, language: str) -> Iterator[str]:
    """Yield the sentences of a text with their punctuation, cut into pieces of at most `LONGEST` characters.

    A full stop after an abbreviation, an initial or (as in German) an ordinal number does not end a sentence; an empty
    line does.
    """
    start = 0
    for match in _END.finditer(text):
        if _ends_sentence(text, start, match, language):
            yield from _pieces(text[start : match.end()])
            start = match.end()
    yield from _pieces(text[start:])


def finished(text: str, language: str) -> tuple[str, str]:
    """Return the part of a growing text whose sentences are complete whatever follows, and the rest."""
    end, length = 0, len(text.rstrip())
    for match in _END.finditer(text):
        if match.end() < length and _ends_sentence(text, end, match, language):
            end = match.end()
    return text[:end], text[end:]


def ends_sentence(piece: str, language: str) -> bool:
    """Return whether a piece of text ends a sentence by its punctuation."""
    text = piece.rstrip()
    ends = list(_END.finditer(text))
    return bool(ends) and ends[-1].end() == len(text) and _ends_sentence(f"{text} X", 0, ends[-1], language)


def _ends_sentence(text: str, start: int, match: re.Match[str], language: str) -> bool:
    if not match.group().startswith("."):
        # "Stop!" he said.
        return match.group()[0] not in "!?…" or not text[match.end() : match.end() + _AHEAD].lstrip()[:1].islower()
    if match.group().startswith(".."):
        return not text[match.end() : match.end() + _AHEAD].lstrip()[:1].islower()
    following = text[match.end() : match.end() + _AHEAD].lstrip(" \t\r\n\"'([")[:1]
    if not following:
        return True
    before = text[max(start, match.start() - _AHEAD) : match.start()]
    word = re.search(r"[^\s\"'(\[]*$", before)
    last = word.group() if word else ""
    if following.islower():
        return False
    if last.isdigit() and len(last) <= 2 and base(language) in _ORDINAL_LANGUAGES:
        return False
    if len(last) == 1 and last.isalpha() and last.isupper() and last not in ("I",):
        return False
    known = abbreviations(language)
    if following.isdigit() and f"{last}." in known.before_a_number:
        return False
    return f"{last}.".lower() not in known.within and not _is_dotted(last)


def _is_dotted(word: str) -> bool:
    """Return whether a word is letters with full stops between them, such as U.S or p.m."""
    return re.fullmatch(r"(\w\.)+\w", word) is not None


def _pieces(sentence: str) -> Iterator[str]:
    sentence = sentence.strip()
    while len(sentence) > LONGEST:
        window = sentence[:LONGEST]
        cut = max((window.rfind(mark) for mark in (", ", "; ", ": ", " — ")), default=-1) + 1
        if cut < LONGEST // 4:
            cut = max(window.rfind(" "), window.rfind("\n")) + 1
        cut = cut or LONGEST
        yield sentence[:cut].strip()
        sentence = sentence[cut:].strip()
    if sentence:
        yield sentence

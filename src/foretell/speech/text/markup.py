"""Marks within plain text: `[[ipa]]` and `[pause 500ms]`."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from foretell.errors import TextError
from foretell.speech.text.runs import Phonemes, Place, Run, Silence, Style, Words

LONGEST_PAUSE = 60.0
"""Seconds."""
_MARK = re.compile(r"\[\[(?P<ipa>[^\[\]]*)\]\]|\[\s*pause\b(?P<pause>[^\[\]]*)\]|(?P<open>\[\[)", re.IGNORECASE)
_DURATION = re.compile(r"\s*\+?(\d+(?:\.\d*)?|\.\d+)\s*(ms|s)\s*")


def marked_runs(text: str, style: Style, place: Place = Place()) -> Iterator[Run]:  # noqa: B008
    """Yield the words of a text, the phonemes within `[[ ]]` and the pauses in their order.

    Raises TextError, with the place, for `[[` without `]]` and for a pause that is no duration.
    """
    start = 0
    for match in _MARK.finditer(text):
        if match.start() > start:
            yield Words(text[start : match.start()], style, place)
        place = place.after(text[start : match.start()])
        if match["open"]:
            raise TextError(f"{place}: [[ begins phonemes, but ]] does not end them: write them as [[həˈləʊ]]")
        if match["ipa"] is not None:
            if not match["ipa"].strip():
                raise TextError(f"{place}: [[ ]] holds no phonemes: write them as [[həˈləʊ]]")
            yield Phonemes(match["ipa"], style, Place(place.line, place.column + 2))
        else:
            yield Silence(seconds(match["pause"], match.group(), f"{place}"))
        place = place.after(match.group())
        start = match.end()
    if start < len(text):
        yield Words(text[start:], style, place)


def seconds(duration: str, what: str, where: str) -> float:
    """Return a duration such as 500ms or 1.5s in seconds. Raises TextError that names `what` has it, and `where`."""
    match = _DURATION.fullmatch(duration)
    found = float(match[1]) * (0.001 if match[2] == "ms" else 1.0) if match else math.nan
    if not 0 <= found <= LONGEST_PAUSE:
        raise TextError(
            f"{where}: {what} has no duration from 0 to {LONGEST_PAUSE:g} s: give one such as 500ms or 1.5s"
        )
    return found

"""`foretell text generate`"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from itertools import islice
from time import monotonic

from foretell import __version__
from foretell.cli.options import ModelFolder, TalkOptions
from foretell.cli.talk import Talk
from foretell.cli.terminal import printable
from foretell.cli.text.options import CharacterOptions, WrittenOptions
from foretell.errors import SettingsError

_LONGEST = 1_000_000_000
_LONGEST_DOCUMENT = 10_000_000
"""With --json, whose document is put together before it is written."""
_FLUSHES_A_SECOND = 20


def generate(model: ModelFolder, *, written: WrittenOptions, choice: CharacterOptions, words: TalkOptions) -> None:
    """Write on from a beginning, character by character, with a trained model.

    The text goes to standard output as it is written, its beginning first; what is said of it to standard error.
    """
    talk = Talk(words, stdout_taken=True)
    longest = _LONGEST_DOCUMENT if words.json else _LONGEST
    if not 1 <= written.length <= longest:
        raise SettingsError(f"--length {written.length}: give 1 to {longest:,} characters")

    from foretell.nn import Sampling
    from foretell.text.language.model import LanguageModel

    sampling = Sampling(choice.temperature, choice.top_k, choice.top_p)
    author = LanguageModel.load(model)
    start = written.start.replace("\r\n", "\n").replace("\r", "\n")
    drawn = islice(author.write(start, sampling=sampling, seed=choice.seed), written.length)
    text = ""
    began = monotonic()
    if words.json:
        text = "".join(drawn)
    else:
        _print(start, drawn)
    seconds = monotonic() - began
    rate = written.length / seconds
    if not words.json:
        talk.note(f"{written.length:,} characters in {seconds:.1f} s: {rate:,.0f} a second.")
    talk.document(
        {
            "foretell": __version__,
            "model": author.facts(),
            "start": start,
            "text": text,
            "seed": choice.seed,
            "seconds": seconds,
            "characters_a_second": rate,
        }
    )


def _print(start: str, drawn: Iterable[str]) -> None:
    """To standard output, soon after each character is there; a terminal is not steered, and left at a new line."""
    out, terminal = sys.stdout, sys.stdout.isatty()
    out.write(printable(start, lines=True) if terminal else start)
    flushed = 0.0
    try:
        for character in drawn:
            out.write(printable(character, lines=True) if terminal else character)
            if monotonic() - flushed > 1 / _FLUSHES_A_SECOND:
                out.flush()
                flushed = monotonic()
    finally:
        if terminal:
            out.write("\n")
        out.flush()

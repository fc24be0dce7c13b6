"""`foretell translate run`"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import Annotated

from typer import Argument, Option

from foretell import __version__
from foretell.cli.destinations import Destinations
from foretell.cli.options import ModelFolder, TalkOptions
from foretell.cli.talk import Talk
from foretell.cli.terminal import printable
from foretell.cli.translate.options import Encoding
from foretell.errors import SettingsError

_AT_ONCE = 2048
"""Lines of a file between two writings to standard output."""


def run(
    model: ModelFolder,
    source: Annotated[
        str, Argument(metavar="[FILE]", help="Sentences, one a line, gzipped or not; - is standard input.")
    ] = "-",
    *,
    out: Annotated[
        Path | None, Option("--out", "-o", metavar="FILE", help="Write there, not to standard output.")
    ] = None,
    beam: Annotated[
        int, Option(metavar="N", help="Hypotheses of the beam search; 1 takes the likeliest token each time, faster.")
    ] = 5,
    length_penalty: Annotated[
        float, Option(metavar="ALPHA", help="Of the beam search: above 0 favours longer translations.")
    ] = 1.0,
    batch: Annotated[int, Option(metavar="N", help="Sentences at once: more is faster, and takes more memory.")] = 64,
    encoding: Encoding = None,
    words: TalkOptions,
) -> None:
    """Translate sentences, one a line, and keep their order.

    Every line gives one line, an empty one an empty one. Out of a pipe, whatever is there is translated at once.
    """
    if words.json and out is None:
        raise SettingsError("--json and the translations both go to standard output: send these to a file with --out")
    talk = Talk(words, stdout_taken=out is None)
    if out is not None:
        if source != "-" and Path(source).resolve() == out.resolve():
            raise SettingsError(f"output {out} is the file that is read, which would be lost; give another")
        Destinations().require_writable(out)

    from foretell.text.translation.model import Translator, check_search

    check_search(beam, length_penalty, batch)
    translator = Translator.load(model)
    written: list[str] = []
    lines = tokens = cut = 0
    seconds = 0.0
    for group in _groups(source, encoding):
        began = monotonic()
        done = translator.translated(group, beam=beam, length_penalty=length_penalty, batch=batch)
        seconds += monotonic() - began
        lines, tokens, cut = lines + len(group), tokens + done.tokens, cut + done.cut
        if out is None:
            _print(done.texts)
        else:
            written += done.texts
    if out is not None:
        from foretell.storage.whole_file import replace_file

        replace_file(out, "".join(f"{text}\n" for text in written).encode())
    if cut:
        were = "line was" if cut == 1 else "lines were"
        talk.note(f"{cut:,} {were} longer than any sentence that was learned from, and translated in pieces.")
    speed = f": {tokens / seconds:,.0f} tokens a second" if seconds > 0 else ""
    talk.note(f"{lines:,} line{'' if lines == 1 else 's'}, {tokens:,} tokens in {seconds:.1f} s{speed}.")
    talk.document(
        {
            "foretell": __version__,
            "model": translator.facts(),
            "lines": lines,
            "lines_cut": cut,
            "tokens": tokens,
            "seconds": seconds,
            "beam": beam,
            "files": {"translations": str(out)},
        }
    )


def _groups(source: str, encoding: str | None) -> Iterator[list[str]]:
    """The lines in groups to translate together."""
    from foretell.text.lines import read_lines, stream_lines

    if source == "-" and encoding is None:
        yield from stream_lines(sys.stdin.buffer)
        return
    lines = read_lines(source, encoding)
    for first in range(0, len(lines), _AT_ONCE):
        yield lines[first : first + _AT_ONCE]


def _print(texts: list[str]) -> None:
    # As bytes: translations are UTF-8, whatever the terminal's encoding.
    shown = map(printable, texts) if sys.stdout.isatty() else texts
    sys.stdout.buffer.write("".join(f"{text}\n" for text in shown).encode())
    sys.stdout.buffer.flush()

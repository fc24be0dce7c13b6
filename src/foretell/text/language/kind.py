"""What a language model declares: where its text is, what it writes, and its commands."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from time import monotonic
from typing import Annotated, Any, ClassVar

from foretell.declaration import DATA, Setting
from foretell.errors import SettingsError
from foretell.model.answer import Answer, Drawing
from foretell.model.kind import Kind
from foretell.model.source import Encoding, Parts, Progressed, Source
from foretell.model.talk import Talk
from foretell.terminal import printable
from foretell.text.language.settings import LanguageSettings

_LONGEST = 1_000_000_000
_LONGEST_DOCUMENT = 10_000_000
"""With --json, whose document is put together before it is written."""
_FLUSHES_PER_SECOND = 20


@dataclass(frozen=True)
class TextFile(Source[str]):
    """A text in a file."""

    places: ClassVar[tuple[str, ...]] = ("file",)
    file: Annotated[str, Setting("A text, gzipped or not; - is standard input.", positional=True)]
    encoding: Encoding = None

    def read(self, settings: LanguageSettings, on_progress: Progressed | None = None) -> str:  # noqa: ARG002
        """See `read_text`."""
        from foretell.text.language.reading import read_text

        return read_text(self.file, self.encoding)

    def hold_out(self, data: str, settings: LanguageSettings) -> tuple[str, str | None]:
        """The end of the text is held out."""
        from foretell.text.language.reading import hold_out

        return hold_out(data, settings.validation)

    def described(self, parts: Parts[str], *, held_out: bool) -> tuple[Sequence[str], Mapping[str, Any]]:
        """See `Source`."""
        learned, held = parts.training, parts.validation or ""
        end = f"; {len(held):,} more to judge by"
        if held_out:
            end = (
                f", {len(held):,} at its end were held out to judge by" if held else "; none were held out to judge by"
            )
        line = f"{len(learned):,} characters to learn from, {len(set(learned)):,} different ones{end}."
        return [line], {"training": len(learned), "validation": len(held)}


@dataclass(frozen=True)
class Write(Answer):
    """Write on from a beginning, character by character, with a trained model.

    The text goes to standard output as it is written, its beginning first; what is said of it to standard error.
    """

    verb: ClassVar[str] = "generate"
    start: Annotated[str, Setting("What it goes on from; otherwise from a beginning.", "What is written")] = ""
    length: Annotated[int, Setting("New characters to write.", "What is written")] = 500
    drawing: Drawing = field(default_factory=Drawing)

    def takes_stdout(self, *, json: bool) -> bool:  # noqa: ARG002
        """Always: the text is what it is for."""
        return True

    def check(self, *, json: bool) -> None:
        """See `Answer`."""
        longest = _LONGEST_DOCUMENT if json else _LONGEST
        if not 1 <= self.length <= longest:
            raise SettingsError(f"--length {self.length}: give 1 to {longest:,} characters")

    def run(self, model: Any, talk: Talk) -> dict[str, Any]:
        """See `Answer`."""
        start = self.start.replace("\r\n", "\n").replace("\r", "\n")
        sampling = self.drawing.sampling()
        drawn = islice(model.write(start, sampling=sampling, seed=self.drawing.seed), self.length)
        began = monotonic()
        text = "".join(drawn) if talk.json else _print(start, drawn)
        seconds = monotonic() - began
        rate = self.length / seconds
        if not talk.json:
            talk.note(f"{self.length:,} characters in {seconds:.1f} s: {rate:,.0f} per second.")
        return {
            "start": start,
            "text": text,
            "seed": self.drawing.seed,
            "seconds": seconds,
            "characters_per_second": rate,
        }


def _print(start: str, drawn: Iterable[str]) -> str:
    """To standard output, soon after each character is there; a terminal is not steered, and left at a new line."""
    out, terminal = sys.stdout, sys.stdout.isatty()
    out.write(printable(start, lines=True) if terminal else start)
    flushed = 0.0
    try:
        for character in drawn:
            out.write(printable(character, lines=True) if terminal else character)
            if monotonic() - flushed > 1 / _FLUSHES_PER_SECOND:
                out.flush()
                flushed = monotonic()
    finally:
        if terminal:
            out.write("\n")
        out.flush()
    return ""


@dataclass(frozen=True)
class Evaluation:
    """How a language model is judged."""

    dynamic: Annotated[
        bool, Setting("Go on learning from the text while it is read. The model stays as it is.", DATA)
    ] = False


TEXT = Kind(
    model="foretell.text.language.model:LanguageModel",
    settings=LanguageSettings,
    source=TextFile,
    answer=Write,
    train="""Learn how a text goes on, character by character.

    Its end is held out to judge by, and the weights are kept that foresee it best.""",
    evaluate="""Say how many bits per character a model needs for a text: fewer are better.

    Each character is foreseen from all before it.""",
    measure="bits per character",
    units="characters",
    evaluation=Evaluation,
    examples={
        "": (
            ("Learn how a text goes on", "foretell text train plays.txt --out author"),
            ("Write more of it", "foretell text generate author"),
        ),
        "train": (
            ("Learn how a text goes on", "foretell text train plays.txt --out author"),
            (
                "A smaller network, for ten minutes, of a text in another encoding",
                "foretell text train letters.txt.gz --out author --hidden 256 --minutes 10 --encoding cp1252",
            ),
        ),
        "generate": (
            ("Go on from a beginning", "foretell text generate author --start 'Once upon a time'"),
            (
                "More cautiously than it was trained, as long as a page",
                "foretell text generate author --temperature 0.8 --length 3000 > page.txt",
            ),
        ),
        "evaluate": (
            ("How well is another text foreseen?", "foretell text evaluate author other-play.txt"),
            (
                "And how well, if it is learned from while it is read?",
                "foretell text evaluate author other-play.txt --dynamic",
            ),
        ),
    },
)

"""The declaration of language models: data source, generation and commands."""

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
from foretell.model.printer import Printer
from foretell.model.source import Encoding, Parts, Progressed, Source
from foretell.terminal import printable
from foretell.text.language_model.settings import LanguageSettings

_LONGEST = 1_000_000_000
_LONGEST_DOCUMENT = 10_000_000
"""Largest length with --json, whose document is built in memory."""
_FLUSHES_PER_SECOND = 20


@dataclass(frozen=True)
class TextFile(Source[str]):
    """A text file."""

    places: ClassVar[tuple[str, ...]] = ("file",)
    file: Annotated[str, Setting("Text file, optionally gzipped; - reads standard input.", positional=True)]
    encoding: Encoding = None

    def read(self, settings: LanguageSettings, on_progress: Progressed | None = None) -> str:  # noqa: ARG002
        """See `read_text`."""
        from foretell.text.language_model.reading import read_text

        return read_text(self.file, self.encoding)

    def hold_out(self, data: str, settings: LanguageSettings) -> tuple[str, str | None]:
        """Hold out the end of the text."""
        from foretell.text.language_model.reading import hold_out

        return hold_out(data, settings.validation)

    def described(self, parts: Parts[str], *, held_out: bool) -> tuple[Sequence[str], Mapping[str, Any]]:
        """See `Source`."""
        learned, held = parts.training, parts.validation or ""
        end = f"; {len(held):,} more for validation"
        if held_out:
            end = f", {len(held):,} at its end held out for validation" if held else "; none held out for validation"
        line = f"{len(learned):,} characters for training, {len(set(learned)):,} distinct{end}."
        return [line], {"training": len(learned), "validation": len(held)}


@dataclass(frozen=True)
class Write(Answer):
    """Generate text with a trained model, character by character.

    The text goes to standard output as it is generated, starting with --start; messages go to standard error.
    """

    verb: ClassVar[str] = "generate"
    start: Annotated[str, Setting("Text to continue from; by default the model starts from scratch.", "The text")] = ""
    length: Annotated[int, Setting("Number of characters to generate.", "The text", at_least=1, at_most=_LONGEST)] = 500
    drawing: Drawing = field(default_factory=Drawing)

    def takes_stdout(self, *, json: bool) -> bool:  # noqa: ARG002
        """Return True: the text itself goes to standard output."""
        return True

    def check(self, *, json: bool) -> None:
        """See `Answer`."""
        if json and self.length > _LONGEST_DOCUMENT:
            raise SettingsError(f"length is {self.length}: with --json it must be at most {_LONGEST_DOCUMENT:,}")

    def run(self, model: Any, printer: Printer) -> dict[str, Any]:
        """See `Answer`."""
        start = self.start.replace("\r\n", "\n").replace("\r", "\n")
        sampling = self.drawing.sampling()
        drawn = islice(model.write(start, sampling=sampling, seed=self.drawing.seed), self.length)
        began = monotonic()
        text = "".join(drawn) if printer.json else _print(start, drawn)
        seconds = monotonic() - began
        rate = self.length / seconds
        if not printer.json:
            printer.note(f"{self.length:,} characters in {seconds:.1f} s: {rate:,.0f} per second.")
        return {
            "start": start,
            "text": text,
            "seed": self.drawing.seed,
            "seconds": seconds,
            "characters_per_second": rate,
        }


def _print(start: str, drawn: Iterable[str]) -> str:
    """Print the text as it is generated; escape what could steer a terminal, and end with a newline there."""
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
    """Options of the evaluation of a language model."""

    dynamic: Annotated[
        bool,
        Setting(
            "Dynamic evaluation: keep training on the text while reading it. The saved model does not change.", DATA
        ),
    ] = False


TEXT = Kind(
    model="foretell.text.language_model.model:LanguageModel",
    settings=LanguageSettings,
    source=TextFile,
    answer=Write,
    train="""Train a character-level language model on a text.

    The end of the text is held out for validation; the weights with the lowest validation loss are kept.""",
    evaluate="""Evaluate a model on a text, in bits per character: lower is better.

    Each character is predicted from all characters before it.""",
    measure="bits per character",
    units="characters",
    evaluation=Evaluation,
    examples={
        "": (
            ("Learn how a text goes on", "foretell text train plays.txt --out author"),
            ("Generate text", "foretell text generate author"),
        ),
        "train": (
            ("Learn how a text goes on", "foretell text train plays.txt --out author"),
            (
                "Train a smaller network for ten minutes, on a text in another encoding",
                "foretell text train letters.txt.gz --out author --hidden 256 --minutes 10 --encoding cp1252",
            ),
        ),
        "generate": (
            ("Continue a given beginning", "foretell text generate author --start 'Once upon a time'"),
            (
                "Generate a page of text at a lower temperature",
                "foretell text generate author --temperature 0.8 --length 3000 > page.txt",
            ),
        ),
        "evaluate": (
            ("Evaluate on another text", "foretell text evaluate author other-play.txt"),
            (
                "Keep training on the text while reading it",
                "foretell text evaluate author other-play.txt --dynamic",
            ),
        ),
    },
)

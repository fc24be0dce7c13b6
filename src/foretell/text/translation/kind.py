"""The declaration of translators: data source, prediction and commands."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from foretell.declaration import DATA, OUTPUT, Setting
from foretell.errors import SettingsError
from foretell.model.answer import Answer
from foretell.model.holdout import held_out
from foretell.model.kind import Kind
from foretell.model.printer import Printer
from foretell.model.source import Encoding, Parts, Progressed, Source
from foretell.storage.outputs import STDOUT, require_apart, require_writable
from foretell.terminal import printable
from foretell.text.translation.settings import Search, TranslatorSettings

if TYPE_CHECKING:
    from foretell.text.translation.pairs import Pairs

_FEWEST, _MOST = 100, 1000
"""Numbers of pairs: with fewer than the first none is held out; at most the second are."""
_LISTED = 5
_AT_ONCE = 2048
"""Number of lines of a file that are translated before they are written to standard output."""


@dataclass(frozen=True)
class ParallelTexts(Source["Pairs"]):
    """Sentences and their translations, in two files or in one table."""

    places: ClassVar[tuple[str, ...]] = ("source", "target")
    source: Annotated[
        Path,
        Setting(
            "Source sentences, one per line, optionally gzipped; or, without TARGET, a table (CSV, TSV, "
            "Parquet) with one column per language.",
            positional=True,
        ),
    ]
    target: Annotated[Path | None, Setting("Their translations, line by line.", positional=True)] = None
    source_column: Annotated[
        str | None, Setting("For a table: the column of source sentences.", DATA, metavar="COLUMN")
    ] = None
    target_column: Annotated[
        str | None, Setting("For a table: the column of translations.", DATA, metavar="COLUMN")
    ] = None
    encoding: Encoding = None

    def read(
        self,
        settings: TranslatorSettings,  # noqa: ARG002
        on_progress: Progressed | None = None,  # noqa: ARG002
    ) -> Pairs:
        """See `read_pairs` and `read_table_pairs`."""
        from foretell.text.translation.pairs import read_pairs, read_table_pairs

        columns = (self.source_column, self.target_column)
        if self.target is None:
            return read_table_pairs(self.source, *columns, self.encoding)
        if any(column is not None for column in columns):
            raise SettingsError("--source-column and --target-column are for a single table: omit TARGET, or omit them")
        return read_pairs(self.source, self.target, self.encoding)

    def hold_out(self, data: Pairs, settings: TranslatorSettings) -> tuple[Pairs, Pairs | None]:
        """Hold out randomly drawn pairs."""
        held = held_out(len(data), settings.validation, settings.training.seed, fewest=_FEWEST, most=_MOST)
        return data.split(held)

    def described(self, parts: Parts[Pairs], *, held_out: bool) -> tuple[Sequence[str], Mapping[str, Any]]:
        """See `Source`."""
        learned, held = parts.training, len(parts.validation or ())
        lines = [f"{len(learned) + (held if held_out else 0):,} pairs of sentences."]
        if learned.skipped:
            listed = ", ".join(f"{number:,}" for number in learned.skipped[:_LISTED])
            more = " and more" if len(learned.skipped) > _LISTED else ""
            lines.append(f"{len(learned.skipped):,} were left out, since one side is empty: line {listed}{more}.")
        if not held:
            lines.append("None are held out for validation.")
        elif held_out:
            lines.append(f"{held:,} of them are held out for validation.")
        else:
            lines.append(f"{held:,} more for validation.")
        return lines, {"training": len(learned), "validation": held, "skipped": len(learned.skipped)}


@dataclass(frozen=True)
class Translate(Answer):
    """Translate sentences, one per line, in order.

    Each input line gives one output line; an empty line stays empty. Lines from a pipe are translated as they arrive.
    """

    verb: ClassVar[str] = "predict"
    source: Annotated[
        str,
        Setting(
            "Sentences, one per line, optionally gzipped; - reads standard input.", positional=True, metavar="FILE"
        ),
    ] = STDOUT
    output: Annotated[
        Path | None, Setting("Write to this file instead of standard output.", OUTPUT, metavar="FILE", short="-o")
    ] = None
    search: Search = field(default_factory=Search)
    encoding: Encoding = None

    def takes_stdout(self, *, json: bool) -> bool:  # noqa: ARG002
        """See `Answer`."""
        return self.output is None

    def check(self, *, json: bool) -> None:
        """See `Answer`."""
        if self.output is None:
            if json:
                raise SettingsError(
                    "--json and the translations both go to standard output: write the translations to a "
                    "file with --output"
                )
            return
        require_apart(self.output, self.source, "the file")
        require_writable(self.output)

    def run(self, model: Any, printer: Printer) -> dict[str, Any]:
        """See `Answer`."""
        written: list[str] = []
        lines = tokens = cut = 0
        seconds = 0.0
        for group in self._groups():
            began = monotonic()
            done = model.translated(group, **vars(self.search))
            seconds += monotonic() - began
            lines, tokens, cut = lines + len(group), tokens + done.tokens, cut + done.cut
            if self.output is None:
                _print(done.texts)
            else:
                written += done.texts
        if self.output is not None:
            from foretell.storage.whole_file import replace_file

            replace_file(self.output, "".join(f"{text}\n" for text in written).encode())
        if cut:
            were = "line was" if cut == 1 else "lines were"
            printer.note(f"{cut:,} {were} longer than any training sentence and translated in pieces.")
        speed = f": {tokens / seconds:,.0f} tokens per second" if seconds > 0 else ""
        printer.note(f"{lines:,} line{'' if lines == 1 else 's'}, {tokens:,} tokens in {seconds:.1f} s{speed}.")
        return {
            "lines": lines,
            "lines_cut": cut,
            "tokens": tokens,
            "seconds": seconds,
            "beam": self.search.beam,
            "files": {"translations": str(self.output)},
        }

    def _groups(self) -> Iterator[list[str]]:
        """Yield the lines in groups to translate together."""
        from foretell.text.lines import read_lines, stream_lines

        if self.source == STDOUT and self.encoding is None:
            yield from stream_lines(sys.stdin.buffer)
            return
        lines = read_lines(self.source, self.encoding)
        for first in range(0, len(lines), _AT_ONCE):
            yield lines[first : first + _AT_ONCE]


def _print(texts: list[str]) -> None:
    # Write bytes, since translations are UTF-8 whatever the terminal's encoding.
    shown = map(printable, texts) if sys.stdout.isatty() else texts
    sys.stdout.buffer.write("".join(f"{text}\n" for text in shown).encode())
    sys.stdout.buffer.flush()


_TRAIN = "foretell translate train english.txt french.txt --out en-fr"
TRANSLATE = Kind(
    model="foretell.text.translation.model:Translator",
    settings=TranslatorSettings,
    source=ParallelTexts,
    answer=Translate,
    train="""Train a translation model on pairs of sentences.

    Ctrl-C leaves a checkpoint beside the model; running the same command again resumes from it.""",
    evaluate="""Evaluate a model on other sentences: BLEU against reference translations.""",
    measure="nats per token",
    units="tokens",
    examples={
        "": (
            ("Train on two files whose lines are translations of each other", _TRAIN),
            ("Translate a sentence", "echo 'A dog runs over the snow.' | foretell translate predict en-fr"),
        ),
        "train": (
            (
                "Train on two files for 20 minutes, with validation data of their own",
                "foretell translate train train.en train.fr --validation val.en --validation val.fr --out en-fr "
                "--minutes 20",
            ),
            (
                "Train on two columns of a table",
                "foretell translate train pairs.csv --source-column English --target-column French --out en-fr",
            ),
        ),
        "predict": (
            ("Translate from a pipe into a file", "foretell translate predict en-fr < letter.txt > lettre.txt"),
            (
                "Translate without a beam search, which is faster",
                "foretell translate predict en-fr book.txt.gz --beam 1 --output livre.txt",
            ),
        ),
        "evaluate": (
            (
                "Evaluate on sentences that were not used for training",
                "foretell translate evaluate en-fr test.en test.fr",
            ),
        ),
    },
)

"""The output of a command: text and tables for people, or one JSON document for programs."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from time import monotonic
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from foretell import __version__
from foretell.cli.options import MessageOptions
from foretell.cli.progress import ProgressDisplay, time_left
from foretell.strict_json import strict
from foretell.terminal import printable

_WIDTH = 120


class Printer:
    """Prints to standard output, or to standard error where a table goes to standard output.

    With `--quiet` nothing is printed; with `--json` only notes, on standard error, and `document` prints the rest.
    """

    def __init__(self, options: MessageOptions, command: str, *, stdout_taken: bool = False) -> None:
        self._command = command
        self.json = options.json
        self.quiet = options.quiet
        self._words = _console(stderr=stdout_taken, quiet=options.quiet or options.json)
        self.aside = _console(stderr=True, quiet=options.quiet)

    def say(self, sentence: str, style: str = "") -> None:
        """Print a line."""
        self._words.print(Text(printable(sentence), style), soft_wrap=True)

    def note(self, sentence: str) -> None:
        """Print a line on standard error."""
        self.aside.print(Text(printable(sentence)), soft_wrap=True)

    def heading(self, words: str) -> None:
        """Print a heading."""
        self._words.print()
        self.say(words, "bold")

    def listing(self, sentences: Sequence[str]) -> None:
        """Print sentences, one per line."""
        for sentence in sentences:
            self.say(f"  {sentence}")

    def table(self, names: Sequence[str], rows: Sequence[Sequence[Any]], strong: int | None = None) -> None:
        """Print rows under column names, numbers right-aligned and row `strong` in bold type."""
        table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 2), header_style="dim")
        for k, name in enumerate(names):
            numeric = all(isinstance(row[k], int | float) for row in rows)
            table.add_column(Text(printable(name)), justify="right" if numeric else "left", no_wrap=True)
        for k, row in enumerate(rows):
            table.add_row(*(Text(printable(shown(cell))) for cell in row), style="bold" if k == strong else "")
        self._words.print(table)

    def files(self, files: dict[str, str]) -> None:
        """Print the files that were written."""
        if files:
            self.heading("Written")
            width = max(len(path) for path in files.values())
            self.listing([f"{path:<{width}}  {what}" for what, path in files.items()])

    @contextmanager
    def progress(
        self, stage: str, words: Callable[[], str] | None = None, *, lines: bool = True
    ) -> Iterator[Callable[[float], None]]:
        """See `foretell.model.printer.Printer`."""
        began = monotonic()

        def show(done: float) -> None:
            if lines or self.aside.is_terminal:
                said = f"{words()}, " if words is not None else ""
                display.show(stage, done, lambda: said + time_left(done, monotonic() - began))

        with ProgressDisplay(self.aside) as display:
            yield show

    def document(self, content: Mapping[str, Any]) -> None:
        """Print the JSON document, if it is requested."""
        if self.json:
            whole = {"foretell": __version__, "command": self._command, **content}
            json.dump(strict(whole), sys.stdout, indent=2, allow_nan=False)
            sys.stdout.write("\n")


class _Console(Console):
    def on_broken_pipe(self) -> None:
        # rich would end the process here and now.
        raise BrokenPipeError


def _console(*, stderr: bool, quiet: bool) -> Console:
    console = _Console(stderr=stderr, quiet=quiet, highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        # In a file or a pipe there is no edge to wrap at.
        console.width = max(console.width, _WIDTH)
    return console


def shown(cell: Any) -> str:
    """Format a cell for people, with five digits for numbers."""
    if isinstance(cell, float):
        if not math.isfinite(cell):
            return "-"
        digits = 3 if cell == 0 else 4 - math.floor(math.log10(abs(cell)))
        return f"{cell:,.{min(max(digits, 0), 3)}f}" if -8 <= digits <= 6 else f"{cell:.4g}"
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    return f"{cell:,}" if isinstance(cell, int) else str(cell)

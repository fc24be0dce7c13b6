"""The answer of a trained model on the command line: predictions, or something generated."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar

from foretell.declaration import OUTPUT, Setting
from foretell.errors import SettingsError
from foretell.field_types import settle_fields
from foretell.model.printer import Printer
from foretell.storage.outputs import STDOUT, TABLE_ENDINGS, require_apart, require_ending, require_writable

CHOICE = "Sampling"


class Answer(ABC):
    """A dataclass whose fields are a command's arguments and options, and whose docstring is its help."""

    verb: ClassVar[str]
    """`predict` for answers about given data, `generate` for new sequences."""

    def __post_init__(self) -> None:
        settle_fields(self)

    def takes_stdout(self, *, json: bool) -> bool:  # noqa: ARG002
        """Return whether the answer goes to standard output, so that messages must not.

        `json`: whether a JSON document is requested.
        """
        return False

    def check(self, *, json: bool) -> None:  # noqa: B027
        """Raise SettingsError or MissingExtraError for impossible requests, before any work is done."""

    @abstractmethod
    def run(self, model: Any, printer: Printer) -> dict[str, Any]:
        """Compute and write the answer; return its part of the JSON document."""


@dataclass(frozen=True)
class Drawing:
    """Sampling of each new value; `foretell.nn.Sampling` checks the numbers."""

    temperature: Annotated[
        float,
        Setting(
            "Sampling temperature: below 1 favours likely values, above 1 makes the result more varied.",
            CHOICE,
            metavar="T",
        ),
    ] = 1.0
    top_k: Annotated[
        int | None,
        Setting("Sample from the K most likely values only; 1 always takes the most likely.", CHOICE, metavar="K"),
    ] = None
    top_p: Annotated[
        float | None,
        Setting(
            "Sample from the smallest set of most likely values whose probabilities add up to P.", CHOICE, metavar="P"
        ),
    ] = None
    seed: Annotated[int, Setting("Random seed. The same seed gives the same result.", CHOICE)] = 0

    def sampling(self) -> Any:
        """Return the `foretell.nn.Sampling` for these options. Raises SettingsError for invalid numbers."""
        from foretell.nn import Sampling

        return Sampling(self.temperature, self.top_k, self.top_p)


@dataclass(frozen=True)
class TableOutput:
    """The options of a table that is written."""

    output: Annotated[
        str | None,
        Setting(
            "Output table; the extension .csv, .tsv or .parquet decides the format. - writes to standard output.",
            OUTPUT,
            metavar="FILE",
            short="-o",
        ),
    ] = None
    quote_formulas: Annotated[
        bool,
        Setting(
            "In a .csv or .tsv file, put an apostrophe before text that a spreadsheet would treat as a formula.", OUTPUT
        ),
    ] = False


@dataclass(frozen=True)
class TableAnswer(TableOutput, Answer):
    """An answer that can be written as a table."""

    @abstractmethod
    def read_files(self) -> Sequence[str]:
        """Return the input files, which must not be overwritten."""

    def place(self, *, json: bool) -> str | None:  # noqa: ARG002
        """Return the destination of the table."""
        return self.output

    def takes_stdout(self, *, json: bool) -> bool:
        """See `Answer`."""
        return self.place(json=json) == STDOUT

    def check(self, *, json: bool) -> None:
        """See `Answer`."""
        place = self.place(json=json)
        if json and place == STDOUT:
            raise SettingsError("--json and --output - both write to standard output: give only one")
        if place is not None and place != STDOUT:
            require_ending(Path(place), TABLE_ENDINGS)
            for read in self.read_files():
                require_apart(Path(place), read, "the table")
            require_writable(Path(place))

    def write(self, table: Any, *, json: bool = False) -> None:
        """Write a data frame to the output, if there is one."""
        from foretell.tables.files import write_table

        place = self.place(json=json)
        if place is not None:
            write_table(table, place, quote_formulas=self.quote_formulas)

    def written(self, what: str, *, json: bool = False) -> dict[str, str]:
        """Return the file that was written, under the name of its content."""
        place = self.place(json=json)
        return {what: place} if place not in (None, STDOUT) else {}

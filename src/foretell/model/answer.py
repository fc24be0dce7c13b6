"""What a trained model is asked for on the command line: to predict, or to generate."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar

from foretell.declaration import OUTPUT, Setting
from foretell.errors import SettingsError
from foretell.model.talk import Talk
from foretell.storage.outputs import STDOUT, TABLE_ENDINGS, require_apart, require_ending, require_writable

CHOICE = "How values are drawn"


class Answer(ABC):
    """A dataclass whose fields are a command's arguments and options, and whose docstring is its help."""

    verb: ClassVar[str]
    """`predict` where there is something to answer, `generate` where something new is made."""

    def takes_stdout(self, *, json: bool) -> bool:  # noqa: ARG002
        """Whether the answer goes to standard output, so that words must not; `json`: a document is asked for."""
        return False

    def check(self, *, json: bool) -> None:  # noqa: B027
        """Raise SettingsError or MissingExtraError for what cannot be, before any work is done."""

    @abstractmethod
    def run(self, model: Any, talk: Talk) -> dict[str, Any]:
        """Do it, and return what the JSON document says of it."""


@dataclass(frozen=True)
class Drawing:
    """How each new value is drawn; `foretell.nn.Sampling` checks the numbers."""

    temperature: Annotated[
        float,
        Setting("Below 1 what is likely comes more often, above 1 less often.", CHOICE, metavar="T"),
    ] = 1.0
    top_k: Annotated[
        int | None, Setting("Only the K likeliest values; 1 is always the likeliest.", CHOICE, metavar="K")
    ] = None
    top_p: Annotated[
        float | None,
        Setting("Only the fewest likeliest values that together have this probability.", CHOICE, metavar="P"),
    ] = None
    seed: Annotated[int, Setting("The same seed gives the same result.", CHOICE)] = 0

    def sampling(self) -> Any:
        """As the layers take it. Raises SettingsError for numbers that make no sense."""
        from foretell.nn import Sampling

        return Sampling(self.temperature, self.top_k, self.top_p)


@dataclass(frozen=True)
class TableAnswer(Answer):
    """An answer that may go into a table."""

    output: Annotated[
        str | None,
        Setting(
            "The table, as .csv, .tsv or .parquet by its name's ending; - is standard output.",
            OUTPUT,
            metavar="FILE",
            short="-o",
        ),
    ] = None
    quote_formulas: Annotated[
        bool,
        Setting(
            "In a .csv or .tsv, put an apostrophe before text that a spreadsheet would take for a formula.", OUTPUT
        ),
    ] = False

    @abstractmethod
    def read_files(self) -> Sequence[str]:
        """The files that are read, which are to stay as they are."""

    def place(self, *, json: bool) -> str | None:  # noqa: ARG002
        """Where the table goes."""
        return self.output

    def takes_stdout(self, *, json: bool) -> bool:
        """See `Answer`."""
        return self.place(json=json) == STDOUT

    def check(self, *, json: bool) -> None:
        """See `Answer`."""
        place = self.place(json=json)
        if json and place == STDOUT:
            raise SettingsError("--json and --output - both write to standard output: keep one of them")
        if place is not None and place != STDOUT:
            require_ending(Path(place), TABLE_ENDINGS)
            for read in self.read_files():
                require_apart(Path(place), read, "the table")
            require_writable(Path(place))

    def write(self, table: Any, *, json: bool = False) -> None:
        """Write a data frame there, if it is to be written."""
        from foretell.tables.files import write_table

        place = self.place(json=json)
        if place is not None:
            write_table(table, place, quote_formulas=self.quote_formulas)

    def written(self, what: str, *, json: bool = False) -> dict[str, str]:
        """The file that was written, by what it holds."""
        place = self.place(json=json)
        return {what: place} if place not in (None, STDOUT) else {}

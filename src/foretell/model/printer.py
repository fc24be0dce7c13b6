"""The interface through which a model's commands print; the command line implements it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol


class Printer(Protocol):
    """Text and tables for people; nothing is printed where a program reads."""

    @property
    def json(self) -> bool:
        """Return whether one JSON document is printed instead of text."""

    def say(self, sentence: str, style: str = "") -> None:
        """A line."""

    def note(self, sentence: str) -> None:
        """A line on standard error."""

    def heading(self, words: str) -> None:
        """Print a heading."""

    def listing(self, sentences: Sequence[str]) -> None:
        """Print sentences, one per line."""

    def table(self, names: Sequence[str], rows: Sequence[Sequence[Any]], strong: int | None = None) -> None:
        """Rows under names; row `strong` in bold type."""

    def files(self, files: dict[str, str]) -> None:
        """Print the files that were written."""

    def progress(
        self, stage: str, words: Callable[[], str] | None = None, *, lines: bool = True
    ) -> AbstractContextManager[Callable[[float], None]]:
        """Yield a function to call with the fraction that is done; `words` come before the time that is left.

        Without a terminal a line is printed for every tenth, unless `lines` is False.
        """

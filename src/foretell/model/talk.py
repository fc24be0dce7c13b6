"""What a model's commands can say, and how: the command line has what does it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol


class Talk(Protocol):
    """Words and tables for people; where a program reads, they go nowhere."""

    @property
    def json(self) -> bool:
        """Whether one JSON document is printed in place of words."""

    def say(self, sentence: str, style: str = "") -> None:
        """A line."""

    def note(self, sentence: str) -> None:
        """A line on standard error."""

    def heading(self, words: str) -> None:
        """What the next lines are about."""

    def listing(self, sentences: Sequence[str]) -> None:
        """Sentences, one on a line."""

    def table(self, names: Sequence[str], rows: Sequence[Sequence[Any]], strong: int | None = None) -> None:
        """Rows under names; row `strong` in bold type."""

    def files(self, files: dict[str, str]) -> None:
        """What was written where."""

    def progress(
        self, stage: str, words: Callable[[], str] | None = None, *, lines: bool = True
    ) -> AbstractContextManager[Callable[[float], None]]:
        """In a `with`: what is to be called with the share that is done; `words` come before the time that is left.

        Where there is no terminal, a line appears every tenth of the way, unless without `lines`.
        """

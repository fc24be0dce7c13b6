"""Scores of a model on data with known outcomes."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from foretell.model.printer import Printer


@dataclass(frozen=True)
class Score:
    """The result of an evaluation: a dataclass of numbers."""

    labels: ClassVar[dict[str, str]] = {}
    """Column headings of numbers, where they differ from the field's name."""

    def numbers(self) -> dict[str, float | int | None]:
        """Return the numbers by name."""
        return asdict(self)

    def show(self, printer: Printer, what: str) -> None:
        """Print the score under the name `what`."""
        numbers = self.numbers()
        printer.table(["", *(self.labels.get(name, name) for name in numbers)], [[what, *numbers.values()]])

    def document(self) -> dict[str, Any]:
        """Return the score for the JSON document."""
        return dict(self.numbers())

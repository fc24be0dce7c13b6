"""How good a model is on data whose outcome is known."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from foretell.model.talk import Talk


@dataclass(frozen=True)
class Score:
    """What a kind's evaluation gives: a dataclass of numbers."""

    labels: ClassVar[dict[str, str]] = {}
    """What people read above a number, where that is not its name."""

    def numbers(self) -> dict[str, float | int | None]:
        """The numbers that matter, by name."""
        return asdict(self)

    def show(self, talk: Talk, what: str) -> None:
        """Say them of `what`."""
        numbers = self.numbers()
        talk.table(["", *(self.labels.get(name, name) for name in numbers)], [[what, *numbers.values()]])

    def document(self) -> dict[str, Any]:
        """The same for programs."""
        return dict(self.numbers())

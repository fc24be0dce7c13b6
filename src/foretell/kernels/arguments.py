"""Many arguments as a few: a function transform of torch takes each argument apart at every level, `None` as well."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor


class Form:
    """The arguments of a call without its tensors."""

    def __init__(self, arguments: Sequence[Any]) -> None:
        self._places = [place for place, a in enumerate(arguments) if isinstance(a, Tensor)]
        self._others = [None if isinstance(a, Tensor) else a for a in arguments]

    def all(self, tensors: Sequence[Any]) -> list[Any]:
        """Return the arguments with these tensors."""
        return self._spread(self._others, tensors)

    def spread(self, values: Sequence[Any], absent: Any = None) -> list[Any]:
        """Return the values, one for each tensor, at the places of the tensors."""
        return self._spread([absent] * len(self._others), values)

    def of_tensors(self, values: Sequence[Any]) -> list[Any]:
        """Return those of the values, one for each argument, that belong to tensors."""
        return [values[place] for place in self._places]

    def _spread(self, others: Sequence[Any], values: Sequence[Any]) -> list[Any]:
        found = list(others)
        for place, value in zip(self._places, values, strict=True):
            found[place] = value
        return found


def apart(arguments: Sequence[Any]) -> tuple[Any, ...]:
    """Return the form of a call, and its tensors."""
    return Form(arguments), *(a for a in arguments if isinstance(a, Tensor))

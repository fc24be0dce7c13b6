"""Texts as sequences of numbers, one a character."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

NONE = 0
"""The number that is no character: what stands before a text, and whatever the model has never read."""
_POINTS = 0x110000
Numbers = NDArray[np.int32]


class Characters:
    """The characters (Unicode code points) that a model knows, numbered from 1 on; see NONE for 0."""

    def __init__(self, symbols: str) -> None:
        """`symbols`: each once, in ascending order. Raises ValueError for others, and where there is none."""
        if not symbols or list(symbols) != sorted(set(symbols)):
            raise ValueError("characters must be in ascending order, each once, and at least one")
        self.symbols = symbols
        self._numbers = np.zeros(_POINTS, dtype=np.int32)
        self._numbers[_points(symbols)] = np.arange(1, len(self))

    @classmethod
    def of(cls, text: str) -> Characters:
        """Those of a text, which must not be empty."""
        return cls("".join(sorted(set(text))))

    @classmethod
    def from_json(cls, plain: str) -> Characters:
        """What `to_json` gave. Raises ValueError or TypeError for anything else."""
        return cls(plain)

    def to_json(self) -> str:
        """The characters alone."""
        return self.symbols

    def __len__(self) -> int:
        """Return the size of the vocabulary, including NONE."""
        return len(self.symbols) + 1

    def encode(self, text: str) -> Numbers:
        """The numbers `(N,)` of a text of N characters; NONE for one that is not known."""
        numbers: Numbers = self._numbers[_points(text)]
        return numbers

    def decode(self, numbers: Iterable[int]) -> str:
        """The text of these numbers; NONE says nothing."""
        return "".join(self.symbols[number - 1] for number in numbers if number != NONE)

    def unknown(self, text: str) -> str:
        """Which characters of a text are not known, each once, in the order in which they come up."""
        return "".join(symbol for symbol in dict.fromkeys(text) if not self._numbers[ord(symbol)])


def _points(text: str) -> NDArray[np.uint32]:
    # A surrogate half is no character of any text, but may come from a command line.
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")

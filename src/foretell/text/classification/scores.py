"""How well texts were sorted: numbers that a class of few texts cannot hide behind a large one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foretell.field_types import from_plain


@dataclass(frozen=True)
class Score:
    """What came of N texts whose classes are known."""

    loss: float
    """Nats a text: the mean of minus the logarithm of the probability that its class was given."""
    confusion: tuple[tuple[int, ...], ...]
    """How many texts of each class (row) were put into each class (column)."""

    @classmethod
    def of(cls, probabilities: NDArray[np.float32], labels: NDArray[np.int64]) -> Score:
        """From the probabilities `(N, C)` and the class numbers `(N,)`."""
        texts, classes = probabilities.shape
        given = probabilities[np.arange(texts), labels].astype(np.float64)
        pairs = labels * classes + probabilities.argmax(1)
        confusion = np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)
        loss = float(-np.log(np.maximum(given, np.finfo(np.float32).tiny)).mean())
        return cls(loss, tuple(tuple(row) for row in confusion.tolist()))

    @property
    def texts(self) -> int:
        """N."""
        return sum(map(sum, self.confusion))

    @property
    def accuracy(self) -> float:
        """The share of the texts that were put into their class."""
        return sum(row[k] for k, row in enumerate(self.confusion)) / self.texts

    @property
    def recalls(self) -> list[float | None]:
        """For each class the share of its texts that were put into it; None where there are none."""
        return [row[k] / sum(row) if sum(row) else None for k, row in enumerate(self.confusion)]

    @property
    def precisions(self) -> list[float | None]:
        """For each class the share of its own among the texts that were put into it; None where there are none."""
        columns = list(zip(*self.confusion, strict=True))
        return [column[k] / sum(column) if sum(column) else None for k, column in enumerate(columns)]

    @property
    def f1(self) -> list[float | None]:
        """For each class the harmonic mean of precision and recall; None for one without texts, there or put there."""
        columns = list(zip(*self.confusion, strict=True))
        sizes = [sum(row) + sum(column) for row, column in zip(self.confusion, columns, strict=True)]
        return [2 * self.confusion[k][k] / size if size else None for k, size in enumerate(sizes)]

    @property
    def unjudged(self) -> list[int]:
        """The numbers of the classes that none of the texts is of: nothing was seen of how well they are known."""
        return [k for k, row in enumerate(self.confusion) if not sum(row)]

    @property
    def macro_f1(self) -> float:
        """The mean of `f1` over the classes that it is known of: all count alike, however few texts they have."""
        known = [f1 for f1 in self.f1 if f1 is not None]
        return sum(known) / len(known)

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"loss": self.loss, "confusion": [list(row) for row in self.confusion]}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Score:
        """What `to_dict` wrote."""
        score = from_plain(cls, plain)
        rows = score.confusion
        if any(len(row) != len(rows) or min(row) < 0 for row in rows) or not score.texts:
            raise ValueError("confusion must be a square of numbers of texts")
        return score

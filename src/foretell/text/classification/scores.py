"""Scores of a classification, including ones to which small classes count as much as large ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foretell.model import score as model_score
from foretell.model.printer import Printer
from foretell.text.classification.labels import named

_MOST_COLUMNS = 8
_MOST_ROWS = 30
_MOST_MISTAKES = 10


@dataclass(frozen=True)
class Score(model_score.Score):
    """The result on N labelled texts."""

    loss: float
    """Nats a text: the mean of minus the logarithm of the probability that its class was given."""
    confusion: tuple[tuple[int, ...], ...]
    """Confusion matrix: number of texts of each true class (row) by predicted class (column)."""
    classes: tuple[str, ...]
    """Their names."""

    @classmethod
    def of(cls, probabilities: NDArray[np.float32], labels: NDArray[np.int64], names: Sequence[str]) -> Score:
        """From the probabilities `(N, C)`, the class numbers `(N,)` and the names of the C classes."""
        texts, classes = probabilities.shape
        given = probabilities[np.arange(texts), labels].astype(np.float64)
        pairs = labels * classes + probabilities.argmax(1)
        confusion = np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)
        loss = float(-np.log(np.maximum(given, np.finfo(np.float32).tiny)).mean())
        return cls(loss, tuple(tuple(row) for row in confusion.tolist()), tuple(names))

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

    def numbers(self) -> dict[str, float | int | None]:
        """See `foretell.model.score.Score`."""
        return {"loss": self.loss, "accuracy": self.accuracy, "macro_f1": self.macro_f1, "texts": self.texts}

    def show(self, printer: Printer, what: str) -> None:  # noqa: ARG002
        """Accuracy and macro F1; each class; and which classes were taken for which."""
        classes, sizes = self.classes, [sum(row) for row in self.confusion]
        lines = [f"Accuracy {100 * self.accuracy:.1f} %, macro F1 {self.macro_f1:.3f}, loss {self.loss:.3f} nats."]
        if self.unjudged:
            absent = named([classes[k] for k in self.unjudged])
            lines.append(f"Not judged, since no text of theirs is among these {self.texts:,}: {absent}.")
        printer.listing([*lines, f"The largest class alone is {100 * max(sizes) / self.texts:.1f} % of them."])
        f1, precisions, recalls = self.f1, self.precisions, self.recalls
        worst = sorted(range(len(classes)), key=lambda k: (f1[k] is None, f1[k] or 0.0, classes[k]))
        shown = range(len(classes)) if len(classes) <= _MOST_ROWS else worst[:_MOST_ROWS]
        if len(classes) > _MOST_ROWS:
            printer.listing([f"The {_MOST_ROWS} worst of {len(classes):,} classes:"])
        rows = [[classes[k], sizes[k], *(_cell(part[k]) for part in (precisions, recalls, f1))] for k in shown]
        printer.table(["class", "texts", "precision", "recall", "F1"], rows)
        if len(classes) <= _MOST_COLUMNS:
            printer.heading("Which class (row) was taken for which (column)")
            printer.table(["", *classes], [[name, *row] for name, row in zip(classes, self.confusion, strict=True)])
            return
        mistakes = [
            (number, classes[k], classes[j])
            for k, row in enumerate(self.confusion)
            for j, number in enumerate(row)
            if k != j and number
        ]
        if mistakes:
            printer.heading("What was taken for what most often")
            often = sorted(mistakes, key=lambda mistake: (-mistake[0], *mistake[1:]))[:_MOST_MISTAKES]
            printer.table(["class", "taken for", "texts"], [[one, other, number] for number, one, other in often])

    def document(self) -> dict[str, Any]:
        """See `foretell.model.score.Score`."""
        f1, precisions, recalls = self.f1, self.precisions, self.recalls
        return {
            **self.numbers(),
            "not_judged": [self.classes[k] for k in self.unjudged],
            "classes": [
                {
                    "class": name,
                    "texts": sum(self.confusion[k]),
                    "precision": precisions[k],
                    "recall": recalls[k],
                    "f1": f1[k],
                }
                for k, name in enumerate(self.classes)
            ],
            "confusion": [list(row) for row in self.confusion],
        }

    def __post_init__(self) -> None:
        rows = self.confusion
        if any(len(row) != len(rows) or min(row) < 0 for row in rows) or not self.texts:
            raise ValueError("confusion must be a square of numbers of texts")
        if len(self.classes) != len(rows):
            raise ValueError("each class must have its name")


def _cell(share: float | None) -> float | str:
    return "-" if share is None else share

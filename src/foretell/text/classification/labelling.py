"""A table with the labels of its texts beside its rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretell.errors import TableError, TextError
from foretell.text.classification.labels import named
from foretell.text.classification.model import TextClassifier
from foretell.text.classification.scores import Score
from foretell.text.classification.table import cells, named_rows

LABEL, PROBABILITY = "predicted_label", "probability_"
"""New columns: the most likely class, and the probability of each class, by its name."""


@dataclass(frozen=True)
class Asked:
    """A table whose texts are to be labelled."""

    table: pl.DataFrame
    texts: list[str]
    """One a row; empty where there is none."""
    known: list[str] | None
    """The labels that are known already; empty where they are not."""
    lines: bool
    """True for plain text, one text per line, instead of a table."""


@dataclass(frozen=True)
class Labelling:
    """What came of it."""

    table: pl.DataFrame
    """The rows as they were, and the new columns; null in a row without a text."""
    labels: tuple[str | None, ...]
    probabilities: NDArray[np.float32]
    """(N, C); NaN in a row without a text."""
    classes: tuple[str, ...]
    notes: tuple[str, ...]
    """Sentences that describe the result."""
    score: Score | None
    """The score on the texts whose labels were known."""

    def rows(self) -> list[dict[str, Any]]:
        """Label and probabilities of each row, in plain numbers."""
        shares = self.probabilities.astype(float).tolist()
        return [
            {"label": label, "probabilities": dict(zip(self.classes, row, strict=True)) if label is not None else None}
            for label, row in zip(self.labels, shares, strict=True)
        ]


def prepared(
    classifier: TextClassifier, table: pl.DataFrame, text: str | None, label: str | None = None, *, lines: bool = False
) -> Asked:
    """What the classifier is asked, looked at before any work is done.

    `text` is the column of texts, None the one that the classifier was trained on; `label` one of known labels; `lines`
    says that the table was no table, but plain text. Raises `TableError` for columns that are not there or in the way,
    `TextError` for a label that the model does not know.
    """
    column = text or classifier.learned.columns[0]
    if column is None:
        raise TableError("the model does not know the name of its column of texts; name the table's: --text or text=")
    texts = cells(table, column)
    taken = {LABEL, *(PROBABILITY + name for name in classifier.classes)} & set(table.columns)
    if taken:
        raise TableError(f"the table has a column {min(taken)!r} already, but adds one of that name; rename or drop it")
    known = None
    if label is not None:
        known = [cell.strip() for cell in cells(table, label)]
        classes = {*classifier.classes, ""}
        strange = next((row for row, cell in enumerate(known) if cell not in classes), None)
        if strange is not None:
            raise TextError(
                f"the label {known[strange]!r} in column {label!r}, {named_rows([strange])}, is none of the classes "
                f"that the model knows: {named(classifier.classes)}"
            )
    return Asked(table, texts, known, lines)


def labelled(classifier: TextClassifier, asked: Asked, on_progress: Callable[[float], None] | None = None) -> Labelling:
    """Label each row that has a text; `on_progress` is told the share that is done."""
    there = np.array([bool(text.strip()) for text in asked.texts], dtype=np.bool_)
    probabilities = np.full((len(asked.texts), len(classifier.classes)), np.nan, dtype=np.float32)
    probabilities[there] = classifier.probabilities([text for text in asked.texts if text.strip()], on_progress)
    labels = tuple(
        classifier.classes[int(row.argmax())] if text else None
        for row, text in zip(probabilities, there.tolist(), strict=True)
    )
    columns = [pl.Series(LABEL, labels, dtype=pl.String)]
    columns += [
        pl.Series(PROBABILITY + name, probabilities[:, k]).fill_nan(None) for k, name in enumerate(classifier.classes)
    ]
    notes = []
    if not there.all():
        rows = named_rows(np.flatnonzero(~there).tolist(), lines=asked.lines)
        notes.append(f"Without a text, so without a label: {rows}.")
    score = None
    if asked.known is not None:
        scored = there & np.array([bool(label) for label in asked.known], dtype=np.bool_)
        if not scored.any():
            raise TableError("no row has both a text and a known label, so there is nothing to score")
        numbers = {name: k for k, name in enumerate(classifier.classes)}
        truth = np.array([numbers.get(label, 0) for label in asked.known], dtype=np.int64)
        score = Score.of(probabilities[scored], truth[scored], classifier.classes)
        if not scored.all():
            notes.append(f"{int((~scored).sum()):,} rows without a text or a known label are not scored.")
    return Labelling(asked.table.with_columns(columns), labels, probabilities, classifier.classes, tuple(notes), score)

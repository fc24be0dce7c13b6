"""A classifier of texts: learned from texts with their labels, asked for the labels of others."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from foretell.errors import TextError
from foretell.model.base import Model, Recipe
from foretell.text.classification import task
from foretell.text.classification.labels import classes_of, named, numbered, strings
from foretell.text.classification.network import ClassifierNetwork
from foretell.text.classification.reading import Reading, ReadTexts
from foretell.text.classification.scores import Score
from foretell.text.classification.settings import ClassifierSettings
from foretell.text.classification.table import LabelledTexts
from foretell.text.classification.task import TrainingTask

_KEYS, _TABLE = "counter{}.keys", "counter{}.table"
_MANY_UNKNOWN = 0.25


@dataclass(frozen=True)
class Learned:
    """The learned state of a classifier besides its weights."""

    classes: tuple[str, ...]
    """The labels, in the order of their names: the columns of `probabilities`."""
    columns: tuple[str | None, str | None]
    """Names of the columns of texts and labels in the table, if the texts came from one."""
    reading: Reading
    texts: int
    """Texts that it was trained on."""
    cut: int
    """Texts, held-out ones among them, that are longer than the network reads."""
    unknown: float | None
    """The share of the words of the held-out texts that the network does not know; None without any."""

    def __post_init__(self) -> None:
        if len(set(self.classes)) < max(len(self.classes), 2):
            raise ValueError("classes must be at least two different texts")
        if self.reading.classes != len(self.classes):
            raise ValueError(f"texts are read for {self.reading.classes} classes")


class TextClassifier(Model[ClassifierSettings, Learned, ClassifierNetwork, LabelledTexts, Score]):
    """Texts sorted into classes, learned from texts with their labels.

    Recurrent layers read a text both ways (Schuster & Paliwal, 1997), the features of its steps are pooled, and a
    linear map gives the scores. To these comes the evidence of naive Bayes (Wang & Manning, 2012), twice: over words
    and pairs of neighbours, and over short subwords and up to four in a row, so that a word that was never read says
    something too. A text that is learned from is judged by the counts of others.
    """

    kind = "classify"

    @property
    def classes(self) -> tuple[str, ...]:
        """The labels, in the order of their names. Raises `ModelError` before there are any."""
        return self.learned.classes

    @property
    def features(self) -> int:
        """Return the number of words, pairs and subword runs that are counted. Raises `ModelError` before training."""
        return sum(self.learned.reading.features)

    def probabilities(
        self, texts: Iterable[str], on_progress: Callable[[float], None] | None = None
    ) -> NDArray[np.float32]:
        """The probability of each class, `(N, C)`, columns as in `classes`; `on_progress` is told the share done.

        Raises `TextError` for a text that is no Unicode.
        """
        network, learned = self._trained()
        return task.probabilities(network, learned.reading.read(strings("text", texts)), on_progress)

    def predict(self, texts: Iterable[str]) -> list[str]:
        """Return the most likely class of each text. Raises what `probabilities` does."""
        return [self.classes[k] for k in self.probabilities(texts).argmax(1)]

    def evaluate(self, data: LabelledTexts, *, on_progress: Callable[[float], None] | None = None) -> Score:
        """Evaluate the classifier on labelled texts. Raises `TextError` for labels that it does not know."""
        network, learned = self._trained()
        numbers = numbered(data.labels, learned.classes)
        if not len(data):
            raise TextError("there is no text to evaluate on: give at least one")
        found = task.probabilities(network, learned.reading.read(data.texts), on_progress)
        return Score.of(found, numbers, learned.classes)

    def read(self, source: Any, on_progress: Callable[[float], None] | None = None) -> LabelledTexts:
        """See `Model`; the columns are those of the training where the source names no others."""
        text, label = self.learned.columns
        named_here = replace(source, text=source.text or text, label=source.label or label)
        data: LabelledTexts = named_here.read(self.settings, on_progress)
        return data

    def sentences(self) -> list[str]:
        """See `Model`."""
        learned, settings = self.learned, self.settings
        networks = f"{settings.members} networks" if settings.members > 1 else "A network"
        make = f"{networks} ({settings.cell}) of {self.parameters:,} trainable parameters in all"
        bayes = f"; naive Bayes counts {self.features:,} words, pairs and runs of subwords" if settings.counted else ""
        lines = [f"{make}{bayes}; {len(learned.classes):,} classes."]
        if learned.cut:
            lines.append(
                f"{learned.cut:,} texts have more than {settings.longest:,} {settings.units}: of those the network "
                "reads the beginning and the end, half of them each."
            )
        if learned.unknown is not None and settings.units == "words" and learned.unknown > _MANY_UNKNOWN:
            lines.append(
                f"{100 * learned.unknown:.0f} % of the words held out are unknown: --units subwords may do better."
            )
        return lines

    def _recipe(
        self, data: LabelledTexts, validation: LabelledTexts | None
    ) -> Recipe[Learned, ClassifierNetwork, Score]:
        settings = self.settings
        classes = classes_of(data.labels)
        numbers = numbered(data.labels, classes)
        held = validation if validation is not None else LabelledTexts((), ())
        judged = numbered(held.labels, classes)
        reading, read = Reading.learn(data.texts, numbers, len(classes), settings)
        others = reading.read(held.texts)
        unknown = reading.unknown(others) if len(others) else None
        chores = TrainingTask(read, numbers, settings)

        def score(network: ClassifierNetwork) -> Score:
            return Score.of(task.probabilities(network, others), judged, classes)

        return Recipe(
            Learned(classes, data.columns, reading, len(read), _cut(read, others), unknown),
            chores.batch,
            chores.loss,
            steps_per_epoch=max(1, len(read) // settings.batch_size),
            units_per_step=min(settings.batch_size, len(read)),
            identity=lambda: [list(classes), _digest(data), _digest(held)],
            evaluate=(lambda network: score(network).loss) if len(others) else None,
            score=score if len(others) else None,
        )

    def _build(self, learned: Learned) -> ClassifierNetwork:
        reading = learned.reading
        return ClassifierNetwork(self.settings, reading.tokens, len(learned.classes), len(reading.counters))

    def _arrays(self, learned: Learned) -> dict[str, Tensor]:
        arrays = {}
        for k, counter in enumerate(learned.reading.counters):
            arrays[_KEYS.format(k)] = torch.from_numpy(counter.bayes.keys)
            arrays[_TABLE.format(k)] = torch.from_numpy(counter.bayes.table)
        return arrays

    def _array_shapes(self, learned: Learned) -> dict[str, Tensor]:
        shapes = {}
        for k, features in enumerate(learned.reading.features):
            shapes[_KEYS.format(k)] = torch.empty(features, dtype=torch.int64)
            shapes[_TABLE.format(k)] = torch.empty(features, len(learned.classes))
        return shapes

    def _with_arrays(self, learned: Learned, arrays: dict[str, Tensor]) -> Learned:
        found = [
            (arrays[_KEYS.format(k)].numpy(), arrays[_TABLE.format(k)].numpy())
            for k in range(len(learned.reading.counters))
        ]
        return replace(learned, reading=learned.reading.with_arrays(found))

    def _facts(self) -> dict[str, Any]:
        learned, settings = self.learned, self.settings
        return {
            "classes": named(learned.classes),
            "cell": settings.cell,
            "hidden": settings.hidden,
            "layers": settings.layers,
            "members": settings.members,
            f"{settings.units}_known": learned.reading.tokens,
            "counted_features": self.features,
            "texts": learned.texts,
            "texts_cut": learned.cut,
            "unknown": learned.unknown,
        }


def _cut(*parts: ReadTexts) -> int:
    return sum(part.cut for part in parts)


def _digest(data: LabelledTexts) -> str:
    """Tells these texts and labels from others."""
    found = hashlib.sha256()
    for text, label in zip(data.texts, data.labels, strict=True):
        for part in (text, label):
            encoded = part.encode("utf-8", "surrogatepass")
            found.update(len(encoded).to_bytes(8, "little") + encoded)
    return found.hexdigest()

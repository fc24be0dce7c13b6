"""A classifier of texts: learned from texts with their labels, asked for the labels of others."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import compress
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from foretell.errors import ModelError, TextError
from foretell.field_types import from_plain, read_value
from foretell.text.classification import task
from foretell.text.classification.labels import classes_of, named, numbered, strings
from foretell.text.classification.naive_bayes import NaiveBayes
from foretell.text.classification.network import ClassifierNetwork
from foretell.text.classification.reading import Counter, Reading
from foretell.text.classification.scores import Score
from foretell.text.classification.settings import ClassifierSettings
from foretell.text.classification.table import held_out
from foretell.text.classification.task import TrainingTask
from foretell.text.vocabulary import Vocabulary
from foretell.training import History, Progress, train
from foretell.training.model_folder import read_folder, write_folder

KIND = "classify"
"""What its folder says it is."""
_NETWORK, _KEYS, _TABLE = "network.", "counter{}.keys", "counter{}.table"


@dataclass(frozen=True)
class Learned:
    """What a classifier was learned from."""

    texts: int
    """Texts that it was trained on."""
    judged: int
    """Texts that were held out to judge by."""
    cut: int
    """Texts of both kinds that are longer than the network reads."""
    unknown: float | None
    """The share of the words of the held-out texts that the network does not know; None without any."""


class TextClassifier:
    """Texts sorted into classes, learned from texts with their labels.

    Recurrent layers read a text both ways (Schuster & Paliwal, 1997), the features of its steps are pooled, and a
    linear map gives the scores. To these comes the evidence of naive Bayes (Wang & Manning, 2012), twice: over words
    and pairs of neighbours, and over short subwords and up to four in a row, so that a word that was never read says
    something too. A text that is learned from is judged by the counts of others. Until `train` or `load` there is no
    network.
    """

    def __init__(self, settings: ClassifierSettings | None = None) -> None:
        self.settings = ClassifierSettings() if settings is None else settings
        self.classes: tuple[str, ...] = ()
        """The labels, in the order of their names: the columns of `probabilities`."""
        self.column: str | None = None
        """What the column of texts was called in the table, if they came from one."""
        self.history: History | None = None
        """The course of its training, once there was one."""
        self.learned: Learned | None = None
        self.validation: Score | None = None
        """How well it sorts the texts that were held out, if any were."""
        self._network: ClassifierNetwork | None = None
        self._reading: Reading | None = None

    @property
    def network(self) -> ClassifierNetwork:
        """The network itself, on the CPU in evaluation mode. Raises `ModelError` before there is one."""
        return self._ready()[0]

    @property
    def parameters(self) -> int:
        """How many numbers were learned by gradients; 0 before."""
        return 0 if self._network is None else sum(p.numel() for p in self._network.parameters())

    @property
    def features(self) -> int:
        """How many words, pairs and runs of subwords are counted; 0 before."""
        return 0 if self._reading is None else sum(len(counter.bayes.keys) for counter in self._reading.counters)

    def train(
        self,
        texts: Iterable[str],
        labels: Iterable[str],
        *,
        device: str = "auto",
        checkpoint: Path | None = None,
        tensorboard: Path | None = None,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> TextClassifier:
        """Train on N texts with their N labels, some of which are held out by the settings. Returns itself.

        The weights are kept that judge the held-out texts best. See `foretell.training.train` for the other arguments
        and what it raises; `TextError` for labels that will not do: of one class only, or all different.
        """
        texts = strings("text", texts)
        labels = strings("label", labels, texts)
        classes = classes_of(labels)
        numbers = numbered(labels, classes)
        seed = self.settings.training.seed
        judged = held_out(texts, labels, self.settings.validation, seed)
        taken = np.flatnonzero(~judged)
        reading, read = Reading.learn(list(compress(texts, ~judged)), numbers[taken], len(classes), self.settings)
        others = reading.read(list(compress(texts, judged)))
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            network = ClassifierNetwork(self.settings, reading.tokens, len(classes), len(reading.counters)).eval()
        chores = TrainingTask(read, numbers[taken], self.settings)

        def score(network: Any) -> Score:
            return Score.of(task.probabilities(network, others), numbers[judged])

        try:
            history = train(
                network,
                chores.batch,
                chores.loss,
                settings=replace(self.settings.training, steps=self.settings.steps_for(len(taken))),
                evaluate=(lambda network: score(network).loss) if len(others) else None,
                device=device,
                checkpoint=checkpoint,
                tensorboard=tensorboard,
                on_progress=on_progress,
                identity=[list(classes), dataclasses.asdict(self.settings), _digest(texts, labels)],
            )
        finally:
            network.cpu().eval()
        unknown = reading.unknown(others) if len(others) else None
        self.classes, self.history, self._network, self._reading = classes, history, network, reading
        self.learned = Learned(len(read), len(others), read.cut + others.cut, unknown)
        self.validation = score(network) if len(others) else None
        return self

    def probabilities(
        self, texts: Iterable[str], on_progress: Callable[[float], None] | None = None
    ) -> NDArray[np.float32]:
        """The probability of each class, `(N, C)`, columns as in `classes`; `on_progress` is told the share done.

        Raises `TextError` for a text that is no Unicode.
        """
        network, reading = self._ready()
        return task.probabilities(network, reading.read(strings("text", texts)), on_progress)

    def predict(self, texts: Iterable[str]) -> list[str]:
        """The likeliest class of each text. Raises what `probabilities` does."""
        return [self.classes[k] for k in self.probabilities(texts).argmax(1)]

    def evaluate(self, texts: Iterable[str], labels: Iterable[str]) -> Score:
        """How well it sorts texts whose labels are known. Raises `TextError` for labels that it does not know."""
        self._ready()
        texts = strings("text", texts)
        numbers = numbered(strings("label", labels, texts), self.classes)
        if not texts:
            raise TextError("there is no text to evaluate on: give at least one")
        return Score.of(self.probabilities(texts), numbers)

    def save(self, folder: str | Path) -> None:
        """Write the model's folder, whole or not at all. Raises `SettingsError` where it cannot be written."""
        network, reading = self._ready()
        tensors = {_NETWORK + name: tensor.detach() for name, tensor in network.state_dict().items()}
        for k, counter in enumerate(reading.counters):
            tensors[_KEYS.format(k)] = torch.from_numpy(counter.bayes.keys)
            tensors[_TABLE.format(k)] = torch.from_numpy(counter.bayes.table)
        description = {
            "settings": dataclasses.asdict(self.settings),
            "classes": list(self.classes),
            "column": self.column,
            "vocabulary": reading.vocabulary.to_json(),
            "tokens": reading.tokens,
            "counters": [
                {
                    "features": len(counter.bayes.keys),
                    "in_a_row": counter.bayes.in_a_row,
                    "vocabulary": None if counter.vocabulary is None else counter.vocabulary.to_json(),
                }
                for counter in reading.counters
            ],
            "history": self.history.to_dict() if self.history else None,
            "learned": dataclasses.asdict(self.learned) if self.learned else None,
            "validation": self.validation.to_dict() if self.validation else None,
        }
        write_folder(folder, KIND, description, tensors)

    @classmethod
    def load(cls, folder: str | Path) -> TextClassifier:
        """The model that `save` wrote. Raises `ModelError` for a folder that is missing, damaged or of another kind."""
        stored = read_folder(folder, KIND)
        description = stored.description
        with stored.understood():
            model = cls(from_plain(ClassifierSettings, description["settings"]))
            model.classes = _names(description["classes"])
            model.column = read_value(str | None, description["column"])
            vocabulary = Vocabulary(description["vocabulary"])
            tokens, counted = read_value(int, description["tokens"]), description["counters"]
            features = [_count(counter["features"]) for counter in counted]
            runs = [_count(counter["in_a_row"]) for counter in counted]
            history, learned, validation = (description[name] for name in ("history", "learned", "validation"))
            model.history = None if history is None else History.from_dict(history)
            model.learned = None if learned is None else from_plain(Learned, learned)
            model.validation = None if validation is None else Score.from_dict(validation)
        settings, classes = model.settings, len(model.classes)

        def expected() -> dict[str, Tensor]:
            state = ClassifierNetwork(settings, tokens, classes, len(features)).state_dict()
            due = {_NETWORK + name: tensor for name, tensor in state.items()}
            for k, size in enumerate(features):
                due[_KEYS.format(k)] = torch.empty(size, dtype=torch.int64)
                due[_TABLE.format(k)] = torch.empty(size, classes)
            return due

        found = stored.tensors(expected, at_least=settings.members * settings.layers)
        with stored.understood():
            counters = [
                Counter(
                    NaiveBayes(found.pop(_KEYS.format(k)).numpy(), found.pop(_TABLE.format(k)).numpy(), runs[k]),
                    None if part["vocabulary"] is None else Vocabulary(part["vocabulary"]),
                )
                for k, part in enumerate(counted)
            ]
        model._network = ClassifierNetwork(settings, tokens, classes, len(counters)).eval()
        model._network.load_state_dict({name.removeprefix(_NETWORK): tensor for name, tensor in found.items()})
        model._reading = Reading(vocabulary, tokens, classes, counters, settings.longest)
        return model

    def facts(self) -> dict[str, Any]:
        """What there is to say of it, by name: its make and what it was trained to."""
        reading = self._reading
        return {
            "classes": named(self.classes),
            "cell": self.settings.cell,
            "hidden": self.settings.hidden,
            "layers": self.settings.layers,
            "members": self.settings.members,
            "parameters": self.parameters,
            f"{self.settings.units}_known": reading.tokens if reading is not None else None,
            "counted_features": self.features,
            "texts": self.learned.texts if self.learned else None,
            "validation_texts": self.learned.judged if self.learned else None,
            "validation_loss": self.validation.loss if self.validation else None,
            "validation_accuracy": self.validation.accuracy if self.validation else None,
            "validation_macro_f1": self.validation.macro_f1 if self.validation else None,
        }

    def _ready(self) -> tuple[ClassifierNetwork, Reading]:
        if self._network is None or self._reading is None:
            raise ModelError("the classifier was not trained yet: call train, or load a model")
        return self._network, self._reading


def _count(found: Any) -> int:
    """A stranger's number of things. Raises ValueError for what is none."""
    number: int = read_value(int, found)
    if number < 0:
        raise ValueError(f"{number} cannot be a number of things")
    return number


def _names(found: Any) -> tuple[str, ...]:
    """A stranger's classes. Raises ValueError for what are none."""
    names = tuple(found)
    if len(set(names)) < max(len(names), 2) or not all(isinstance(name, str) for name in names):
        raise ValueError("classes must be two different texts at least")
    return names


def _digest(texts: Sequence[str], labels: Sequence[str]) -> str:
    """Tells these texts and labels from others."""
    found = hashlib.sha256()
    for text, label in zip(texts, labels, strict=True):
        for part in (text, label):
            data = part.encode("utf-8", "surrogatepass")
            found.update(len(data).to_bytes(8, "little") + data)
    return found.hexdigest()

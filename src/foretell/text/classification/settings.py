"""What a classifier of texts can be told."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import partial
from typing import Literal, get_args

from foretell.errors import SettingsError
from foretell.field_types import settle_fields
from foretell.training.settings import NO_BOUND, TrainingSettings

Cell = Literal["gru", "lstm"]
Pooling = Literal["last", "mean", "max"]
Units = Literal["words", "subwords"]

_EPOCHS = 4
_FEWEST_STEPS, _MOST_STEPS = 300, 20_000


@dataclass(frozen=True)
class ClassifierSettings:
    """The make and the training of a classifier; raises `SettingsError` on a value that makes no sense."""

    units: Units = "words"
    """What a text is cut into. Subwords are for scripts without spaces, such as Chinese, and for many spellings."""
    vocabulary: int = 30_000
    """Units that the network tells apart, at most: the most frequent ones that come up twice."""
    counted: int = 400_000
    """Features of each naive Bayes, at most, the most frequent: one counts units and pairs of neighbours, the other
    short subwords and up to four in a row. 0 leaves them out."""
    cell: Cell = "gru"
    """Of the recurrent layers, which read a text both ways."""
    hidden: int = 64
    """Features of a recurrent layer, in each direction."""
    layers: int = 1
    embedding: int = 64
    """Features of a unit."""
    pooling: Pooling = "max"
    """What becomes of the features of all steps: see `foretell.nn.SequenceToVector`."""
    members: int = 3
    """Networks whose probabilities are averaged, trained side by side: steadier than one."""
    word_dropout: float = 0.1
    """Share of the units of a text that training hides, which stand for unknown ones; in [0, 1), as those below."""
    input_dropout: float = 0.5
    """On the features of units."""
    output_dropout: float = 0.5
    """Before the scores, and between layers."""
    recurrent_dropout: float = 0.0
    """On the state that goes from step to step."""
    label_smoothing: float = 0.0
    """Share of a label's probability that is spread over all classes (Szegedy et al., 2016); in [0, 1)."""
    longest: int = 512
    """Units that the network reads of a text: of a longer one its beginning and its end, half of them each."""
    validation: float = 0.1
    """Share of each class that is held out to judge by, 4,000 texts at most; 0 holds out none."""
    batch_size: int = 64
    """Texts a training step."""
    epochs: float | None = None
    """Passes over the texts. None takes `training.steps`; or, where those have no bound and there are no `minutes`, 4
    passes, but 300 steps at least and 20,000 at most."""
    training: TrainingSettings = field(
        default_factory=partial(TrainingSettings, steps=NO_BOUND, learning_rate=3e-3, average=0.99)
    )

    def __post_init__(self) -> None:
        settle_fields(self)
        for name, names in (("units", Units), ("cell", Cell), ("pooling", Pooling)):
            choices = get_args(names)
            self._require(name, f"must be one of {', '.join(choices)}", getattr(self, name) in choices)
        self._require("vocabulary", "must be from 300 to 1,000,000", 300 <= self.vocabulary <= 1_000_000)
        self._require("counted", "must be from 0 to 10,000,000", 0 <= self.counted <= 10_000_000)
        for name in ("hidden", "layers", "embedding", "members", "batch_size"):
            self._require(name, "must be at least 1", getattr(self, name) >= 1)
        self._require("longest", "must be from 2 to 100,000", 2 <= self.longest <= 100_000)
        for name in ("word_dropout", "input_dropout", "output_dropout", "recurrent_dropout", "label_smoothing"):
            self._require(name, "must be in [0, 1)", 0 <= getattr(self, name) < 1)
        self._require("validation", "must be in [0, 0.5]", 0 <= self.validation <= 0.5)
        if self.epochs is not None:
            self._require("epochs", "must be above 0, or None", 0 < self.epochs < math.inf)

    def steps_for(self, texts: int) -> int:
        """The optimiser steps of a training on so many texts."""
        bound = self.training.steps
        batches = max(1, texts // self.batch_size)
        if self.epochs is not None:
            return min(bound, max(1, math.ceil(min(self.epochs * batches, NO_BOUND))))
        if bound < NO_BOUND or self.training.minutes is not None:
            return bound
        return min(max(_EPOCHS * batches, _FEWEST_STEPS), _MOST_STEPS)

    def _require(self, name: str, rule: str, holds: bool) -> None:
        if not holds:
            raise SettingsError(f"{name} is {getattr(self, name)!r}: it {rule}")

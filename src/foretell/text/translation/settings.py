"""What a translator can be told."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import partial
from typing import Literal, get_args

from foretell.errors import SettingsError
from foretell.field_types import settle_fields
from foretell.training.settings import TrainingSettings

Cell = Literal["gru", "lstm"]
Attention = Literal["general", "dot", "additive"]


@dataclass(frozen=True)
class TranslatorSettings:
    """The make and the training of a translator; raises `SettingsError` on a value that makes no sense."""

    cell: Cell = "gru"
    """Of encoder and decoder."""
    hidden: int = 512
    """Features of the decoder, an even number; each direction of the encoder has half as many."""
    layers: int = 1
    """Of the encoder, and of the decoder."""
    embedding: int = 256
    """Features of a token."""
    attention: Attention = "general"
    """How the decoder looks at the source: see `foretell.nn.Attention`."""
    vocabulary: int = 4000
    """Tokens of each language, at most."""
    longest: int = 100
    """Tokens of a sentence: pairs with a longer one are not learned from."""
    dropout: float = 0.3
    """On what enters encoder and decoder, between their layers, and before the scores; in [0, 1)."""
    label_smoothing: float = 0.1
    """Share of a target's probability that is spread over the whole vocabulary (Szegedy et al., 2016); in [0, 1)."""
    batch_size: int = 64
    """Pairs a training step."""
    epochs: float | None = None
    """Passes over the pairs, in place of `training.steps`, and judged after each."""
    training: TrainingSettings = field(
        default_factory=partial(
            TrainingSettings, steps=4500, learning_rate=2e-3, average=0.998, evaluate_every=450, patience=4
        )
    )

    def __post_init__(self) -> None:
        settle_fields(self)
        self._require("cell", f"must be one of {', '.join(get_args(Cell))}", self.cell in get_args(Cell))
        names = get_args(Attention)
        self._require("attention", f"must be one of {', '.join(names)}", self.attention in names)
        for name in ("layers", "embedding", "batch_size"):
            self._require(name, "must be at least 1", getattr(self, name) >= 1)
        self._require("hidden", "must be an even number from 2 on", self.hidden >= 2 and self.hidden % 2 == 0)
        self._require("vocabulary", "must be from 300 to 1,000,000", 300 <= self.vocabulary <= 1_000_000)
        self._require("longest", "must be from 2 to 1,000", 2 <= self.longest <= 1000)
        for name in ("dropout", "label_smoothing"):
            self._require(name, "must be in [0, 1)", 0 <= getattr(self, name) < 1)
        if self.epochs is not None:
            self._require("epochs", "must be above 0, or None", 0 < self.epochs < math.inf)

    def _require(self, name: str, rule: str, holds: bool) -> None:
        if not holds:
            raise SettingsError(f"{name} is {getattr(self, name)!r}: it {rule}")

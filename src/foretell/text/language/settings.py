"""What a language model can be told."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Literal, get_args

from foretell.errors import SettingsError
from foretell.field_types import settle_fields
from foretell.training.settings import TrainingSettings

Cell = Literal["lstm", "gru"]
CELLS: tuple[Cell, ...] = get_args(Cell)


@dataclass(frozen=True)
class LanguageSettings:
    """The make and the training of a language model; raises `SettingsError` on a value that makes no sense."""

    cell: Cell = "lstm"
    hidden: int = 512
    """Features of a recurrent layer."""
    layers: int = 1
    embedding: int = 64
    """Features of a character."""
    dropout: float = 0.3
    """On what leaves each recurrent layer, in [0, 1)."""
    recurrent_dropout: float = 0.1
    """On the state where it enters a layer anew, the same units for a whole chunk, in [0, 1)."""
    streams: int = 32
    """Places of the text that are read side by side; fewer where the text is short."""
    chunk: int = 64
    """Characters that each stream reads in a step, and that a gradient reaches back at most. The state goes on."""
    training: TrainingSettings = field(
        default_factory=partial(
            TrainingSettings,
            steps=5000,
            learning_rate=8e-3,
            warm_up=0.15,
            optimiser="adamw",
            weight_decay=0.15,
            average=0.99,
            evaluate_every=250,
        )
    )

    def __post_init__(self) -> None:
        settle_fields(self)
        self._require("cell", f"must be one of {', '.join(CELLS)}", self.cell in CELLS)
        for name in ("hidden", "layers", "embedding", "streams", "chunk"):
            self._require(name, "must be at least 1", getattr(self, name) >= 1)
        for name in ("dropout", "recurrent_dropout"):
            self._require(name, "must be in [0, 1)", 0 <= getattr(self, name) < 1)

    def _require(self, name: str, rule: str, holds: bool) -> None:
        if not holds:
            raise SettingsError(f"{name} is {getattr(self, name)!r}: it {rule}")

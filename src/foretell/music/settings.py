"""What a music model can be told."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Literal, get_args

from foretell.errors import SettingsError
from foretell.field_types import settle_fields
from foretell.training.settings import TrainingSettings

Body = Literal["lstm", "gru", "wavenet", "conv-lstm"]
BODIES: tuple[Body, ...] = get_args(Body)
_SIZES = {"lstm": (208, 1), "gru": (256, 1), "wavenet": (52, 2), "conv-lstm": (232, 1)}
"""Features and layers of each body."""
_DROPOUT = 0.2


@dataclass(frozen=True)
class MusicSettings:
    """The make and the training of a music model; raises `SettingsError` on a value that makes no sense."""

    body: Body = "wavenet"
    """What reads the sequence: a recurrent net, a WaveNet stack, or the convolutions + LSTM of Geron's chapter 15."""
    hidden: int | None = None
    """Features of a recurrent layer; residual channels of a WaveNet, which has twice as many skip channels. None takes
    what makes 300,000 to 400,000 parameters."""
    layers: int | None = None
    """Recurrent layers; for a WaveNet, cycles of eight dilations from 1 to 128. None is 1, for a WaveNet 2."""
    embedding: int = 24
    """Features of a note."""
    dropout: float | None = None
    """On what enters the recurrent layers and what leaves them, in [0, 1); None is 0.2. A WaveNet has none."""
    window: int = 64
    """Chords of a training window."""
    batch_size: int = 16
    """Windows a training step."""
    semitones: int = 6
    """Each window is moved up or down by up to so many semitones, within the range of notes; 0 leaves it alone."""
    training: TrainingSettings = field(
        default_factory=partial(TrainingSettings, steps=1000, learning_rate=5e-3, average=0.99, evaluate_every=100)
    )

    def __post_init__(self) -> None:
        settle_fields(self)
        self._require("body", f"must be one of {', '.join(BODIES)}", self.body in BODIES)
        for name in ("features", "depth", "embedding", "batch_size"):
            shown = {"features": "hidden", "depth": "layers"}.get(name, name)
            self._require(shown, "must be at least 1", getattr(self, name) >= 1)
        self._require("window", "must be at least 2", self.window >= 2)
        self._require("semitones", "must be 0 or more", self.semitones >= 0)
        if self.dropout is not None:
            self._require("dropout", "must be in [0, 1)", 0 <= self.dropout < 1)
            rule = "has no place in a wavenet, which has no dropout: leave it out, or take another body"
            self._require("dropout", rule, self.body != "wavenet")

    @property
    def features(self) -> int:
        """`hidden`, or what stands in for it."""
        return _SIZES[self.body][0] if self.hidden is None else self.hidden

    @property
    def depth(self) -> int:
        """`layers`, or what stands in for it."""
        return _SIZES[self.body][1] if self.layers is None else self.layers

    @property
    def dropped(self) -> float:
        """`dropout`, or what stands in for it."""
        return _DROPOUT if self.dropout is None else self.dropout

    def _require(self, name: str, rule: str, holds: bool) -> None:
        if not holds:
            raise SettingsError(f"{name} is {getattr(self, name)!r}: it {rule}")

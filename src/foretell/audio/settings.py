"""What an audio model can be told: its sound, its network and its training."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import partial
from typing import Literal, get_args

from foretell.errors import SettingsError
from foretell.field_types import settle_fields
from foretell.training.settings import TrainingSettings

HeadName = Literal["categorical", "mixture_of_logistics", "gaussian"]

_RATES = (1_000, 384_000)


@dataclass(frozen=True)
class AudioSettings:
    """Sound, network and training of an audio model; raises `SettingsError` on a value that makes no sense."""

    sample_rate: int | None = None
    """Samples a second; None takes the rate that most files have, at most 16,000."""
    trim: float | None = 60.0
    """Silence this many dB under a file's peak is cut off at both of its ends; None keeps it."""
    skip_silent: bool = False
    """Whether files that are silent throughout are left out; otherwise they are refused."""
    head: HeadName = "categorical"
    """Distribution of a sample: of 256 mu-law levels, or of 16 bits by a mixture of logistics or a Gaussian."""
    layers: int = 11
    """Layers of a cycle, whose dilations double from 1."""
    cycles: int = 1
    residual: int = 96
    """Channels of the stack."""
    skip: int = 128
    """Channels of the skip sum."""
    kernel_size: int = 2
    speaker_size: int = 16
    """Features of a speaker's embedding, where speakers are told apart."""
    batch: int = 4
    """Sounds side by side."""
    chunk: int = 1024
    """About how many time steps of them an optimiser step takes. Gradients reach no further back, so it should not be
    much shorter than the longest dilation."""
    piece: int = 1 << 16
    """Longest stretch of samples that is read in one go; longer sounds are cut up."""
    validation: float = 0.1
    """Share of the files that is held out, in [0, 0.5]; 0 for none."""
    validation_steps: int = 20
    """Chunks that an evaluation during training takes at most, always the same ones; the last one ten times more."""
    training: TrainingSettings = field(
        default_factory=partial(
            TrainingSettings, steps=2000, learning_rate=3e-3, average=0.995, evaluate_every=200, checkpoint_every=100
        )
    )

    def __post_init__(self) -> None:
        settle_fields(self)
        sizes = ("layers", "cycles", "residual", "skip", "kernel_size", "speaker_size", "batch", "chunk")
        for name in (*sizes, "validation_steps"):
            self._require(name, "must be at least 1", getattr(self, name) >= 1)
        self._require("layers", "must be at most 24, since dilations double", self.layers <= 24)
        low, high = _RATES
        rate = self.sample_rate
        self._require("sample_rate", f"must be from {low:,} to {high:,}", rate is None or low <= rate <= high)
        self._require("trim", "must be above 0, or None", self.trim is None or 0 < self.trim < math.inf)
        self._require("piece", f"must be at least chunk={self.chunk}", self.piece >= self.chunk)
        self._require("validation", "must be in [0, 0.5]", 0 <= self.validation <= 0.5)
        self._require("head", f"must be one of {', '.join(get_args(HeadName))}", self.head in get_args(HeadName))
        if self.training.truncate is not None:
            raise SettingsError("truncate has no meaning for sound, whose batches are cut already: set chunk")

    def _require(self, name: str, rule: str, holds: bool) -> None:
        if not holds:
            raise SettingsError(f"{name} is {getattr(self, name)!r}: it {rule}")

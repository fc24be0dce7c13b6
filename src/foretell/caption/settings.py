"""What a captioner can be told."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

from foretell.errors import SettingsError
from foretell.field_types import settle_fields
from foretell.training.settings import TrainingSettings

SMALLEST = 16
LARGEST = 512
"""Pixels of a side."""
HALVINGS = 3
"""How often the convolutions halve a side."""


@dataclass(frozen=True)
class CaptionSettings:
    """The make and the training of a captioner; raises `SettingsError` on a value that makes no sense."""

    size: int = 64
    """Pixels of a side: every picture is shrunk or enlarged to a square of this size. A multiple of 8."""
    channels: int = 16
    """Of the first convolution; the next two have twice and four times as many."""
    hidden: int = 128
    """Features of the recurrent layer, of a word and of a place in the picture."""
    attention: bool = False
    """Whether each word looks at the places of the picture anew; otherwise all come from one vector of it."""
    dropout: float = 0.1
    """On words read and on what words are chosen by, in [0, 1)."""
    forgotten: float = 0.3
    """Share of the words read that are hidden in training (Bowman et al., 2016), so that it looks and does not guess by
    what usually follows; in [0, 1)."""
    mistaken: float = 0.3
    """Share of the words read that are others of the same batch in training (Xie et al., 2017), to the same end: what
    never follows a word in the captions given may yet follow it; in [0, 1)."""
    smoothing: float = 0.1
    """Share of what is foreseen that goes to all words alike in training (Szegedy et al., 2016), so that words never
    seen together are not ruled out for good; in [0, 1)."""
    pale: float = 0.6
    """Share of the pictures with paler colours in training, down to a tenth, so that shapes are known in any colour; in
    [0, 1)."""
    shift: int = 3
    """In training each picture is moved by up to so many pixels; 0 leaves it alone. It is never mirrored, which might
    make its caption false."""
    vocabulary: int = 4000
    """Words and parts of words, at most; from 300 on, since every byte is a part."""
    longest: int = 100
    """Of a caption, in words and parts of words; what goes beyond is cut off."""
    batch_size: int = 32
    """Pictures a training step."""
    training: TrainingSettings = field(
        default_factory=partial(
            TrainingSettings,
            steps=12_000,
            learning_rate=3e-3,
            optimiser="adamw",
            weight_decay=0.1,
            average=0.99,
            evaluate_every=500,
        )
    )

    def __post_init__(self) -> None:
        settle_fields(self)
        step = 2**HALVINGS
        rule = f"must be a multiple of {step} from {SMALLEST} to {LARGEST}"
        self._require("size", rule, SMALLEST <= self.size <= LARGEST and self.size % step == 0)
        for name in ("channels", "hidden", "batch_size"):
            self._require(name, "must be at least 1", getattr(self, name) >= 1)
        for name in ("dropout", "forgotten", "mistaken", "smoothing", "pale"):
            self._require(name, "must be in [0, 1)", 0 <= getattr(self, name) < 1)
        self._require("longest", "must be from 1 to 10,000", 1 <= self.longest <= 10_000)
        self._require("vocabulary", "must be from 300 to 1,000,000", 300 <= self.vocabulary <= 1_000_000)
        self._require("shift", f"must be from 0 to {self.size - 1}", 0 <= self.shift < self.size)

    def _require(self, name: str, rule: str, holds: bool) -> None:
        if not holds:
            raise SettingsError(f"{name} is {getattr(self, name)!r}: it {rule}")

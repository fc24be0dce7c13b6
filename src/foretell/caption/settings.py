"""What a captioner can be told."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Annotated

from foretell.declaration import TRAINING, Setting
from foretell.field_types import require
from foretell.model.settings import ModelSettings, held_out_share
from foretell.training.settings import TrainingSettings

SMALLEST = 16
LARGEST = 512
"""Pixels of a side."""
HALVINGS = 3
"""How often the convolutions halve a side."""


@dataclass(frozen=True)
class CaptionSettings(ModelSettings):
    """The make and the training of a captioner; raises `SettingsError` on a value that makes no sense."""

    validation: Annotated[
        float,
        held_out_share(
            "Share of the pictures that is held out to judge by, at most 1,000, where there are ten; 0 for none."
        ),
    ] = 0.1
    size: Annotated[
        int,
        Setting(
            "Pixels of a side: every picture becomes a square of this size, its aspect kept. Larger shows more, and "
            "takes longer.",
            at_least=SMALLEST,
            at_most=LARGEST,
            multiple_of=2**HALVINGS,
            metavar="PIXELS",
        ),
    ] = 64
    channels: Annotated[
        int,
        Setting("Channels of the first convolution; the next have twice and four times as many.", at_least=1),
    ] = 16
    hidden: Annotated[
        int, Setting("Features of the recurrent layer, of a word and of a place in the picture.", at_least=1)
    ] = 128
    attention: Annotated[
        bool, Setting("Whether each word looks at the places of the picture anew, or all come from one vector.")
    ] = False
    dropout: Annotated[
        float,
        Setting("Dropout on words read and on what words are chosen by, to reduce overfitting.", at_least=0, below=1),
    ] = 0.1
    forgotten: Annotated[
        float,
        Setting(
            "Share of the words read that are hidden in training (Bowman et al., 2016), so that it looks and does not "
            "guess by what usually follows.",
            TRAINING,
            at_least=0,
            below=1,
        ),
    ] = 0.3
    mistaken: Annotated[
        float,
        Setting(
            "Share of the words read that are others of the same batch in training (Xie et al., 2017), likewise.",
            TRAINING,
            at_least=0,
            below=1,
        ),
    ] = 0.3
    smoothing: Annotated[
        float,
        Setting(
            "Share of a word's probability that goes to all words alike in training (Szegedy et al., 2016), so that "
            "words never seen together are not ruled out.",
            TRAINING,
            at_least=0,
            below=1,
        ),
    ] = 0.1
    pale: Annotated[
        float,
        Setting(
            "Share of the pictures with paler colours in training, so that shapes are known in any colour.",
            TRAINING,
            at_least=0,
            below=1,
        ),
    ] = 0.6
    shift: Annotated[
        int,
        Setting(
            "In training each picture is moved by up to so many of its pixels; 0 leaves it alone. It is never "
            "mirrored, which might make its caption false.",
            TRAINING,
            at_least=0,
            metavar="PIXELS",
        ),
    ] = 3
    vocabulary: Annotated[int, Setting("Words and parts of words, at most.", at_least=300, at_most=1_000_000)] = 4000
    longest: Annotated[
        int,
        Setting("Words and parts of words of a caption; what goes beyond is cut off.", at_least=1, at_most=10_000),
    ] = 100
    batch_size: Annotated[int, Setting("Pictures per training step.", TRAINING, at_least=1)] = 32
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
        super().__post_init__()
        require(self, "shift", f"must be from 0 to {self.size - 1}", self.shift < self.size)

"""Settings of a captioner."""

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
"""Largest side of a picture, in pixels."""
WIDEST = 1000
"""Largest beam."""
HALVINGS = 3
"""Number of convolutions that halve the side of a picture."""


@dataclass(frozen=True)
class CaptionSettings(ModelSettings):
    """Architecture and training of a captioner; raises `SettingsError` on an invalid value."""

    validation: Annotated[
        float,
        held_out_share(
            "Share of the pictures that is held out for validation, at most 1,000 of them, if there are "
            "at least ten; 0 for none."
        ),
    ] = 0.1
    size: Annotated[
        int,
        Setting(
            "Image size in pixels: each picture is fitted into a square with this side, keeping its "
            "aspect ratio. Larger shows more detail and is slower.",
            at_least=SMALLEST,
            at_most=LARGEST,
            multiple_of=2**HALVINGS,
            metavar="PIXELS",
        ),
    ] = 64
    channels: Annotated[
        int,
        Setting("Channels of the first convolution; the next ones have two and four times as many.", at_least=1),
    ] = 16
    hidden: Annotated[
        int, Setting("Hidden size of the recurrent layer, the word embedding and the image features.", at_least=1)
    ] = 128
    attention: Annotated[
        bool, Setting("Use attention over image regions for each word, instead of a single image vector.")
    ] = False
    dropout: Annotated[
        float,
        Setting(
            "Dropout on the embedded input words and before the word scores, to reduce overfitting.",
            at_least=0,
            below=1,
        ),
    ] = 0.1
    forgotten: Annotated[
        float,
        Setting(
            "Word dropout: share of the input words that are hidden in training (Bowman et al., 2016), so"
            " that the model relies on the image and not only on the preceding words.",
            TRAINING,
            at_least=0,
            below=1,
        ),
    ] = 0.3
    mistaken: Annotated[
        float,
        Setting(
            "Share of the input words that are replaced by others of the same batch in training (Xie et "
            "al., 2017), for the same reason.",
            TRAINING,
            at_least=0,
            below=1,
        ),
    ] = 0.3
    smoothing: Annotated[
        float,
        Setting(
            "Label smoothing: share of a word's probability that is spread over all words in training "
            "(Szegedy et al., 2016), so that unseen combinations of words are not ruled out.",
            TRAINING,
            at_least=0,
            below=1,
        ),
    ] = 0.1
    pale: Annotated[
        float,
        Setting(
            "Data augmentation: share of the pictures with paler colours in training, so that shapes are "
            "recognised in any colour.",
            TRAINING,
            at_least=0,
            below=1,
        ),
    ] = 0.6
    shift: Annotated[
        int,
        Setting(
            "Data augmentation: each picture is shifted by up to this many pixels; 0 for none. Pictures "
            "are never mirrored, which could make a caption wrong.",
            TRAINING,
            at_least=0,
            metavar="PIXELS",
        ),
    ] = 3
    vocabulary: Annotated[
        int, Setting("Largest vocabulary, in words and subwords.", at_least=300, at_most=1_000_000)
    ] = 4000
    longest: Annotated[
        int,
        Setting("Longest caption, in words and subwords; longer ones are cut off.", at_least=1, at_most=10_000),
    ] = 100
    batch_size: Annotated[int, Setting("Batch size, in pictures.", TRAINING, at_least=1)] = 32
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

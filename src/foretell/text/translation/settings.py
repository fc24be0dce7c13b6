"""What a translator can be told."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import Annotated, Literal

from foretell.declaration import DATA, TRAINING, Setting
from foretell.model.settings import ModelSettings, held_out_share
from foretell.training.settings import TrainingSettings

Cell = Literal["gru", "lstm"]
Attention = Literal["general", "dot", "additive"]


@dataclass(frozen=True)
class TranslatorSettings(ModelSettings):
    """The make and the training of a translator; raises `SettingsError` on a value that makes no sense."""

    validation: Annotated[
        float,
        held_out_share(
            "Share of the pairs that is held out to judge by, at most 1,000, where there are a hundred; 0 for none."
        ),
    ] = 0.05
    longest: Annotated[
        int,
        Setting(
            "Pairs with more tokens (words and parts of words) on a side are left out.", DATA, at_least=2, at_most=1000
        ),
    ] = 100
    cell: Annotated[Cell, Setting("The cell of encoder and decoder.")] = "gru"
    hidden: Annotated[
        int,
        Setting(
            "Features of the decoder, an even number; each direction of the encoder has half as many.",
            at_least=2,
            multiple_of=2,
        ),
    ] = 512
    layers: Annotated[int, Setting("Layers of the encoder, and of the decoder.", at_least=1)] = 1
    embedding: Annotated[int, Setting("Features of a token.", at_least=1)] = 256
    attention: Annotated[Attention, Setting("How the decoder looks back at the source.")] = "general"
    vocabulary: Annotated[int, Setting("Tokens of each language, at most.", at_least=300, at_most=1_000_000)] = 4000
    dropout: Annotated[
        float,
        Setting(
            "Dropout on what enters encoder and decoder, between layers, and before the scores, to reduce overfitting.",
            at_least=0,
            below=1,
        ),
    ] = 0.3
    label_smoothing: Annotated[
        float,
        Setting(
            "Share of a token's probability that is spread over the whole vocabulary (Szegedy et al., 2016).",
            TRAINING,
            at_least=0,
            below=1,
        ),
    ] = 0.1
    batch_size: Annotated[int, Setting("Pairs per training step.", TRAINING, at_least=1)] = 64
    training: TrainingSettings = field(
        default_factory=partial(
            TrainingSettings, steps=4500, learning_rate=2e-3, average=0.998, evaluate_every=450, patience=4
        )
    )

    @property
    def fewest_tensors(self) -> int:
        """See `ModelSettings`."""
        return self.layers

    def training_for(self, steps_per_epoch: float) -> TrainingSettings:
        """See `ModelSettings`; by epochs it is judged after each."""
        training = super().training_for(steps_per_epoch)
        if self.epochs is None:
            return training
        # Of few pairs an epoch is over at once, of very many hardly ever.
        return replace(training, evaluate_every=min(max(round(steps_per_epoch), 20), 1000))

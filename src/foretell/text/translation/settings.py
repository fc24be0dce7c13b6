"""Settings of a translator."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import Annotated, Literal

from foretell.declaration import DATA, TRAINING, Setting
from foretell.field_types import settle_fields
from foretell.model.settings import ModelSettings, held_out_share
from foretell.training.settings import TrainingSettings

Cell = Literal["gru", "lstm"]
Attention = Literal["general", "dot", "additive"]
_DECODING = "Decoding"


@dataclass(frozen=True)
class Search:
    """Settings of the beam search for translations; raises SettingsError on an invalid value."""

    beam: Annotated[
        int,
        Setting(
            "Beam size; 1 always takes the most likely token (greedy decoding) and is faster.",
            _DECODING,
            at_least=1,
            at_most=100,
        ),
    ] = 5
    length_penalty: Annotated[
        float,
        Setting(
            "Length penalty of the beam search: above 0 favours longer translations.",
            _DECODING,
            at_least=0,
            at_most=10,
            metavar="ALPHA",
        ),
    ] = 1.0
    batch: Annotated[
        int,
        Setting(
            "Batch size, in sentences: larger is faster and takes more memory.", _DECODING, at_least=1, at_most=10_000
        ),
    ] = 64

    def __post_init__(self) -> None:
        settle_fields(self)


@dataclass(frozen=True)
class TranslatorSettings(ModelSettings):
    """Architecture and training of a translator; raises `SettingsError` on an invalid value."""

    validation: Annotated[
        float,
        held_out_share(
            "Share of the pairs that is held out for validation, at most 1,000 of them, if there are at "
            "least a hundred; 0 for none."
        ),
    ] = 0.05
    longest: Annotated[
        int,
        Setting(
            "Pairs with more tokens (words and subwords) than this on either side are left out.",
            DATA,
            at_least=2,
            at_most=1000,
        ),
    ] = 100
    cell: Annotated[Cell, Setting("Cell of the encoder and the decoder.")] = "gru"
    hidden: Annotated[
        int,
        Setting(
            "Hidden size of the decoder, an even number; each direction of the encoder has half of it.",
            at_least=2,
            multiple_of=2,
        ),
    ] = 512
    layers: Annotated[int, Setting("Number of layers of the encoder and of the decoder.", at_least=1)] = 1
    embedding: Annotated[int, Setting("Size of the token embedding.", at_least=1)] = 256
    attention: Annotated[Attention, Setting("Attention of the decoder over the source.")] = "general"
    vocabulary: Annotated[
        int, Setting("Largest vocabulary of each language, in tokens.", at_least=300, at_most=1_000_000)
    ] = 4000
    dropout: Annotated[
        float,
        Setting(
            "Dropout on the inputs of encoder and decoder, between layers and before the output layer, to"
            " reduce overfitting.",
            at_least=0,
            below=1,
        ),
    ] = 0.3
    label_smoothing: Annotated[
        float,
        Setting(
            "Label smoothing: share of a token's probability that is spread over the whole vocabulary "
            "(Szegedy et al., 2016).",
            TRAINING,
            at_least=0,
            below=1,
        ),
    ] = 0.1
    batch_size: Annotated[int, Setting("Batch size, in pairs.", TRAINING, at_least=1)] = 64
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
        """See `ModelSettings`; training by epochs is evaluated after each of them."""
        training = super().training_for(steps_per_epoch)
        if self.epochs is None:
            return training
        # With few pairs an epoch ends at once, with very many hardly ever.
        return replace(training, evaluate_every=min(max(round(steps_per_epoch), 20), 1000))

"""Settings of a music model."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Literal, get_args

from foretell.declaration import TRAINING, Setting
from foretell.field_types import require
from foretell.model.settings import ModelSettings, held_out_share
from foretell.training.settings import TrainingSettings

Backbone = Literal["lstm", "gru", "wavenet", "conv-lstm"]
BACKBONES: tuple[Backbone, ...] = get_args(Backbone)
_SIZES = {"lstm": (208, 1), "gru": (256, 1), "wavenet": (52, 2), "conv-lstm": (232, 1)}
"""Default `hidden` and `layers` of each backbone."""
_DROPOUT = 0.2


@dataclass(frozen=True)
class MusicSettings(ModelSettings):
    """Architecture and training of a music model; raises `SettingsError` on an invalid value."""

    validation: Annotated[
        float,
        held_out_share(
            "Share of the chorales that is held out for validation, if there are at least ten and no "
            "folder named valid; 0 for none."
        ),
    ] = 0.1
    backbone: Annotated[
        Backbone,
        Setting(
            "Architecture of the network: recurrent (lstm, gru), dilated causal convolutions (wavenet), "
            "or convolutions and an LSTM (conv-lstm, chapter 15 of Géron's book)."
        ),
    ] = "wavenet"
    hidden: Annotated[
        int | None,
        Setting(
            "Hidden size of a recurrent layer; residual channels of a wavenet, which has twice as many "
            "skip channels. If not given, a size that results in 300,000 to 400,000 parameters.",
            at_least=1,
        ),
    ] = None
    layers: Annotated[
        int | None,
        Setting(
            "Number of recurrent layers; for a wavenet, cycles of eight dilations from 1 to 128. 1 if not"
            " given, 2 for a wavenet.",
            at_least=1,
        ),
    ] = None
    embedding: Annotated[int, Setting("Size of the note embedding.", at_least=1)] = 24
    dropout: Annotated[
        float | None,
        Setting(
            "Dropout before and after the recurrent layers, to reduce overfitting; 0.2 if not given. Not "
            "available for a wavenet.",
            at_least=0,
            below=1,
        ),
    ] = None
    window: Annotated[int, Setting("Length of a training window, in chords.", TRAINING, at_least=2)] = 64
    batch_size: Annotated[int, Setting("Batch size, in windows.", TRAINING, at_least=1)] = 16
    semitones: Annotated[
        int,
        Setting(
            "Data augmentation: each window is transposed by up to this many semitones, within the range "
            "of notes; 0 for none.",
            TRAINING,
            at_least=0,
        ),
    ] = 6
    training: TrainingSettings = field(
        default_factory=partial(TrainingSettings, steps=1000, learning_rate=5e-3, average=0.99, evaluate_every=100)
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        rule = "does not apply to a wavenet, which has no dropout: omit it, or choose another backbone"
        require(self, "dropout", rule, self.dropout is None or self.backbone != "wavenet")

    @property
    def features(self) -> int:
        """Return `hidden`, or its default for the backbone."""
        return _SIZES[self.backbone][0] if self.hidden is None else self.hidden

    @property
    def depth(self) -> int:
        """Return `layers`, or their default for the backbone."""
        return _SIZES[self.backbone][1] if self.layers is None else self.layers

    @property
    def dropped(self) -> float:
        """Return `dropout`, or its default."""
        return _DROPOUT if self.dropout is None else self.dropout

    @property
    def fewest_tensors(self) -> int:
        """See `ModelSettings`."""
        return self.depth

"""What a music model can be told."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Literal, get_args

from foretell.declaration import TRAINING, Setting
from foretell.field_types import require
from foretell.model.settings import ModelSettings, held_out_share
from foretell.training.settings import TrainingSettings

Body = Literal["lstm", "gru", "wavenet", "conv-lstm"]
BODIES: tuple[Body, ...] = get_args(Body)
_SIZES = {"lstm": (208, 1), "gru": (256, 1), "wavenet": (52, 2), "conv-lstm": (232, 1)}
"""Features and layers of each body."""
_DROPOUT = 0.2


@dataclass(frozen=True)
class MusicSettings(ModelSettings):
    """The make and the training of a music model; raises `SettingsError` on a value that makes no sense."""

    validation: Annotated[
        float,
        held_out_share(
            "Share of the chorales that is held out to judge by, where there are ten of them and none in a folder "
            "named valid; 0 for none."
        ),
    ] = 0.1
    body: Annotated[
        Body,
        Setting(
            "What reads the sequence: a recurrent net (lstm, gru), stacked causal convolutions (wavenet), or "
            "convolutions and an LSTM (conv-lstm, Geron's chapter 15)."
        ),
    ] = "wavenet"
    hidden: Annotated[
        int | None,
        Setting(
            "Features of a recurrent layer; residual channels of a wavenet, which has twice as many skip channels. "
            "What makes 300,000 to 400,000 parameters if not given.",
            at_least=1,
        ),
    ] = None
    layers: Annotated[
        int | None,
        Setting(
            "Recurrent layers; of a wavenet, cycles of eight dilations from 1 to 128. 1 if not given, of a wavenet 2.",
            at_least=1,
        ),
    ] = None
    embedding: Annotated[int, Setting("Features of a note.", at_least=1)] = 24
    dropout: Annotated[
        float | None,
        Setting(
            "Dropout before and after the recurrent layers, to reduce overfitting; 0.2 if not given. A "
            "wavenet has none.",
            at_least=0,
            below=1,
        ),
    ] = None
    window: Annotated[int, Setting("Chords of a training window.", TRAINING, at_least=2)] = 64
    batch_size: Annotated[int, Setting("Windows per training step.", TRAINING, at_least=1)] = 16
    semitones: Annotated[
        int,
        Setting(
            "Each window is moved up or down by up to so many semitones, within the range of notes; 0 keeps every key.",
            TRAINING,
            at_least=0,
        ),
    ] = 6
    training: TrainingSettings = field(
        default_factory=partial(TrainingSettings, steps=1000, learning_rate=5e-3, average=0.99, evaluate_every=100)
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        rule = "has no place in a wavenet, which has no dropout: leave it out, or take another body"
        require(self, "dropout", rule, self.dropout is None or self.body != "wavenet")

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

    @property
    def fewest_tensors(self) -> int:
        """See `ModelSettings`."""
        return self.depth

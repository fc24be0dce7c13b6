"""Settings of a language model."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Literal, get_args

from foretell.declaration import TRAINING, Setting
from foretell.model.settings import ModelSettings, held_out_share
from foretell.training.settings import TrainingSettings

Cell = Literal["lstm", "gru"]
CELLS: tuple[Cell, ...] = get_args(Cell)


@dataclass(frozen=True)
class LanguageSettings(ModelSettings):
    """Architecture and training of a language model; raises `SettingsError` on an invalid value."""

    validation: Annotated[
        float, held_out_share("Share at the end of the text that is held out for validation; 0 for none.")
    ] = 0.05
    cell: Annotated[Cell, Setting("Cell of the recurrent layers.")] = "lstm"
    hidden: Annotated[
        int, Setting("Hidden size of a recurrent layer; larger has more capacity and is slower.", at_least=1)
    ] = 512
    layers: Annotated[int, Setting("Number of recurrent layers.", at_least=1)] = 1
    embedding: Annotated[int, Setting("Size of the character embedding.", at_least=1)] = 64
    dropout: Annotated[
        float, Setting("Dropout on the output of each recurrent layer, to reduce overfitting.", at_least=0, below=1)
    ] = 0.3
    recurrent_dropout: Annotated[
        float,
        Setting(
            "Dropout on the recurrent state, with the same mask for a whole chunk.",
            at_least=0,
            below=1,
        ),
    ] = 0.1
    streams: Annotated[
        int,
        Setting("Batch size, in streams of text; fewer if the text is short.", TRAINING, at_least=1),
    ] = 32
    chunk: Annotated[
        int,
        Setting(
            "Characters of each stream per step. Gradients are truncated there; the state is carried on.",
            TRAINING,
            at_least=1,
        ),
    ] = 64
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

    @property
    def fewest_tensors(self) -> int:
        """See `ModelSettings`."""
        return self.layers

"""What a language model can be told."""

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
    """The make and the training of a language model; raises `SettingsError` on a value that makes no sense."""

    validation: Annotated[
        float, held_out_share("Share at the end of the text that is held out to judge by; 0 for none.")
    ] = 0.05
    cell: Annotated[Cell, Setting("The cell of the recurrent layers.")] = "lstm"
    hidden: Annotated[
        int, Setting("Features of a recurrent layer: more remember more, and take longer.", at_least=1)
    ] = 512
    layers: Annotated[int, Setting("Recurrent layers.", at_least=1)] = 1
    embedding: Annotated[int, Setting("Features of a character.", at_least=1)] = 64
    dropout: Annotated[
        float, Setting("Dropout on the output of each recurrent layer, to reduce overfitting.", at_least=0, below=1)
    ] = 0.3
    recurrent_dropout: Annotated[
        float,
        Setting(
            "Dropout on the state that a layer carries from step to step, the same units for a whole chunk.",
            at_least=0,
            below=1,
        ),
    ] = 0.1
    streams: Annotated[
        int,
        Setting("Places of the text that are read side by side; fewer where the text is short.", TRAINING, at_least=1),
    ] = 32
    chunk: Annotated[
        int,
        Setting(
            "Characters of each stream that a step reads, and that a gradient reaches back at most. The state goes on.",
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

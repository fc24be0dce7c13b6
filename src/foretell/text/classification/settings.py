"""What a classifier of texts can be told."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import Annotated, Literal

from foretell.declaration import TRAINING, Setting
from foretell.model.settings import ModelSettings, held_out_share
from foretell.training.settings import NO_BOUND, TrainingSettings

Cell = Literal["gru", "lstm"]
Pooling = Literal["last", "mean", "max"]
Units = Literal["words", "subwords"]

_EPOCHS = 4
_FEWEST_STEPS, _MOST_STEPS = 300, 20_000


def _share(sentence: str, group: str = TRAINING) -> Setting:
    return Setting(sentence, group, at_least=0, below=1)


@dataclass(frozen=True)
class ClassifierSettings(ModelSettings):
    """The make and the training of a classifier; raises `SettingsError` on a value that makes no sense.

    By default training takes 4 passes over the texts, but 300 steps at least and 20,000 at most.
    """

    validation: Annotated[
        float, held_out_share("Share of each class that is held out to judge by, 4,000 texts at most; 0 for none.")
    ] = 0.1
    units: Annotated[
        Units,
        Setting(
            "What a text is cut into. Subwords are for scripts without spaces, such as Chinese, and for many spellings."
        ),
    ] = "words"
    vocabulary: Annotated[
        int,
        Setting(
            "Units that the network tells apart, at most: the most frequent ones that come up twice.",
            at_least=300,
            at_most=1_000_000,
        ),
    ] = 30_000
    counted: Annotated[
        int,
        Setting(
            "Features of each naive Bayes, at most, the most frequent: one counts units and pairs of neighbours, the "
            "other short subwords and up to four in a row. 0 leaves all to the network.",
            at_least=0,
            at_most=10_000_000,
        ),
    ] = 400_000
    cell: Annotated[Cell, Setting("The cell of the recurrent layers, which read a text both ways.")] = "gru"
    hidden: Annotated[int, Setting("Features of a recurrent layer, in each direction.", at_least=1)] = 64
    layers: Annotated[int, Setting("Recurrent layers.", at_least=1)] = 1
    embedding: Annotated[int, Setting("Features of a unit.", at_least=1)] = 64
    pooling: Annotated[Pooling, Setting("What becomes of the features of all steps.")] = "max"
    members: Annotated[
        int,
        Setting(
            "Networks whose probabilities are averaged, trained side by side: steadier, for N times the training.",
            at_least=1,
        ),
    ] = 3
    word_dropout: Annotated[
        float, _share("Share of the units of a text that training hides, which stand for unknown ones.")
    ] = 0.1
    input_dropout: Annotated[float, _share("Dropout on the features of units, to reduce overfitting.")] = 0.5
    output_dropout: Annotated[
        float,
        Setting("Dropout before the scores, and between layers.", TRAINING, at_least=0, below=1, option="dropout"),
    ] = 0.5
    recurrent_dropout: Annotated[float, _share("Dropout on the state that goes from step to step.")] = 0.0
    label_smoothing: Annotated[
        float, _share("Share of a label's probability that is spread over all classes (Szegedy et al., 2016).")
    ] = 0.0
    longest: Annotated[
        int,
        Setting(
            "Units that the network reads of a text: of a longer one its beginning and its end, half of them each.",
            at_least=2,
            at_most=100_000,
        ),
    ] = 512
    batch_size: Annotated[int, Setting("Texts per training step.", TRAINING, at_least=1)] = 64
    training: TrainingSettings = field(
        default_factory=partial(TrainingSettings, steps=NO_BOUND, learning_rate=3e-3, average=0.99)
    )

    @property
    def fewest_tensors(self) -> int:
        """See `ModelSettings`."""
        return self.members * self.layers

    def training_for(self, steps_per_epoch: float) -> TrainingSettings:
        """See `ModelSettings`; of no length in particular, it depends on the number of texts."""
        training = self.training
        if self.epochs is not None:
            asked = super().training_for(steps_per_epoch)
            return replace(asked, steps=min(asked.steps, training.steps))
        if training.steps < NO_BOUND or training.minutes is not None:
            return training
        return replace(training, steps=min(max(round(_EPOCHS * steps_per_epoch), _FEWEST_STEPS), _MOST_STEPS))

"""Settings of a text classifier."""

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
    """Architecture and training of a text classifier; raises `SettingsError` on an invalid value.

    By default training takes 4 epochs, but at least 300 and at most 20,000 steps.
    """

    validation: Annotated[
        float, held_out_share("Share of each class that is held out for validation, at most 4,000 texts; 0 for none.")
    ] = 0.1
    units: Annotated[
        Units,
        Setting(
            "Tokens of a text. Subwords are for scripts without spaces, such as Chinese, and for texts "
            "with many spelling variants."
        ),
    ] = "words"
    vocabulary: Annotated[
        int,
        Setting(
            "Largest vocabulary of the network: the most frequent tokens that occur at least twice.",
            at_least=300,
            at_most=1_000_000,
        ),
    ] = 30_000
    counted: Annotated[
        int,
        Setting(
            "Largest number of features of each of two naive Bayes classifiers, the most frequent ones: "
            "one counts tokens and pairs of tokens, the other short subwords and sequences of up to four."
            " 0 uses the network alone.",
            at_least=0,
            at_most=10_000_000,
        ),
    ] = 400_000
    cell: Annotated[Cell, Setting("Cell of the bidirectional recurrent layers.")] = "gru"
    hidden: Annotated[int, Setting("Hidden size of a recurrent layer, per direction.", at_least=1)] = 64
    layers: Annotated[int, Setting("Number of recurrent layers.", at_least=1)] = 1
    embedding: Annotated[int, Setting("Size of the token embedding.", at_least=1)] = 64
    pooling: Annotated[Pooling, Setting("Pooling of the outputs over all time steps.")] = "max"
    members: Annotated[
        int,
        Setting(
            "Number of networks whose probabilities are averaged, trained side by side: more robust, but "
            "training takes N times as long.",
            at_least=1,
        ),
    ] = 3
    word_dropout: Annotated[
        float, _share("Share of the tokens that are replaced by the unknown token in training.")
    ] = 0.1
    input_dropout: Annotated[float, _share("Dropout on the token embeddings, to reduce overfitting.")] = 0.5
    output_dropout: Annotated[
        float,
        Setting("Dropout before the output layer and between layers.", TRAINING, at_least=0, below=1, option="dropout"),
    ] = 0.5
    recurrent_dropout: Annotated[float, _share("Dropout on the recurrent state.")] = 0.0
    label_smoothing: Annotated[
        float,
        _share(
            "Label smoothing: share of a label's probability that is spread over all classes (Szegedy et al., 2016)."
        ),
    ] = 0.0
    longest: Annotated[
        int,
        Setting(
            "Largest number of tokens that the network reads of a text; of a longer text it reads the "
            "beginning and the end, half each.",
            at_least=2,
            at_most=100_000,
        ),
    ] = 512
    batch_size: Annotated[int, Setting("Batch size, in texts.", TRAINING, at_least=1)] = 64
    training: TrainingSettings = field(
        default_factory=partial(TrainingSettings, steps=NO_BOUND, learning_rate=3e-3, average=0.99)
    )

    @property
    def fewest_tensors(self) -> int:
        """See `ModelSettings`."""
        return self.members * self.layers

    def training_for(self, steps_per_epoch: float) -> TrainingSettings:
        """See `ModelSettings`; the default number of steps depends on the number of texts."""
        training = self.training
        if self.epochs is not None:
            asked = super().training_for(steps_per_epoch)
            return replace(asked, steps=min(asked.steps, training.steps))
        if training.steps < NO_BOUND or training.minutes is not None:
            return training
        return replace(training, steps=min(max(round(_EPOCHS * steps_per_epoch), _FEWEST_STEPS), _MOST_STEPS))

"""Settings that every kind of model has."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from foretell.declaration import DATA, LENGTH, MORE_TRAINING, TRAINING, Setting
from foretell.field_types import settle_fields
from foretell.training.settings import TrainingSettings


def held_out_share(sentence: str) -> Setting:
    """Return the declaration of the share of data that is held out."""
    return Setting(sentence, DATA, at_least=0.0, at_most=0.5, by_hand=True)


def evaluation_batches(what: str) -> Setting:
    """Return the declaration of how many of `what` an evaluation during training takes."""
    return Setting(
        f"{what} per evaluation during training, at most, always the same ones; the final evaluation takes ten times "
        "as many.",
        MORE_TRAINING,
        at_least=1,
    )


@dataclass(frozen=True)
class ModelSettings:
    """Architecture and training of a model; raises `SettingsError` on an invalid value.

    Each kind adds its own settings, and its own defaults for these, in a subclass.
    """

    validation: Annotated[float, held_out_share("Share of the data that is held out for validation; 0 for none.")] = 0.1
    epochs: Annotated[
        float | None,
        Setting("Passes over the data, instead of steps.", TRAINING, above=0, metavar="N", exclusive=LENGTH),
    ] = None
    training: TrainingSettings = field(default_factory=TrainingSettings)

    def __post_init__(self) -> None:
        settle_fields(self)

    @property
    def fewest_tensors(self) -> int:
        """Return a lower bound on the number of tensors of the network.

        A description of more tensors than a folder holds is refused before the network is built.
        """
        return 0

    def training_for(self, steps_per_epoch: float) -> TrainingSettings:
        """Return the training settings for data with so many steps per epoch."""
        return self.training if self.epochs is None else self.training.for_epochs(self.epochs, steps_per_epoch)

"""Settings that every kind of model has."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Annotated

from foretell.declaration import DATA, LENGTH, TRAINING, Setting
from foretell.errors import SettingsError
from foretell.field_types import settle_fields
from foretell.training.settings import NO_BOUND, TrainingSettings


def held_out_share(sentence: str) -> Setting:
    """Return the declaration of the share of data that is held out."""
    return Setting(sentence, DATA, at_least=0.0, at_most=0.5, by_hand=True)


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
        if self.epochs is None:
            return self.training
        steps = self.epochs * steps_per_epoch
        if steps > NO_BOUND:
            raise SettingsError(f"epochs is {self.epochs:g}: that is more than {NO_BOUND:,} steps; give fewer")
        return replace(self.training, steps=max(1, math.ceil(steps)))

"""What a model of any kind can be told."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Annotated

from foretell.declaration import DATA, LENGTH, TRAINING, Setting
from foretell.errors import SettingsError
from foretell.field_types import settle_fields
from foretell.training.settings import NO_BOUND, TrainingSettings


def held_out_share(sentence: str) -> Setting:
    """The declaration of a share that is held out."""
    return Setting(sentence, DATA, at_least=0.0, at_most=0.5, by_hand=True)


@dataclass(frozen=True)
class ModelSettings:
    """The make and the training of a model; raises `SettingsError` on a value that makes no sense.

    A kind's own settings follow in a subclass, with its own defaults for these.
    """

    validation: Annotated[
        float, held_out_share("Share of the data that is held out to judge the training by; 0 for none.")
    ] = 0.1
    epochs: Annotated[
        float | None,
        Setting("Passes over the data, in place of steps.", TRAINING, above=0, metavar="N", exclusive=LENGTH),
    ] = None
    training: TrainingSettings = field(default_factory=TrainingSettings)

    def __post_init__(self) -> None:
        settle_fields(self)

    @property
    def fewest_tensors(self) -> int:
        """How many tensors the network has at least: a description of more than a folder holds is refused unbuilt."""
        return 0

    def training_for(self, steps_per_epoch: float) -> TrainingSettings:
        """The training that these settings ask for on data of so many steps per epoch."""
        if self.epochs is None:
            return self.training
        steps = self.epochs * steps_per_epoch
        if steps > NO_BOUND:
            raise SettingsError(f"epochs is {self.epochs:g}: that is more than {NO_BOUND:,} steps; give fewer")
        return replace(self.training, steps=max(1, math.ceil(steps)))

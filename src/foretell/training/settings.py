"""Settings of a training run, with their defaults."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Annotated, Literal

from foretell.declaration import LENGTH, MORE_TRAINING, TRAINING, Setting
from foretell.errors import SettingsError
from foretell.field_types import settle_fields

ScheduleName = Literal["one-cycle", "constant", "cosine"]
OptimiserName = Literal["adam", "adamw", "nadam", "sgd"]
PrecisionName = Literal["32-true", "bf16-mixed"]

NO_BOUND = 1_000_000_000
"""Steps where the clock decides; no run takes more."""


@dataclass(frozen=True)
class TrainingSettings:
    """The settings of one training run; raises `SettingsError` on an invalid value."""

    steps: Annotated[
        int,
        Setting(
            "Number of optimiser steps, each on one batch; an upper bound where there is a time budget.",
            TRAINING,
            at_least=1,
            exclusive=LENGTH,
        ),
    ] = 1000
    minutes: Annotated[
        float | None,
        Setting(
            "Time budget in minutes, evaluations included, instead of steps. Results then depend on the speed "
            "of the machine.",
            TRAINING,
            above=0,
            metavar="M",
            exclusive=LENGTH,
        ),
    ] = None
    learning_rate: Annotated[float, Setting("Peak learning rate of the schedule.", TRAINING, above=0)] = 3e-3
    schedule: Annotated[
        ScheduleName,
        Setting("Learning-rate schedule: up and down again (one-cycle), constant, or cosine decay.", MORE_TRAINING),
    ] = "one-cycle"
    warm_up: Annotated[
        float,
        Setting(
            "Share of the one-cycle schedule in which the learning rate rises.", MORE_TRAINING, at_least=0, below=1
        ),
    ] = 0.25
    optimiser: Annotated[
        OptimiserName,
        Setting("Optimiser; sgd has Nesterov momentum 0.9, the others keep torch's defaults.", MORE_TRAINING),
    ] = "adam"
    weight_decay: Annotated[float, Setting("Weight decay of the optimiser.", MORE_TRAINING, at_least=0)] = 0.0
    clip_norm: Annotated[
        float | None,
        Setting(
            "Largest global norm of the gradient, to which larger ones are scaled down; none for no clipping.",
            MORE_TRAINING,
            above=0,
        ),
    ] = 1.0
    truncate: Annotated[
        int | None,
        Setting(
            "Truncated backpropagation through time: number of steps that gradients reach back; none for the "
            "whole window.",
            MORE_TRAINING,
            at_least=1,
        ),
    ] = None
    evaluate_every: Annotated[
        int,
        Setting("Steps between evaluations; there is always one after the last step.", MORE_TRAINING, at_least=1),
    ] = 100
    patience: Annotated[
        int | None,
        Setting(
            "Evaluations without improvement before training stops early; none never stops early.",
            MORE_TRAINING,
            at_least=1,
        ),
    ] = None
    rise: Annotated[
        float | None,
        Setting(
            "Share by which an evaluation must lie above the best one for training to stop after half of the patience; "
            "none always waits for all of it.",
            MORE_TRAINING,
            at_least=0,
        ),
    ] = None
    average: Annotated[
        float | None,
        Setting(
            "Decay of an exponential moving average of the weights, which is evaluated and kept; none for no "
            "averaging.",
            MORE_TRAINING,
            above=0,
            below=1,
        ),
    ] = None
    max_nonfinite: Annotated[
        int,
        Setting(
            "Consecutive steps with a non-finite loss or gradient before training stops with the last good weights.",
            MORE_TRAINING,
            at_least=1,
        ),
    ] = 10
    precision: Annotated[
        PrecisionName,
        Setting("32-true (the network's own precision) or bf16-mixed (bfloat16 where it is safe).", MORE_TRAINING),
    ] = "32-true"
    seed: Annotated[
        int,
        Setting(
            "Random seed. The same seed gives the same result with the same number of threads.",
            TRAINING,
            at_least=0,
            at_most=2**62,
        ),
    ] = 0
    checkpoint_every: Annotated[
        int, Setting("Steps between checkpoints, if there is a checkpoint folder.", MORE_TRAINING, at_least=1)
    ] = 200

    def __post_init__(self) -> None:
        settle_fields(self, "training setting {}={!r}")

    def for_epochs(self, epochs: float, steps_per_epoch: float) -> TrainingSettings:
        """Return the settings for `epochs` passes over the data, at least one step. SettingsError for bad numbers."""
        steps = epochs * steps_per_epoch
        if not epochs > 0:
            raise SettingsError(f"epochs is {epochs!r}: it must be above 0")
        if steps > NO_BOUND:
            raise SettingsError(f"epochs is {epochs:g}: that is more than {NO_BOUND:,} steps; give fewer")
        return replace(self, steps=max(1, math.ceil(round(steps, 6))))

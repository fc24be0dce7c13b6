"""How a network is trained: the one place where the defaults stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from foretell.errors import SettingsError
from foretell.field_types import settle_fields

ScheduleName = Literal["one-cycle", "constant", "cosine"]
OptimiserName = Literal["adam", "adamw", "nadam", "sgd"]
PrecisionName = Literal["32-true", "bf16-mixed"]

NO_BOUND = 1_000_000_000
"""Steps where the clock decides; no run takes more."""


@dataclass(frozen=True)
class TrainingSettings:
    """The settings of one training run; raises `SettingsError` on a value that makes no sense."""

    steps: int = 1000
    """Optimiser steps; with `minutes`, an upper bound."""
    minutes: float | None = None
    """Time budget, evaluations included; the schedule follows whichever of steps and time is further along."""
    learning_rate: float = 3e-3
    """The highest rate of the schedule."""
    schedule: ScheduleName = "one-cycle"
    """The course of the rate over the run; see `training/schedule.py`."""
    warm_up: float = 0.25
    """Share of the one-cycle schedule in which the rate rises, in [0, 1)."""
    optimiser: OptimiserName = "adam"
    """`sgd` has Nesterov momentum 0.9; the others keep torch's defaults."""
    weight_decay: float = 0.0
    clip_norm: float | None = 1.0
    """Largest global norm of a gradient; a longer one is scaled down to it. None leaves gradients as they are."""
    truncate: int | None = None
    """Truncated BPTT: time steps a gradient reaches back; None is the whole window."""
    evaluate_every: int = 100
    """Steps between evaluations; the last step is always followed by one."""
    patience: int | None = None
    """Evaluations without a new best before the run stops early; None never stops early."""
    average: float | None = None
    """Decay of an exponential moving average of the weights, which evaluation and result then use; None for none."""
    max_nonfinite: int = 10
    """Consecutive non-finite steps before training stops with the last good weights."""
    precision: str = "32-true"
    """`32-true` (the network's own type, whatever it is) or `bf16-mixed`."""
    seed: int = 0
    """From 0 to 2**62."""
    checkpoint_every: int = 200
    """Steps between checkpoints, where a checkpoint folder is given."""

    def __post_init__(self) -> None:
        settle_fields(self, "training setting {}={!r}")
        for name in ("steps", "evaluate_every", "max_nonfinite", "checkpoint_every"):
            self._require(name, "must be at least 1", getattr(self, name) >= 1)
        for name in ("truncate", "patience"):
            value = getattr(self, name)
            self._require(name, "must be at least 1, or None", value is None or value >= 1)
        for name in ("minutes", "clip_norm"):
            value = getattr(self, name)
            self._require(name, "must be above 0, or None", value is None or 0 < value < float("inf"))
        self._require("learning_rate", "must be above 0", 0 < self.learning_rate < float("inf"))
        self._require("weight_decay", "must be 0 or above", 0 <= self.weight_decay < float("inf"))
        self._require("warm_up", "must be in [0, 1)", 0 <= self.warm_up < 1)
        self._require("average", "must be in (0, 1), or None", self.average is None or 0 < self.average < 1)
        self._require("seed", "must be from 0 to 2**62", 0 <= self.seed <= 2**62)
        for name, names in (("schedule", ScheduleName), ("optimiser", OptimiserName), ("precision", PrecisionName)):
            choices = get_args(names)
            self._require(name, f"must be one of {', '.join(choices)}", getattr(self, name) in choices)

    def _require(self, name: str, rule: str, holds: bool) -> None:
        if not holds:
            raise SettingsError(f"training setting {name}={getattr(self, name)!r}: it {rule}")

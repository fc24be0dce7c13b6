"""The networks that a model trains on its table, side by side, for the time that there is or in a contest."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from foretell.forecasting.networks.fitted_network import FINE_TUNED, FittedNetwork
from foretell.forecasting.networks.network_training import NetworkTraining, OnProgress, TrainingData
from foretell.forecasting.networks.side_by_side import SideBySide, lanes_for
from foretell.forecasting.networks.successive_halving import SURVIVORS, survivors
from foretell.forecasting.panel import Panel
from foretell.forecasting.plan import Plan
from foretell.forecasting.pretrained.shipped import Pretrained
from foretell.forecasting.settings import ForecastSettings

TUNING_RATE = 0.25
"""Learning rate of fine-tuning, relative to that of training from random weights."""

Recipe = str | Pretrained
"""Backbone of a network that begins with random weights, or a pretrained network to fine-tune."""


def train_networks(
    panel: Panel,
    plan: Plan,
    recipes: Sequence[Recipe],
    *,
    plain: Panel | None = None,
    settings: ForecastSettings,
    device: str = "auto",
    checkpoint: Path | None = None,
    on_progress: OnProgress | None = None,
    **options: Any,
) -> tuple[list[FittedNetwork], list[str]]:
    """Train a network by each of the recipes on all series of a panel; return them, with notes for the user.

    As many are trained at the same time as there are threads. If there are more than two recipes, with a time budget
    and validation data, only the networks with the lowest validation losses are trained to the end. A pretrained
    network learns from `plain`, the panel without what known columns add, if that is given. The `options` are those of
    `NetworkTraining`. Raises the same errors as `NetworkTraining` and `foretell.training.train`.
    """
    together = SideBySide(lanes_for(len(recipes), settings, device), on_progress, resumable=checkpoint is not None)
    data: dict[int, TrainingData] = {}

    def training(recipe: Recipe, parts: int, folder: Path | None) -> NetworkTraining:
        tuned = isinstance(recipe, Pretrained)
        label = "" if len(recipes) == 1 else f"-{FINE_TUNED if tuned else recipe}"
        own = _part_of(settings, parts, tuned=tuned)
        values = plain if tuned and plain is not None else panel
        made = NetworkTraining(
            values, plan, recipe, settings=own, label=label, device=device, checkpoint=folder,
            on_progress=together.on_progress, prepared=together.prepared, data=data.get(id(values)), **options,
        )  # fmt: skip
        data[id(values)] = made.data
        return made

    if not _halves(settings, plan, len(recipes)):
        parts = math.ceil(len(recipes) / together.lanes)
        trainings = [training(recipe, parts, checkpoint) for recipe in recipes]
        return together.run([one.complete for one in trainings]), []
    with TemporaryDirectory(prefix="foretell-") as folder:
        contestants = [training(recipe, 1, checkpoint or Path(folder)) for recipe in recipes]
        minutes = contestants[0].minutes
        assert minutes is not None
        kept = survivors(contestants, minutes, together)
        return together.run([one.finish for one in kept]), _dropped(contestants, kept)


def _halves(settings: ForecastSettings, plan: Plan, count: int) -> bool:
    """Return whether the networks compete: a training can be continued only at a constant learning rate."""
    training = settings.training
    timed = training.minutes is not None and training.schedule == "constant"
    return count > SURVIVORS and timed and len(plan.holdout.validated) > 0


def _part_of(settings: ForecastSettings, parts: int, *, tuned: bool) -> ForecastSettings:
    """Return the settings of one of several trainings that share the time budget."""
    training = settings.training
    minutes = None if training.minutes is None else training.minutes / parts
    rate = training.learning_rate * (TUNING_RATE if tuned else 1.0)
    return replace(settings, training=replace(training, minutes=minutes, learning_rate=rate))


def _dropped(contestants: Sequence[NetworkTraining], kept: Sequence[NetworkTraining]) -> list[str]:
    """Return a note on the networks that were not trained to the end."""

    def listed(networks: Sequence[NetworkTraining]) -> str:
        return ", ".join(f"{one.name} {one.loss:.3f} after {one.seconds:.0f} s" for one in networks)

    others = [one for one in contestants if one not in kept]
    return [f"Dropped by validation loss: {listed(others)}; trained to the end: {listed(kept)}."] if others else []

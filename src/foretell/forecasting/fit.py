"""Fitting a network to a panel: training, validation, calibration, and a last stretch on all of the data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from foretell.errors import SettingsError, TableError
from foretell.forecasting.blueprint import Blueprint
from foretell.forecasting.bodies import RECURRENT
from foretell.forecasting.calendar import calendar_names
from foretell.forecasting.covariates import Covariates
from foretell.forecasting.holdout import Holdout
from foretell.forecasting.inputs import InputLayout
from foretell.forecasting.panel import Panel
from foretell.forecasting.plan import Plan
from foretell.forecasting.prediction import Experience, windows_of
from foretell.forecasting.season import Seasons
from foretell.forecasting.settings import ForecastSettings
from foretell.forecasting.training_task import TrainingTask, observed
from foretell.forecasting.validation import Validation
from foretell.training import History, Progress, train

_FINISH_RATE = 0.2

OnProgress = Callable[[str, Progress], None]


@dataclass
class Fit:
    """A fitted network and what is known of it."""

    blueprint: Blueprint
    covariates: Covariates
    experience: Experience
    held_out: dict[str, Tensor]
    """The weights that never saw the backtest windows."""
    final: dict[str, Tensor]
    """The weights after the last stretch on all of the data: those that forecast."""
    factors: NDArray[np.float64]
    """(Q,) see `calibration_factors`; measured with `held_out` on the validation part."""
    calibrated_on: int
    """The number of values it was measured on."""
    history: History
    """The training that led to `held_out`."""
    finish: History | None
    """The last stretch."""
    holdout: Holdout
    seasons: Seasons
    """As found in the training part."""


def fit(
    panel: Panel,
    *,
    model: str,
    horizon: int,
    levels: tuple[int, ...],
    settings: ForecastSettings,
    device: str = "auto",
    checkpoint: Path | None = None,
    tensorboard: Path | None = None,
    on_progress: OnProgress | None = None,
) -> Fit:
    """Fit one network to all series of a panel; see `Holdout` for which part of them does what.

    `on_progress` is told the name of the stretch ("fit" or "finish") and how far it is. With `checkpoint`, a folder, a
    fit that was killed goes on where it stopped. Raises TableError for a panel with nothing to learn from,
    SettingsError for settings that do not go together, and what `foretell.training.train` raises.
    """
    plan = Plan.of(panel, horizon, settings)
    holdout = plan.holdout
    if observed(panel, holdout.training).max() < 2:
        raise TableError(
            "no series has as many as 2 values to learn from, after holding out the end for validation and backtest: "
            "give longer series, or fewer backtest windows"
        )
    covariates = Covariates.fit(panel, holdout.training)
    blueprint = Blueprint(
        model=model,
        hidden=settings.hidden,
        layers=settings.layers,
        layer_norm=settings.layer_norm,
        dropout=settings.dropout,
        layout=InputLayout(
            steps=plan.input_steps,
            horizon=horizon,
            seasons=plan.seasons.lengths,
            calendar=len(calendar_names(panel.frequency)),
            known=covariates.known_features,
            kernel=plan.kernel,
            stride=plan.stride,
        ),
        levels=tuple(sorted(levels)),
        static=covariates.static_features,
        categories=covariates.category_counts,
        members=settings.members,
    )
    training = settings.training
    if training.truncate is not None and (model not in RECURRENT or settings.conv_stride > 1):
        raise SettingsError(
            "truncate cuts the input of a recurrent network into chunks: not with wavenet or conv_stride"
        )

    windows = windows_of(panel, covariates, blueprint.layout)
    network = _build(blueprint, training.seed)
    task = TrainingTask(windows, blueprint, settings.batch_size * settings.members, training.seed)
    validation = Validation(windows, blueprint, holdout)
    share = 1 + settings.finish
    budget = None if training.minutes is None else training.minutes / share
    history = train(
        network,
        task.batches(holdout.training),
        task.loss,
        settings=replace(training, minutes=budget),
        evaluate=validation.loss if validation else None,
        device=device,
        checkpoint=checkpoint / "fit" if checkpoint else None,
        tensorboard=tensorboard / "fit" if tensorboard else None,
        on_progress=_named("fit", on_progress),
    )
    held_out = _weights(network)
    factors, count = validation.factors(network)

    finish = None
    steps = round(settings.finish * (history.best_step or history.steps))
    if steps:
        finish = train(
            network,
            task.batches(holdout.history, first=history.steps),
            task.loss,
            settings=replace(
                training,
                steps=steps,
                minutes=None if budget is None else budget * settings.finish,
                learning_rate=_FINISH_RATE * training.learning_rate,
                seed=training.seed + 1,
            ),
            device=device,
            checkpoint=checkpoint / "finish" if checkpoint else None,
            tensorboard=tensorboard / "finish" if tensorboard else None,
            on_progress=_named("finish", on_progress),
        )
    return Fit(
        blueprint=blueprint,
        covariates=covariates,
        experience=Experience.of(panel, holdout.training, blueprint.quantiles),
        held_out=held_out,
        final=_weights(network),
        factors=factors,
        calibrated_on=count,
        history=history,
        finish=finish,
        holdout=holdout,
        seasons=plan.seasons,
    )


def _build(blueprint: Blueprint, seed: int) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        return blueprint.build()


def _weights(network: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.detach().cpu().clone() for name, tensor in network.state_dict().items()}


def _named(name: str, on_progress: OnProgress | None) -> Callable[[Progress], None] | None:
    if on_progress is None:
        return None
    return lambda progress: on_progress(name, progress)

"""Fitting a network to a panel: training, validation, and a last stretch on all of the data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from foretell.errors import SettingsError, TableError
from foretell.forecasting.architecture import Architecture
from foretell.forecasting.backbones import RECURRENT
from foretell.forecasting.calendar import calendar_names
from foretell.forecasting.covariates import Covariates
from foretell.forecasting.holdout import Holdout
from foretell.forecasting.inputs import InputLayout
from foretell.forecasting.panel import Panel
from foretell.forecasting.plan import Plan
from foretell.forecasting.prediction import Experience, Network, forecast, windows_of
from foretell.forecasting.settings import ForecastSettings
from foretell.forecasting.training_task import TrainingTask, observed
from foretell.forecasting.validation import Validation
from foretell.tables.frequency import Frequency
from foretell.training import History, Progress, train

_RATE_AFTER_A_FALL = 0.4
"""The last stretch's highest rate, as a share of that of a training whose rate had fallen by itself."""
_SHORTEST_FINISH = 0.25
_LONG_SEASON = 200 * 86_400 * 1_000_000
"""In microseconds."""
FEWEST_VALUES = 2
"""Fewer than so many in each series are nothing that a network could be trained on."""
_UNVALIDATED_STEPS = 400
"""Where nothing could be held out to find out how many steps are right."""

OnProgress = Callable[[str, Progress], None]
Stage = Literal["held_out", "final"]


@dataclass(frozen=True)
class NetworkFit:
    """A trained network and what is known of it."""

    architecture: Architecture
    covariates: Covariates
    held_out: dict[str, Tensor]
    """The weights that never saw the backtest windows."""
    final: dict[str, Tensor]
    """The weights after the last stretch on all of the data: those that forecast."""
    history: History
    """The training that led to `held_out`."""
    finish: History | None
    """The last stretch."""
    device: torch.device = field(default=torch.device("cpu"), compare=False)
    _built: dict[str, Network] = field(default_factory=dict, compare=False, repr=False)

    def network(self, stage: Stage) -> Network:
        """The network with one of its two sets of weights, on the device, ready to forecast."""
        if stage not in self._built:
            # The random first weights are overwritten at once; the caller's random numbers are to stay as they are.
            with torch.random.fork_rng(devices=[]):
                network = self.architecture.build()
            network.load_state_dict(getattr(self, stage))
            self._built[stage] = network.to(self.device).eval().requires_grad_(False)
        return self._built[stage]

    def quantiles(
        self,
        panel: Panel,
        series: NDArray[np.int64],
        cutoffs: NDArray[np.int64],
        stage: Stage,
        experience: Experience,
    ) -> NDArray[np.float64]:
        """The quantiles of `GRID` for the H steps after row `cutoffs` (B,) of `series` (B,): (B, H, 15)."""
        windows = windows_of(panel, self.covariates, self.architecture.layout)
        return forecast(self.network(stage), windows, series, cutoffs, experience)


def fit_network(
    panel: Panel,
    plan: Plan,
    *,
    model: str,
    horizon: int,
    settings: ForecastSettings,
    device: str = "auto",
    checkpoint: Path | None = None,
    tensorboard: Path | None = None,
    on_progress: OnProgress | None = None,
) -> NetworkFit:
    """Fit one network to all series of a panel; see `Holdout` for which part of them does what.

    `on_progress` is told the name of the stretch ("fit" or "finish") and how far it is. With `checkpoint`, a folder, a
    fit that was killed goes on where it stopped. Raises TableError for a panel with nothing to learn from,
    SettingsError for settings that do not go together, and what `foretell.training.train` raises.
    """
    holdout = plan.holdout
    if observed(panel, holdout.training).max() < FEWEST_VALUES:
        raise TableError(
            f"no series has as many as {FEWEST_VALUES} values to learn from, after holding out the end for validation "
            "and backtest: give longer series, or fewer backtest windows"
        )
    covariates = Covariates.fit(panel, holdout.training)
    architecture = Architecture(
        model=model,
        hidden=settings.hidden,
        layers=settings.layers,
        layer_norm=settings.layer_norm,
        dropout=settings.dropout,
        layout=InputLayout(
            steps=plan.input_steps,
            horizon=horizon,
            seasons=network_seasons(plan.seasons.lengths, panel.frequency),
            calendar=len(calendar_names(panel.frequency)),
            known=covariates.known_features,
            kernel=plan.kernel,
            stride=plan.stride,
        ),
        static=covariates.static_features,
        categories=covariates.category_counts,
        members=settings.members,
    )
    training = settings.training
    if training.truncate is not None and (model not in RECURRENT or settings.conv_stride > 1):
        raise SettingsError(
            "truncate cuts the input of a recurrent network into chunks: not with wavenet or conv_stride"
        )

    windows = windows_of(panel, covariates, architecture.layout)
    network = _build(architecture, training.seed)
    task = TrainingTask(windows, architecture, settings.batch_size * settings.members, training.seed)
    validation = Validation(windows, architecture, holdout)
    share = _finish_share(holdout) if settings.finish is None else settings.finish
    budget = None if training.minutes is None else training.minutes / (1 + share)
    if not validation and training.patience is not None:
        training = replace(training, steps=min(training.steps, _UNVALIDATED_STEPS))
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

    finish = None
    steps = round(share * (history.best_step or history.steps))
    if steps:
        finish = train(
            network,
            task.batches(holdout.history, first=history.steps),
            task.loss,
            settings=replace(
                training,
                steps=steps,
                minutes=None if budget is None else budget * share,
                schedule="cosine",
                patience=None,
                learning_rate=training.learning_rate * (1.0 if training.schedule == "constant" else _RATE_AFTER_A_FALL),
                seed=training.seed + 1,
            ),
            device=device,
            checkpoint=checkpoint / "finish" if checkpoint else None,
            tensorboard=tensorboard / "finish" if tensorboard else None,
            on_progress=_named("finish", on_progress),
        )
    return NetworkFit(
        architecture=architecture,
        covariates=covariates,
        held_out=held_out,
        final=_weights(network),
        history=history,
        finish=finish,
        device=next(network.parameters()).device,
    )


def network_seasons(lengths: tuple[int, ...], frequency: Frequency) -> tuple[int, ...]:
    """Those of the season lengths whose values in phase a network is given: all but a year of days and shorter steps.

    The calendar's day of the year tells of it, and what was a year ago misleads where the year was an odd one.
    """
    if frequency.is_integer or frequency.months:
        return lengths
    return tuple(n for n in lengths if n == lengths[0] or n * frequency.microseconds < _LONG_SEASON)


def _finish_share(holdout: Holdout) -> float:
    """The length of the last stretch, as a share of the training: the longer, the more had been held out."""
    held = 1 - float(holdout.training.sum()) / float(holdout.history.sum())
    return min(1.0, max(_SHORTEST_FINISH, 2 * held)) if held > 0 else 0.0


def _build(architecture: Architecture, seed: int) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        return architecture.build()


def _weights(network: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.detach().cpu().clone() for name, tensor in network.state_dict().items()}


def _named(name: str, on_progress: OnProgress | None) -> Callable[[Progress], None] | None:
    if on_progress is None:
        return None
    return lambda progress: on_progress(name, progress)

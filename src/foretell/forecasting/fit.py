"""Fitting a network to a panel: training, validation, and a last stretch on all of the data."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from foretell.errors import SettingsError, TableError
from foretell.forecasting.any_horizon.network import AnyHorizonNetwork
from foretell.forecasting.architecture import Architecture, Network
from foretell.forecasting.backbones import RECURRENT
from foretell.forecasting.calendar import calendar_names
from foretell.forecasting.covariates import Covariates
from foretell.forecasting.holdout import Holdout
from foretell.forecasting.panel import Panel
from foretell.forecasting.plan import Plan
from foretell.forecasting.prediction import Answer, forecast
from foretell.forecasting.pretrained.shipped import PRETRAINED_BACKBONE, Pretrained, Sizes
from foretell.forecasting.settings import ForecastSettings
from foretell.forecasting.training_task import TrainingTask, observed
from foretell.forecasting.validation import Validation
from foretell.forecasting.windows import Windows
from foretell.training import History, Progress, train

_RATE_AFTER_A_FALL = 0.4
"""The last stretch's highest rate, as a share of that of a training whose rate had fallen by itself."""
_SHORTEST_FINISH = 0.25
FEWEST_VALUES = 2
"""Fewer than so many in each series are nothing that a network could be trained on."""
_UNVALIDATED_STEPS = 400
"""Where nothing could be held out to find out how many steps are right."""
_HEAD, _PHASE = 64, 16
"""Sizes of a network that begins with random weights; see `Architecture`."""
_TOKENS = 6144
"""Steps of all windows of a batch, at most, in fine-tuning: its network is the larger one."""
_TUNED_SHARE = 0.6
FINE_TUNED = "fine-tuned"

OnProgress = Callable[[str, Progress], None]
Stage = Literal["held_out", "final"]


@dataclass(frozen=True)
class NetworkFit:
    """A trained network and what is known of it."""

    architecture: Architecture
    tuned: bool
    """Whether training began with the pretrained weights."""
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

    @property
    def name(self) -> str:
        """What it is called among the forecasters of a model."""
        return FINE_TUNED if self.tuned else self.architecture.backbone

    def forecast(
        self,
        panel: Panel,
        series: NDArray[np.int64],
        cutoffs: NDArray[np.int64],
        horizon: int,
        stage: Stage,
        relative_spread: float,
    ) -> Answer:
        """Forecasts of the steps after row `cutoffs` (B,) of `series` (B,)."""
        windows = Windows.of(panel, self.covariates, self.architecture.reading, horizon)
        return forecast(self.network(stage), windows, series, cutoffs, horizon, relative_spread)


def fit_network(
    panel: Panel,
    plan: Plan,
    recipe: str | Pretrained,
    *,
    horizon: int,
    settings: ForecastSettings,
    label: str = "",
    device: str = "auto",
    checkpoint: Path | None = None,
    tensorboard: Path | None = None,
    on_progress: OnProgress | None = None,
) -> NetworkFit:
    """Fit one network to all series of a panel; see `Holdout` for which part of them does what.

    `recipe` is the backbone of a network that begins with random weights, or a pretrained network to be fine-tuned.
    `on_progress` is told the name of the stretch ("fit" or "finish", followed by the `label`) and how far it is. With
    `checkpoint`, a folder, a fit that was killed goes on where it stopped.

    Raises TableError for a panel with nothing to learn from, SettingsError for settings that do not go together, and
    what `foretell.training.train` raises.
    """
    holdout = plan.holdout
    if observed(panel, holdout.training).max() < FEWEST_VALUES:
        raise TableError(
            f"no series has as many as {FEWEST_VALUES} values to learn from, after holding out the end for validation "
            "and backtest: give longer series, or fewer backtest windows"
        )
    covariates = Covariates.fit(panel, holdout.training)
    start = recipe if isinstance(recipe, Pretrained) else None
    architecture = _architecture(panel, plan, covariates, recipe, settings)
    fit, last = f"fit{label}", f"finish{label}"
    training = settings.training
    if training.truncate is not None and (architecture.backbone not in RECURRENT or settings.conv_stride > 1):
        raise SettingsError(
            "truncate cuts the input of a recurrent network into chunks: not with wavenet or conv_stride"
        )
    network = _build(architecture, training.seed, start)
    # What the pretrained network cannot see, known columns, is worth the whole way.
    towards = None if covariates.known else start
    windows = Windows.of(panel, covariates, architecture.reading, horizon)
    batch = (
        settings.batch_size
        if start is None
        else min(settings.batch_size, max(1, _TOKENS // architecture.reading.window))
    )
    task = TrainingTask(windows, horizon, batch * settings.members, training.seed)
    validation = Validation(windows, horizon, holdout)
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
        checkpoint=checkpoint / fit if checkpoint else None,
        tensorboard=tensorboard / fit if tensorboard else None,
        on_progress=_named(fit, on_progress),
    )
    held_out = _weights(network, towards)

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
            checkpoint=checkpoint / last if checkpoint else None,
            tensorboard=tensorboard / last if tensorboard else None,
            on_progress=_named(last, on_progress),
        )
    return NetworkFit(
        architecture=architecture,
        tuned=start is not None,
        covariates=covariates,
        held_out=held_out,
        final=_weights(network, towards),
        history=history,
        finish=finish,
        device=next(network.parameters()).device,
    )


def _finish_share(holdout: Holdout) -> float:
    """The length of the last stretch, as a share of the training: the longer, the more had been held out."""
    held = 1 - float(holdout.training.sum()) / float(holdout.history.sum())
    return min(1.0, max(_SHORTEST_FINISH, 2 * held)) if held > 0 else 0.0


def _architecture(
    panel: Panel,
    plan: Plan,
    covariates: Covariates,
    recipe: str | Pretrained,
    settings: ForecastSettings,
) -> Architecture:
    # Pretrained weights fit the make that they were learned with, and no other.
    tuned = isinstance(recipe, Pretrained)
    if isinstance(recipe, Pretrained):
        make, backbone = recipe.sizes, PRETRAINED_BACKBONE
    else:
        make, backbone = Sizes(settings.hidden, settings.layers, _HEAD, _PHASE), recipe
    return Architecture(
        backbone=backbone,
        **asdict(make),
        reading=plan.reading,
        layer_norm=settings.layer_norm and not tuned,
        dropout=settings.dropout,
        stride=1 if tuned else settings.conv_stride,
        calendar=len(calendar_names(panel.frequency)),
        known=covariates.known_features,
        static=covariates.static_features,
        categories=covariates.category_counts,
        members=settings.members,
    )


def _build(architecture: Architecture, seed: int, start: Pretrained | None) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        network = architecture.build()
    return network if start is None else _started(network, start)


def _started(network: nn.Module, start: Pretrained) -> nn.Module:
    """The network, or each member of an ensemble, with the pretrained weights."""
    for member in network.modules():
        if isinstance(member, AnyHorizonNetwork):
            member.start_from(start.network)
    return network


def _weights(network: nn.Module, start: Pretrained | None) -> dict[str, Tensor]:
    """The weights on the CPU; where training began at `start`, those at `_TUNED_SHARE` of the way that they went.

    Between both ends of a fine-tuning lie weights that are about as good as the better end, whichever that is (Wortsman
    et al., 2022).
    """
    weights = {name: tensor.detach().cpu().clone() for name, tensor in network.state_dict().items()}
    if start is None:
        return weights
    first = _started(copy.deepcopy(network), start).cpu().state_dict()
    return {name: torch.lerp(first[name], tensor, _TUNED_SHARE) for name, tensor in weights.items()}


def _named(name: str, on_progress: OnProgress | None) -> Callable[[Progress], None] | None:
    if on_progress is None:
        return None
    return lambda progress: on_progress(name, progress)

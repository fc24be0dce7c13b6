"""Fitting a network to a panel: training, validation, and a final phase on all of the data."""

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
"""Peak learning rate of the final phase, relative to that of a training whose own schedule lowered the rate."""
_SHORTEST_FINISH = 0.25
FEWEST_VALUES = 2
"""Minimum number of values in some series for a network to be trained."""
_UNVALIDATED_STEPS = 400
"""Training steps where no data could be held out to find the best number of steps."""
_HEAD, _PHASE = 64, 16
"""Sizes of a network that begins with random weights; see `Architecture`."""
_TOKENS = 6144
"""Maximum number of time steps in a fine-tuning batch, over all windows: its network is the larger one."""
_TUNED_SHARE = 0.6
FINE_TUNED = "fine-tuned"

OnProgress = Callable[[str, Progress], None]
Stage = Literal["held_out", "final"]


@dataclass(frozen=True)
class NetworkFit:
    """A trained network, its settings and its training history."""

    architecture: Architecture
    tuned: bool
    """True if training began with the pretrained weights."""
    covariates: Covariates
    held_out: dict[str, Tensor]
    """Weights that were not trained on the backtest windows."""
    final: dict[str, Tensor]
    """Weights after the final phase on all of the data, used to forecast."""
    history: History
    """History of the training that led to `held_out`."""
    finish: History | None
    """History of the final phase."""
    device: torch.device = field(default=torch.device("cpu"), compare=False)
    _built: dict[str, Network] = field(default_factory=dict, compare=False, repr=False)

    def network(self, stage: Stage) -> Network:
        """Build the network with one of its two sets of weights, on the device, ready to forecast."""
        if stage not in self._built:
            # The initial random weights are overwritten at once; the caller's random state must not change.
            with torch.random.fork_rng(devices=[]):
                network = self.architecture.build()
            network.load_state_dict(getattr(self, stage))
            self._built[stage] = network.to(self.device).eval().requires_grad_(False)
        return self._built[stage]

    @property
    def name(self) -> str:
        """Name of the network among the forecasters of a model."""
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
        """Forecast the steps after row `cutoffs` (B,) of `series` (B,)."""
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
    """Fit one network to all series of a panel; `Holdout` says which part of each series is used for what.

    `recipe` is the backbone of a network that begins with random weights, or a pretrained network to fine-tune.
    `on_progress` receives the name of the phase ("fit" or "finish", followed by the `label`) and its progress. With
    the folder `checkpoint`, a fit that was interrupted continues where it stopped.

    Raises TableError for a panel with nothing to learn from, SettingsError for settings that cannot be combined, and
    any exception of `foretell.training.train`.
    """
    holdout = plan.holdout
    if observed(panel, holdout.training).max() < FEWEST_VALUES:
        raise TableError(
            f"no series has at least {FEWEST_VALUES} values to learn from after holding out the end for validation "
            "and backtest: give longer series, or fewer backtest windows"
        )
    covariates = Covariates.fit(panel, holdout.training)
    start = recipe if isinstance(recipe, Pretrained) else None
    architecture = _architecture(panel, plan, covariates, recipe, settings)
    fit, last = f"fit{label}", f"finish{label}"
    training = settings.training
    if training.truncate is not None and (architecture.backbone not in RECURRENT or settings.conv_stride > 1):
        raise SettingsError(
            "truncate cuts the input of a recurrent network into chunks: it cannot be combined with wavenet or "
            "conv_stride"
        )
    network = _build(architecture, training.seed, start)
    # With known columns, which the pretrained network cannot see, the fine-tuned weights are not averaged back.
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
    """Return the length of the final phase as a share of the training: it grows with the share held out."""
    held = 1 - float(holdout.training.sum()) / float(holdout.history.sum())
    return min(1.0, max(_SHORTEST_FINISH, 2 * held)) if held > 0 else 0.0


def _architecture(
    panel: Panel,
    plan: Plan,
    covariates: Covariates,
    recipe: str | Pretrained,
    settings: ForecastSettings,
) -> Architecture:
    # Pretrained weights fit only the architecture that they were trained with.
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
    """Load the pretrained weights into the network, or into each member of an ensemble."""
    for member in network.modules():
        if isinstance(member, AnyHorizonNetwork):
            member.start_from(start.network)
    return network


def _weights(network: nn.Module, start: Pretrained | None) -> dict[str, Tensor]:
    """Return the weights on the CPU; if training began at `start`, interpolated at `_TUNED_SHARE` of the way from it.

    Weights interpolated between the start and the end of fine-tuning are about as good as the better of the two
    (Wortsman et al., 2022).
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

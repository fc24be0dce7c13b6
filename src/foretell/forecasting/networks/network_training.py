"""Fitting a network to a panel: training, validation, and a final phase on all of the data."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from foretell.errors import SettingsError, TableError
from foretell.forecasting.any_horizon.inputs import Inputs
from foretell.forecasting.any_horizon.network import AnyHorizonNetwork
from foretell.forecasting.covariates.calendar import calendar_names
from foretell.forecasting.covariates.covariates import Covariates
from foretell.forecasting.holdout import Holdout
from foretell.forecasting.networks.architecture import Architecture
from foretell.forecasting.networks.backbones import RECURRENT
from foretell.forecasting.networks.fitted_network import FINE_TUNED, FittedNetwork
from foretell.forecasting.networks.training_task import TrainingTask, observed
from foretell.forecasting.networks.validation import Validation
from foretell.forecasting.networks.windows import Windows
from foretell.forecasting.panel import Panel
from foretell.forecasting.plan import Plan
from foretell.forecasting.pretrained.shipped import PRETRAINED_BACKBONE, Pretrained, Sizes
from foretell.forecasting.seasons.further_seasons import phase_columns
from foretell.forecasting.settings import ForecastSettings
from foretell.training import History, Progress, TrainingSettings, train

_RATE_AFTER_A_FALL = 0.4
"""Peak learning rate of the final phase, relative to that of a training whose own schedule lowered the rate."""
_SHORTEST_FINISH = 0.25
FEWEST_VALUES = 2
"""Minimum number of values in some series for a network to be trained."""
_UNVALIDATED_STEPS = 400
"""Training steps where no data could be held out to find the best number of steps."""
_HEAD, _PHASE = 64, 16
"""Sizes of a network that begins with random weights; see `Architecture`."""
_TUNED_SHARE = 0.6

OnProgress = Callable[[str, Progress], None]
Batches = Callable[[int], Inputs]


@dataclass(frozen=True)
class TrainingData:
    """What a network that is trained on a panel reads."""

    covariates: Covariates
    windows: Windows
    validation: Validation

    @classmethod
    def of(cls, panel: Panel, plan: Plan, horizon: int) -> TrainingData:
        """Encode the covariates and cut the validation windows. Raises TableError as `Windows.of`."""
        covariates = Covariates.fit(panel, plan.holdout.training)
        windows = Windows.of(panel, covariates, plan.reading, horizon)
        return cls(covariates, windows, Validation(windows, horizon, plan.holdout))


class NetworkTraining:
    """Training of one network on all series of a panel, to be finished on all of the data.

    With a checkpoint folder and a constant learning rate it can be continued for longer, as often as needed.
    """

    def __init__(
        self,
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
        prepared: Callable[[Batches], Batches] | None = None,
        data: TrainingData | None = None,
    ) -> None:
        """`recipe` is the backbone of a network that begins with random weights, or a pretrained network to fine-tune.

        Trainings on the same panel by the same plan may share their `data`. `prepared` returns the batches of a
        training as another way to compute the same.

        `on_progress` receives the name of the phase ("fit" or "finish", followed by the `label`) and its progress. With
        the folder `checkpoint`, a training that was interrupted continues where it stopped.

        Raises TableError for a panel with nothing to learn from, SettingsError for settings that cannot be combined.
        """
        holdout, training = plan.holdout, settings.training
        if observed(panel, holdout.training).max() < FEWEST_VALUES:
            raise TableError(
                f"no series has at least {FEWEST_VALUES} values to learn from after holding out the end for validation "
                "and backtest: give longer series, or fewer backtest windows"
            )
        self._start = recipe if isinstance(recipe, Pretrained) else None
        self.data = data = data or TrainingData.of(panel, plan, horizon)
        self._covariates = data.covariates
        self._architecture = architecture = _architecture(panel, plan, self._covariates, recipe, settings)
        if training.truncate is not None and (architecture.backbone not in RECURRENT or settings.conv_stride > 1):
            raise SettingsError(
                "truncate cuts the input of a recurrent network into chunks: it cannot be combined with wavenet or "
                "conv_stride"
            )
        self._network = _build(architecture, training.seed, self._start)
        self._task = TrainingTask.of(data.windows, horizon, architecture, settings, tuned=self._start is not None)
        self._validation = data.validation
        self._holdout = holdout
        self._finish_share = _finish_share(holdout) if settings.finish is None else settings.finish
        if not self._validation and training.patience is not None:
            training = replace(training, steps=min(training.steps, _UNVALIDATED_STEPS))
        self._settings = training
        self._label = label
        self._device = device
        self._checkpoint = checkpoint
        self._tensorboard = tensorboard
        self._on_progress = on_progress
        self._prepared = prepared
        self._minutes: float | None = None
        self.history: History | None = None
        """History of the training so far."""

    @property
    def name(self) -> str:
        """Name of the network among the forecasters of a model."""
        return self._architecture.backbone if self._start is None else FINE_TUNED

    @property
    def seconds(self) -> float:
        """Time spent on training so far."""
        return 0.0 if self.history is None else self.history.seconds

    @property
    def loss(self) -> float:
        """Lowest validation loss so far; infinite if there is none."""
        return math.inf if self.history is None or self.history.best is None else self.history.best

    @property
    def ended(self) -> bool:
        """True if the training ended for another reason than time."""
        return self.history is not None and self.history.reason != "time"

    @property
    def minutes(self) -> float | None:
        """Time budget of the training before the final phase; None for none."""
        total = self._settings.minutes
        return None if total is None else total / (1 + self._finish_share)

    def complete(self) -> FittedNetwork:
        """Train within the time budget of the settings, and finish."""
        self.train(self.minutes)
        return self.finish()

    def train(self, minutes: float | None) -> None:
        """Train for up to `minutes` in all, earlier calls included, or until validation no longer improves.

        Raises any exception of `foretell.training.train`.
        """
        self._minutes = minutes
        self.history = self._run(
            f"fit{self._label}",
            self._task.batches(self._holdout.training),
            replace(self._settings, minutes=minutes),
            self._validation.loss if self._validation else None,
        )

    def finish(self) -> FittedNetwork:
        """Train on all of the data, after `train`: for a share of the steps so far, and at a falling rate."""
        history, settings = self.history, self._settings
        assert history is not None
        # With known columns, which the pretrained network cannot see, the fine-tuned weights are not averaged back.
        towards = None if self._covariates.known else self._start
        held_out = _weights(self._network, towards)
        finish = None
        steps = round(self._finish_share * (history.best_step or history.steps))
        if steps:
            falls = settings.schedule != "constant"
            finish = self._run(
                f"finish{self._label}",
                self._task.batches(self._holdout.history, first=history.steps),
                replace(
                    settings,
                    steps=steps,
                    minutes=None if self._minutes is None else self._minutes * self._finish_share,
                    schedule="cosine",
                    patience=None,
                    learning_rate=settings.learning_rate * (_RATE_AFTER_A_FALL if falls else 1.0),
                    seed=settings.seed + 1,
                ),
                None,
            )
        return FittedNetwork(
            architecture=self._architecture,
            tuned=self._start is not None,
            covariates=self._covariates,
            held_out=held_out,
            final=_weights(self._network, towards),
            history=history,
            finish=finish,
            device=next(self._network.parameters()).device,
        )

    def _run(
        self,
        stage: str,
        batches: Batches,
        settings: TrainingSettings,
        evaluate: Callable[[nn.Module], float] | None,
    ) -> History:
        return train(
            self._network,
            batches if self._prepared is None else self._prepared(batches),
            self._task.loss,
            settings=settings,
            evaluate=evaluate,
            device=self._device,
            checkpoint=self._checkpoint / stage if self._checkpoint else None,
            tensorboard=self._tensorboard / stage if self._tensorboard else None,
            on_progress=_named(stage, self._on_progress),
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
        calendar=len(calendar_names(panel.frequency)) + phase_columns(plan.reading.further),
        known=covariates.known_features,
        past=covariates.past_features,
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

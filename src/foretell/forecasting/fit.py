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
from foretell.forecasting.calibration import calibration_factors
from foretell.forecasting.covariates import Covariates
from foretell.forecasting.holdout import Holdout
from foretell.forecasting.inputs import InputLayout, Inputs
from foretell.forecasting.network import ForecastNetwork
from foretell.forecasting.panel import Panel
from foretell.forecasting.prediction import Experience, windows_of
from foretell.forecasting.quantiles import pinball_loss
from foretell.forecasting.settings import ForecastSettings, input_length, season_lengths
from foretell.forecasting.windows import Windows
from foretell.training import History, Progress, train

_WARM_UP_SHARE = 8
_VALIDATION_SERIES = 2048
_VALIDATION_BATCH = 256
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


def lay_out(
    panel: Panel, horizon: int, covariates: Covariates, settings: ForecastSettings, longest: int
) -> InputLayout:
    """What a network for this panel reads. `longest`: rows of the longest training part."""
    seasons = season_lengths(panel.frequency.seasons, settings.seasons, longest)
    stride = settings.conv_stride
    kernel = 2 * stride if stride > 1 else 1
    steps = input_length(settings.input_steps, seasons, horizon, longest)
    return InputLayout(
        steps=max(steps, kernel + stride),
        horizon=horizon,
        seasons=seasons,
        calendar=len(calendar_names(panel.frequency)),
        known=covariates.known_features,
        kernel=kernel,
        stride=stride,
    )


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
    shortest = min(settings.seasons or panel.frequency.seasons, default=1)
    holdout = Holdout.split(panel.history, horizon, shortest, settings.windows)
    longest = int(holdout.training.max())
    if longest < 2:
        raise TableError(
            "no series has as many as 2 values to learn from, after holding out the backtest: give longer series"
        )
    covariates = Covariates.fit(panel)
    blueprint = Blueprint(
        model=model,
        hidden=settings.hidden,
        layers=settings.layers,
        layer_norm=settings.layer_norm,
        dropout=settings.dropout,
        layout=lay_out(panel, horizon, covariates, settings, longest),
        levels=tuple(sorted(levels)),
        static=covariates.static_features,
        categories=covariates.category_counts,
    )
    training = settings.training
    if training.truncate is not None and (model not in RECURRENT or settings.conv_stride > 1):
        raise SettingsError(
            "truncate cuts the input of a recurrent network into chunks: not with wavenet or conv_stride"
        )

    windows = windows_of(panel, covariates, blueprint.layout)
    network = _build(blueprint, training.seed)
    task = _Task(windows, blueprint, settings.batch_size, training.seed)
    validation = _Validation(windows, blueprint, holdout)
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
    )


class _Task:
    """Random windows and the loss on them."""

    def __init__(self, windows: Windows, blueprint: Blueprint, batch_size: int, seed: int) -> None:
        self._windows = windows
        self._layout = blueprint.layout
        self._quantiles = torch.tensor(blueprint.quantiles)
        self._batch_size = batch_size
        self._seed = seed
        anchors = len(self._layout.all_anchors)
        self._anchors = anchors - anchors // _WARM_UP_SHARE

    def batches(self, limits: NDArray[np.int64], first: int = 0) -> Callable[[int], Inputs]:
        """Batch n for n = 0, 1, ...: windows of random series with random ends within their first `limits` rows."""
        usable = np.flatnonzero(limits >= 2)
        earliest = np.minimum(limits - 1, self._layout.lag + self._layout.steps // 2)

        def batch(step: int) -> Inputs:
            random = np.random.default_rng([self._seed, first + step])
            series = random.choice(usable, self._batch_size)
            ends = random.integers(earliest[series], limits[series] + 1)
            return self._layout.inputs(self._windows.cut(series, ends, limits[series]), self._anchors)

        return batch

    def loss(self, network: nn.Module, inputs: Inputs, state: object) -> tuple[Tensor, object]:
        """The pinball loss over all anchors and steps ahead."""
        quantiles, state = network(inputs, state)
        return pinball_loss(quantiles, inputs.target, self._quantiles.to(inputs.target.device)), state


class _Validation:
    """The windows whose horizon lies in the validation parts, every possible cutoff of them."""

    def __init__(self, windows: Windows, blueprint: Blueprint, holdout: Holdout) -> None:
        self._quantiles = torch.tensor(blueprint.quantiles)
        layout = blueprint.layout
        series = holdout.validated
        if len(series) > _VALIDATION_SERIES:
            series = series[np.linspace(0, len(series) - 1, _VALIDATION_SERIES).astype(np.int64)]
        self._batches: list[Inputs] = []
        for start in range(0, len(series), _VALIDATION_BATCH):
            part = series[start : start + _VALIDATION_BATCH]
            ends = holdout.validation[part] - layout.horizon
            cutoffs = ends - holdout.training[part] + 1
            most = max(1, min(int(cutoffs.max()), layout.steps // 2))
            inputs = layout.inputs(windows.cut(part, ends, holdout.validation[part]), -(-most // layout.stride))
            age = torch.arange(inputs.last.shape[1] - 1, -1, -1) * layout.stride
            early = age >= torch.from_numpy(cutoffs)[:, None]
            self._batches.append(replace(inputs, target=inputs.target.masked_fill(early[..., None], torch.nan)))

    def __bool__(self) -> bool:
        return any(bool((~inputs.target.isnan()).any()) for inputs in self._batches)

    def loss(self, network: nn.Module) -> float:
        """The mean pinball loss."""
        total = count = 0.0
        for inputs, forecast in self._forecasts(network):
            seen = float((~inputs.target.isnan()).sum())
            total += seen * float(pinball_loss(forecast, inputs.target, self._quantiles.to(forecast.device)))
            count += seen
        return total / count

    def factors(self, network: nn.Module) -> tuple[NDArray[np.float64], int]:
        """The calibration factors (Q,), and the number of values they rest on."""
        if not self:
            return np.ones(len(self._quantiles)), 0
        pairs = [
            (f.cpu().double().numpy(), inputs.target.cpu().double().numpy()) for inputs, f in self._forecasts(network)
        ]
        forecast = np.concatenate([f.reshape(-1, f.shape[-1]) for f, _ in pairs])
        actual = np.concatenate([a.reshape(-1) for _, a in pairs])
        return calibration_factors(self._quantiles.tolist(), forecast, actual), int((~np.isnan(actual)).sum())

    def _forecasts(self, network: nn.Module) -> list[tuple[Inputs, Tensor]]:
        device = next(network.parameters()).device
        self._batches = [inputs.to(device) for inputs in self._batches]
        with torch.no_grad():
            return [(inputs, network(inputs)[0]) for inputs in self._batches]


def _build(blueprint: Blueprint, seed: int) -> ForecastNetwork:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return blueprint.build()


def _weights(network: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.detach().cpu().clone() for name, tensor in network.state_dict().items()}


def _named(name: str, on_progress: OnProgress | None) -> Callable[[Progress], None] | None:
    if on_progress is None:
        return None
    return lambda progress: on_progress(name, progress)

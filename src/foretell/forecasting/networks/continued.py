"""A trained network that learns from rows that came after its training."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from foretell.forecasting.networks.fitted_network import FittedNetwork
from foretell.forecasting.networks.network_training import OnProgress
from foretell.forecasting.networks.trained_networks import TUNING_RATE
from foretell.forecasting.networks.training_task import TrainingTask
from foretell.forecasting.networks.windows import Windows
from foretell.forecasting.panel import Panel
from foretell.forecasting.settings import ForecastSettings
from foretell.training import Progress, train

_RATE = 0.4
"""Learning rate relative to that of the training before."""


def continued(
    network: FittedNetwork,
    panel: Panel,
    before: NDArray[np.int64],
    *,
    horizon: int,
    settings: ForecastSettings,
    steps: int,
    device: str = "auto",
    on_progress: OnProgress | None = None,
) -> FittedNetwork:
    """Train the final weights further, for `steps` steps at a falling rate, on all rows of a panel; half of the windows
    end after the first `before` (N,) rows of their series.

    The weights that were final so far, which have not seen these rows, are kept as those `held_out`. `on_progress`
    receives "update-" with the network's name, and its progress. Raises what `foretell.training.train` raises.
    """
    with torch.random.fork_rng(devices=[]):
        learning = network.architecture.build()
    learning.load_state_dict(network.final)
    windows = Windows.of(panel, network.covariates, network.architecture.reading, horizon)
    training = replace(settings.training, steps=steps, minutes=None, patience=None)
    given = replace(settings, training=training)
    task = TrainingTask.of(windows, horizon, network.architecture, given, tuned=network.tuned)
    done = network.history.steps + (network.finish.steps if network.finish else 0)

    def show(progress: Progress) -> None:
        if on_progress is not None:
            on_progress(f"update-{network.name}", progress)

    finish = train(
        learning,
        task.batches(panel.history, first=done, since=before),
        task.loss,
        settings=replace(
            training,
            schedule="cosine",
            learning_rate=training.learning_rate * _RATE * (TUNING_RATE if network.tuned else 1.0),
            seed=training.seed + 2,
        ),
        device=device,
        on_progress=show,
    )
    final = {name: tensor.detach().cpu().clone() for name, tensor in learning.state_dict().items()}
    return replace(network, held_out=network.final, final=final, finish=finish, _built={})

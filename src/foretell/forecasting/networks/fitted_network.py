"""A network that was trained on a table: its weights, its settings and its training history."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from foretell.forecasting.covariates.covariates import Covariates
from foretell.forecasting.networks.architecture import Architecture, Network
from foretell.forecasting.networks.windows import Windows
from foretell.forecasting.panel import Panel
from foretell.forecasting.prediction import Answer, forecast
from foretell.training.history import History

FINE_TUNED = "fine-tuned"

Stage = Literal["held_out", "final"]


@dataclass(frozen=True)
class FittedNetwork:
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
        windows = self.windows(panel, horizon)
        return forecast(self.network(stage), windows, series, cutoffs, horizon, relative_spread)

    def windows(self, panel: Panel, horizon: int) -> Windows:
        """Return the windows of a panel's series as the network reads them. Raises TableError as `Windows.of`."""
        return Windows.of(panel, self.covariates, self.architecture.reading, horizon)

    def reads_as(self, other: FittedNetwork) -> bool:
        """Return whether both networks read the same windows."""
        return self.architecture.reading == other.architecture.reading and self.covariates == other.covariates

"""A fitted model as it forecasts: its networks, built once, and what it must know of the table it was fitted to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from foretell.errors import ModelError, SettingsError
from foretell.forecasting.calibration import calibrated
from foretell.forecasting.fit import Fit
from foretell.forecasting.panel import Panel
from foretell.forecasting.prediction import Network, forecast, windows_of
from foretell.forecasting.settings import ForecastSettings
from foretell.forecasting.tables.columns import Columns
from foretell.tables.frequency import Frequency

_FEW_WINDOWS = 4

WeightsName = Literal["held_out", "final"]


@dataclass(frozen=True)
class FittedModel:
    """What is saved of a forecaster, and how it forecasts."""

    fit: Fit
    frequency: Frequency
    columns: Columns
    """Those of the table it was fitted to, what was found in it filled in."""
    settings: ForecastSettings
    validated_until: Mapping[str, int]
    """For each series of the fit the time of the first row after its validation part: microseconds since 1970, or
    integer time. The weights `held_out` know nothing of that row nor of those after it."""
    device: torch.device = field(default=torch.device("cpu"), compare=False)
    _networks: dict[str, Network] = field(default_factory=dict, compare=False, repr=False)

    @property
    def horizon(self) -> int:
        """The steps ahead that it forecasts."""
        return self.fit.blueprint.layout.horizon

    def network(self, weights: WeightsName) -> Network:
        """The network with one of its two sets of weights, on the device, ready to forecast."""
        if weights not in self._networks:
            # The random first weights are overwritten at once; the caller's random numbers are to stay as they are.
            with torch.random.fork_rng(devices=[]):
                network = self.fit.blueprint.build()
            network.load_state_dict(getattr(self.fit, weights))
            self._networks[weights] = network.to(self.device).eval().requires_grad_(False)
        return self._networks[weights]

    def forecast(
        self, panel: Panel, series: NDArray[np.int64], cutoffs: NDArray[np.int64], weights: WeightsName
    ) -> NDArray[np.float64]:
        """Calibrated quantiles of the H steps after row `cutoffs` (B,) of `series` (B,): (B, H, Q).

        Raises ModelError where the weights, though finite, lead to forecasts that are not.
        """
        fit = self.fit
        windows = windows_of(panel, fit.covariates, fit.blueprint.layout)
        with _threads_for(len(series)):
            quantiles = forecast(self.network(weights), windows, series, cutoffs, fit.experience)
        # Without any history the forecast is what the training series held, which needs no calibration.
        with np.errstate(invalid="ignore", over="ignore"):  # said below
            stretched = calibrated(quantiles, fit.factors)
        forecasts = np.where((cutoffs > 0)[:, None, None], stretched, quantiles)
        if not np.isfinite(forecasts).all():
            raise ModelError(
                "the model's forecasts are not finite numbers: its weights are damaged, or values in the table are too "
                "large; fit a model anew, to values that are nearer to zero"
            )
        return forecasts


@contextmanager
def _threads_for(windows: int) -> Iterator[None]:
    """One thread for a few windows: handing their small products to several costs more than it saves, and waits for
    whoever holds the other cores."""
    threads = torch.get_num_threads()
    if windows > _FEW_WINDOWS or threads == 1:
        yield
        return
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def validated_until(panel: Panel, validation: NDArray[np.int64]) -> dict[str, int]:
    """The field of that name, from the rows (N,) at which the validation parts end."""
    return {name: int(ticks(panel, i, int(validation[i]))) for i, name in enumerate(panel.ids)}


def ticks(panel: Panel, series: int, row: int) -> int:
    """The time of a row as a number: microseconds since 1970, or integer time."""
    return int(panel.times(series, row + 1)[-1].astype(np.int64))


def forecast_device(name: str) -> torch.device:
    """The device that training on `name` (see `foretell.training.hardware.Hardware`) ends up on, without Fabric.

    Raises SettingsError if it is not there.
    """
    kind, _, index = name.partition(":")
    if kind == "auto" or kind == "gpu":
        there = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
        if kind == "gpu" and there == "cpu":
            raise SettingsError(f"device={name!r}: there is no GPU here; try device='auto'")
        kind = there
    try:
        device = torch.device(f"{kind}:{index}" if index and kind != "cpu" else kind)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise SettingsError(f"device={name!r} cannot be used ({reason}): try device='auto'") from error
    return device

"""Epochs in terms of steps, for those who count training in passes over the data."""

from __future__ import annotations

import math

from foretell.errors import SettingsError
from foretell.forecasting.holdout import Holdout
from foretell.forecasting.panel import Panel
from foretell.forecasting.settings import ForecastSettings, input_length, season_lengths


def steps_of_epochs(epochs: float, panel: Panel, horizon: int, settings: ForecastSettings) -> int:
    """The training steps that `epochs` passes over the training part of a panel take, 1 at least.

    An epoch is as many windows as cover each time step of all series once; windows are drawn at random, so a pass
    meets each step once on average. Raises SettingsError for a number that is not above 0.
    """
    if not 0 < epochs < math.inf:
        raise SettingsError(f"epochs is {epochs!r}: it must be above 0")
    shortest = min(settings.seasons or panel.frequency.seasons, default=1)
    training = Holdout.split(panel.history, horizon, shortest, settings.windows).training
    longest = int(training.max())
    seasons = season_lengths(panel.frequency.seasons, settings.seasons, longest)
    window = input_length(settings.input_steps, seasons, horizon, longest)
    return max(1, math.ceil(epochs * int(training.sum()) / (window * settings.batch_size)))

"""Conversion of epochs, passes over the training data, to training steps."""

from __future__ import annotations

import math

from foretell.errors import SettingsError
from foretell.forecasting.panel import Panel
from foretell.forecasting.plan import Plan
from foretell.forecasting.settings import ForecastSettings


def steps_of_epochs(epochs: float, panel: Panel, horizon: int, settings: ForecastSettings) -> int:
    """Return the training steps for `epochs` passes over the training part of a panel, at least 1.

    An epoch has as many windows as are needed to cover each time step of all series once. Windows are drawn at random,
    so each step is covered once on average. Raises SettingsError for a number that is not above 0.
    """
    if not 0 < epochs < math.inf:
        raise SettingsError(f"epochs is {epochs!r}: it must be above 0")
    plan = Plan.of(panel, horizon, settings)
    return max(1, math.ceil(epochs * int(plan.holdout.training.sum()) / (plan.reading.window * settings.batch_size)))

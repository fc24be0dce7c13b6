"""Epochs in terms of steps."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest

from foretell.errors import SettingsError
from foretell.forecasting.epochs import steps_of_epochs
from foretell.forecasting.panel import Panel
from foretell.forecasting.settings import ForecastSettings
from foretell.forecasting.tables.regularise import to_panel


def daily(days: int) -> Panel:
    start = np.datetime64("2020-01-01", "us")
    times = start + np.arange(days).astype("timedelta64[D]")
    return to_panel(pl.DataFrame({"ds": times, "y": np.arange(days, dtype=float)}))[0]


def test_an_epoch_covers_the_training_part_once() -> None:
    settings = ForecastSettings(input_steps=10, batch_size=4, windows=0)
    panel = daily(1000)
    # A tenth is held out for validation; a step covers 4 windows of 10 time steps.
    assert steps_of_epochs(1, panel, 5, settings) == math.ceil(900 / 40)
    assert steps_of_epochs(20, panel, 5, settings) == 20 * 900 / 40
    assert steps_of_epochs(0.001, panel, 5, settings) == 1


@pytest.mark.parametrize("epochs", [0, -1, math.nan, math.inf])
def test_a_number_that_makes_no_sense(epochs: float) -> None:
    with pytest.raises(SettingsError, match="epochs is"):
        steps_of_epochs(epochs, daily(50), 5, ForecastSettings())

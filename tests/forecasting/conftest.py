"""Small panels and the windows of them, for the tests of the forecasting core."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest
import torch

from foretell.forecasting.any_horizon.network import AnyHorizonNetwork
from foretell.forecasting.any_horizon.reading import Reading
from foretell.forecasting.networks.windows import Windows
from foretell.forecasting.panel import Panel
from foretell.forecasting.prediction import Answer, forecast
from foretell.forecasting.pretrained.shipped import Sizes
from foretell.tables.frequency import Frequency

START = np.datetime64("2024-01-01T00:00:00", "us")


def panel_of(
    series: Sequence[Any],
    *,
    alias: str = "h",
    rows_after: int = 0,
    known: Mapping[str, Any] | None = None,
    past: Mapping[str, Any] | None = None,
    static: Mapping[str, Any] | None = None,
) -> Panel:
    """A panel of `series`, each given up to its last observed value, with `rows_after` rows for the known future."""
    history = np.array([len(s) for s in series], dtype=np.int64)
    parts = [np.concatenate([np.asarray(s, float), np.full(rows_after, np.nan)]) for s in series]
    frequency = Frequency(alias)
    start = np.int64(0) if frequency.is_integer else START
    return Panel(
        ids=tuple(f"s{i}" for i in range(len(series))),
        frequency=frequency,
        starts=np.array([start] * len(series)),
        offsets=np.concatenate([[0], np.cumsum(history + rows_after)]),
        history=history,
        values=np.concatenate(parts),
        known=known or {},
        past=past or {},
        static=static or {},
    )


def forecast_of(
    network: AnyHorizonNetwork,
    series: Sequence[Any],
    seasons: Sequence[int],
    horizon: int,
    relative_spread: float = 0.0,
) -> Answer:
    """What a network that reads no covariates forecasts after the end of each series."""
    panel = panel_of(series)
    windows = Windows.bare(panel, Reading.of(seasons))
    return forecast(network, windows, np.arange(len(panel)), panel.history, horizon, relative_spread)


@pytest.fixture(scope="session")
def make_panel() -> Callable[..., Panel]:
    return panel_of


@pytest.fixture(scope="session")
def noisy_sines() -> Panel:
    """Six hourly series of 360 values: a daily sine of its own phase and level, with noise of a fifth of its size."""
    random = np.random.default_rng(7)
    at = np.arange(360)
    return panel_of(
        [
            20 * i + 5 * np.sin(2 * np.pi * at / 24 + random.uniform(0, 6)) + random.normal(0, 1, len(at))
            for i in range(1, 7)
        ]
    )


@pytest.fixture(scope="session")
def small_network() -> AnyHorizonNetwork:
    """Of the make that is pretrained, with random weights: for what holds whatever was learned."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(5)
        return Sizes(hidden=12, layers=2, head=10, phase=6).build().eval().requires_grad_(False)

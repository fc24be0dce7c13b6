"""What is settled before anything is trained: which rows do what, which seasons count, how much a network reads."""

from __future__ import annotations

from dataclasses import dataclass

from foretell.forecasting.holdout import Holdout
from foretell.forecasting.panel import Panel
from foretell.forecasting.settings import ForecastSettings, input_length, season_lengths


@dataclass(frozen=True)
class Plan:
    """A panel, a horizon and settings, thought through."""

    holdout: Holdout
    seasons: tuple[int, ...]
    """Season lengths in steps, ascending."""
    kernel: int
    stride: int
    """Of the convolution in front of the network."""
    input_steps: int
    """Time steps that the network runs over, enough for the convolution to give two outputs."""

    @classmethod
    def of(cls, panel: Panel, horizon: int, settings: ForecastSettings) -> Plan:
        """The plan; nothing of it depends on the values."""
        natural = panel.frequency.seasons
        shortest = min(natural if settings.seasons is None else settings.seasons, default=1)
        holdout = Holdout.split(panel.history, horizon, shortest, settings.windows)
        longest = int(holdout.training.max())
        seasons = season_lengths(natural, settings.seasons, longest)
        stride = settings.conv_stride
        kernel = 2 * stride if stride > 1 else 1
        steps = input_length(settings.input_steps, seasons, horizon, longest)
        return cls(holdout, seasons, kernel, stride, max(steps, kernel + stride))

"""Decisions made before training: the split of the rows, the seasons, and the inputs of the network."""

from __future__ import annotations

from dataclasses import dataclass, replace

from foretell.errors import SettingsError
from foretell.forecasting.any_horizon.reading import Reading
from foretell.forecasting.holdout import Holdout
from foretell.forecasting.panel import Panel
from foretell.forecasting.seasons.detection import find_seasons
from foretell.forecasting.seasons.season import Seasons
from foretell.forecasting.settings import ForecastSettings
from foretell.tables.frequency import Frequency

_ALWAYS = 1000
"""Number of steps that is always allowed, however short the series are."""
_LONG_SEASON = 200 * 86_400 * 1_000_000
"""Length in microseconds above which a season is long."""
_MOST_FEATURES_AHEAD = 1 << 23
"""Maximum of hidden features times steps ahead, which takes memory for each window."""


@dataclass(frozen=True)
class Plan:
    """Decisions derived from a panel, a horizon and settings."""

    holdout: Holdout
    seasons: Seasons
    reading: Reading
    """Inputs of a network that is trained on the panel."""

    @classmethod
    def of(cls, panel: Panel, horizon: int, settings: ForecastSettings, *, trained: bool = True) -> Plan:
        """Make the plan; only the seasons depend on values, and only on those of the training part.

        Raises SettingsError if no series is long enough for the settings, or for a network too large to be `trained`.
        """
        _require_length(panel, horizon, settings)
        if trained:
            _require_size(horizon, settings)
        natural = panel.frequency.seasons
        shortest = min(natural if settings.seasons is None else settings.seasons, default=1)
        holdout = Holdout.split(panel.history, horizon, shortest, settings.windows)
        seasons = find_seasons(panel, holdout.training, natural, settings.seasons)
        lengths = network_seasons(seasons.lengths, panel.frequency)
        reading = Reading.of(lengths, settings.input_steps)
        # A convolution must give at least two outputs.
        least = 3 * settings.conv_stride if settings.conv_stride > 1 else 1
        window = max(least, min(reading.window, int(holdout.training.max())))
        return cls(holdout, seasons, replace(reading, window=window))

    @property
    def windows_per_epoch(self) -> float:
        """Return the number of windows that cover each time step of the training part once.

        Windows are drawn at random, so in that many each step is covered once on average.
        """
        return float(self.holdout.training.sum()) / self.reading.window


def network_seasons(lengths: tuple[int, ...], frequency: Frequency) -> tuple[int, ...]:
    """Return the season lengths whose phases a network receives: all but a year in steps of days or shorter.

    The day of the year is a calendar feature, and values of a year ago mislead if that year was unusual.
    """
    if frequency.is_integer or frequency.months:
        return lengths
    return tuple(n for n in lengths if n == lengths[0] or n * frequency.microseconds < _LONG_SEASON)


def _require_length(panel: Panel, horizon: int, settings: ForecastSettings) -> None:
    rows = int(panel.history.max())
    longest = max(_ALWAYS, rows)
    have = f"the longest series has {rows:,} steps"
    if horizon > longest:
        raise SettingsError(
            f"horizon {horizon:,}: {have}, too few to learn forecasts so far ahead; forecast at most {longest:,} "
            "steps, or aggregate the series to a coarser frequency"
        )
    for season in settings.seasons or ():
        if season > rows > 1:
            raise SettingsError(f"season {season:,}: {have}, less than one season; give a shorter one, or none")
    stride, steps = settings.conv_stride, settings.input_steps
    if stride > 1 and 3 * stride > longest:
        raise SettingsError(
            f"conv_stride {stride:,} needs an input of at least {3 * stride:,} steps, but {have}; give "
            f"at most {longest // 3:,}"
        )
    if steps is not None and steps > longest:
        raise SettingsError(f"input_steps {steps:,}: {have}; give at most {longest:,}")


def _require_size(horizon: int, settings: ForecastSettings) -> None:
    if settings.hidden > _MOST_FEATURES_AHEAD:
        raise SettingsError(
            f"hidden {settings.hidden:,}: a network with so many features is too large to train; give "
            f"at most {_MOST_FEATURES_AHEAD // horizon:,}"
        )
    if settings.hidden * horizon > _MOST_FEATURES_AHEAD:
        raise SettingsError(
            f"horizon {horizon:,} with {settings.hidden:,} hidden features needs a network that is too large to train; "
            f"forecast at most {_MOST_FEATURES_AHEAD // settings.hidden:,} steps, or aggregate to a coarser frequency"
        )

"""What is settled before anything is trained: which rows do what, and which seasons count."""

from __future__ import annotations

from dataclasses import dataclass, replace

from foretell.errors import SettingsError
from foretell.forecasting.any_horizon.reading import Reading
from foretell.forecasting.holdout import Holdout
from foretell.forecasting.panel import Panel
from foretell.forecasting.season import Seasons
from foretell.forecasting.season_detection import find_seasons
from foretell.forecasting.settings import ForecastSettings
from foretell.tables.frequency import Frequency

_ALWAYS = 1000
"""Steps that may be asked for however short the series are."""
_LONG_SEASON = 200 * 86_400 * 1_000_000
"""In microseconds."""
_MOST_WEIGHTS = 1 << 23
"""Hidden features times steps ahead, at most; the last layer has several times as many."""


@dataclass(frozen=True)
class Plan:
    """A panel, a horizon and settings, thought through."""

    holdout: Holdout
    seasons: Seasons
    reading: Reading
    """Of a network that is trained on the panel."""

    @classmethod
    def of(cls, panel: Panel, horizon: int, settings: ForecastSettings, *, trained: bool = True) -> Plan:
        """The plan; nothing of it depends on values but the seasons, and they on the training part alone.

        Raises SettingsError for what no series is long enough for, and for a network too large to be `trained`.
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
        # A convolution is to give two outputs at least.
        least = 3 * settings.conv_stride if settings.conv_stride > 1 else 1
        window = max(least, min(reading.window, int(holdout.training.max())))
        return cls(holdout, seasons, replace(reading, window=window))


def network_seasons(lengths: tuple[int, ...], frequency: Frequency) -> tuple[int, ...]:
    """Those of the season lengths whose values in phase a network is given: all but a year of days and shorter steps.

    The calendar's day of the year tells of it, and what was a year ago misleads where the year was an odd one.
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
            f"horizon {horizon:,}: {have}, so nothing could be learned of what comes so late; forecast {longest:,} "
            "steps at most, or bring the series to a coarser frequency"
        )
    for season in settings.seasons or ():
        if season > rows > 1:
            raise SettingsError(f"season {season:,}: {have}, less than one season; give a shorter one, or none")
    stride, steps = settings.conv_stride, settings.input_steps
    if stride > 1 and 3 * stride > longest:
        raise SettingsError(
            f"conv_stride {stride:,} takes an input of {3 * stride:,} steps at least, but {have}; give "
            f"{longest // 3:,} at most"
        )
    if steps is not None and steps > longest:
        raise SettingsError(f"input_steps {steps:,}: {have}; give {longest:,} at most")


def _require_size(horizon: int, settings: ForecastSettings) -> None:
    if settings.hidden > _MOST_WEIGHTS:
        raise SettingsError(
            f"hidden {settings.hidden:,}: a network of as many features is too large to train; give "
            f"{_MOST_WEIGHTS // horizon:,} at most"
        )
    if settings.hidden * horizon > _MOST_WEIGHTS:
        raise SettingsError(
            f"horizon {horizon:,} with {settings.hidden:,} hidden features takes a network that is too large to train; "
            f"forecast {_MOST_WEIGHTS // settings.hidden:,} steps at most, or bring the series to a coarser frequency"
        )

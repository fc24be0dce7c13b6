"""The arguments of a forecaster: checked, and in one form whichever way they were given."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import get_args

import numpy as np

from foretell.errors import SettingsError
from foretell.forecasting.networks.backbones import AUTO, PRETRAINED
from foretell.forecasting.tables.columns import Aggregate
from foretell.tables.public_holidays import public_holidays


def model_of_preset(preset: str, model: str, minutes: float | None) -> str:
    """Return the model that a preset selects. Raises SettingsError if the preset contradicts the other arguments."""
    if minutes is not None:
        raise SettingsError(f"preset {preset!r} and minutes={minutes!r} each set how long to train: give only one")
    if preset != "instant" or model == PRETRAINED:
        return model
    if model != AUTO:
        raise SettingsError(
            f"preset 'instant' trains nothing, but model {model!r} has to be trained: drop one of the two"
        )
    return PRETRAINED


def whole_number(name: str, value: object, least: int, most: int | None = None) -> int:
    """Return a whole number. Raises SettingsError, naming the argument, for anything else or one out of bounds."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        raise SettingsError(f"{name} is {value!r}: it must be a whole number, {least} or more")
    if most is not None and int(value) > most:
        raise SettingsError(f"{name} is {value!r}: it must be at most {most:,}")
    return int(value)


def several_names(names: Sequence[str]) -> tuple[str, ...]:
    """Return one name or several as a tuple."""
    return (names,) if isinstance(names, str) else tuple(names)


def several_numbers(quantiles: float | Sequence[float]) -> tuple[float, ...]:
    """Return one number or several as a tuple."""
    return tuple(quantiles) if isinstance(quantiles, Sequence | np.ndarray) else (quantiles,)


def holiday_places(holidays: str | Sequence[str]) -> tuple[str, ...]:
    """Return the places of holidays. Raises SettingsError for one that does not exist."""
    places = tuple(place.strip().upper() for place in several_names(holidays))
    for place in places:
        public_holidays(place, 2000, 2000)
    return places


def known_aggregate(aggregate: Aggregate) -> Aggregate:
    """Return the way to combine rows. Raises SettingsError for one that does not exist."""
    ways = get_args(Aggregate)
    if aggregate not in ways:
        raise SettingsError(f"aggregate is {aggregate!r}: it must be one of {', '.join(ways)}")
    return aggregate


def season_lengths(season: int | Sequence[int]) -> tuple[int, ...]:
    """Return one season length or several as a tuple. Raises SettingsError for one that is none."""
    lengths = [season] if isinstance(season, Integral) or not isinstance(season, Sequence) else season
    return tuple(whole_number("season", length, least=2) for length in lengths)

"""The arguments of a forecaster: checked, and in one form whichever way they were given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from numbers import Integral
from typing import get_args

import numpy as np

from foretell.errors import SettingsError
from foretell.forecasting.hierarchy.columns import level_columns
from foretell.forecasting.networks.backbones import AUTO, PRETRAINED
from foretell.forecasting.settings import LONGER, ForecastSettings
from foretell.forecasting.tables.columns import Aggregate, Columns
from foretell.tables.public_holidays import public_holidays
from foretell.training.settings import NO_BOUND


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


def columns_of(
    said: Columns,
    *,
    known: Sequence[str],
    past: Sequence[str],
    static: Sequence[str],
    holidays: str | Sequence[str],
    frequency: str | int | None,
    aggregate: Aggregate | None,
    hierarchy: str | Sequence[str],
    keep_outliers: bool,
) -> Columns:
    """Return the roles of the columns: those `said`, and in their place whatever is given by an argument of its own.

    Raises SettingsError for places, ways to aggregate and hierarchies that do not exist.
    """
    return replace(
        said,
        known=several_names(known) or said.known,
        past=several_names(past) or said.past,
        static=several_names(static) or said.static,
        holidays=holiday_places(holidays) or said.holidays,
        frequency=frequency if frequency is not None else said.frequency,
        aggregate=said.aggregate if aggregate is None else known_aggregate(aggregate),
        hierarchy=level_columns(hierarchy) if hierarchy else said.hierarchy,
        keep_outliers=keep_outliers or said.keep_outliers,
    )


def settings_of(
    said: ForecastSettings,
    *,
    season: int | Sequence[int] | None,
    quantiles: float | Sequence[float] | None,
    non_negative: bool | None,
    multivariate: bool | None,
    minutes: float | None,
    seed: int,
) -> ForecastSettings:
    """Return the settings: those `said`, and in their place whatever is given by an argument of its own.

    Raises SettingsError for invalid values.
    """
    training = replace(said.training, seed=whole_number("seed", seed, least=0) or said.training.seed)
    if minutes is not None:
        training = replace(training, minutes=minutes, steps=NO_BOUND)
        if training.patience is not None:
            training = replace(training, patience=LONGER.patience, rise=LONGER.rise)
    return replace(
        said,
        seasons=said.seasons if season is None else season_lengths(season),
        quantiles=said.quantiles if quantiles is None else several_numbers(quantiles),
        non_negative=said.non_negative if non_negative is None else non_negative,
        multivariate=said.multivariate if multivariate is None else multivariate,
        training=training,
    )

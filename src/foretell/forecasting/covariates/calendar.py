"""Calendar features: the time of day, week and year of each step, as sines and cosines."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from foretell.tables.frequency import Frequency
from foretell.tables.grids import Times

_SECOND = 1_000_000
_DAY = 86_400 * _SECOND

Phase = Callable[[NDArray[np.int64]], NDArray[np.float64]]


def _year_phase(ticks: NDArray[np.int64]) -> NDArray[np.float64]:
    times = ticks.astype("datetime64[us]")
    year = times.astype("datetime64[Y]")
    start = year.astype("datetime64[us]").astype(np.int64)
    end = (year + 1).astype("datetime64[us]").astype(np.int64)
    return np.asarray((ticks // _DAY * _DAY - start) / (end - start))


def _month_phase(ticks: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.asarray(ticks.astype("datetime64[us]").astype("datetime64[M]").astype(np.int64) % 12 / 12)


# Day zero, 1970-01-01, was a Thursday.
_CYCLES: dict[str, tuple[int, Phase]] = {
    "second_of_minute": (60 * _SECOND, lambda ticks: ticks % (60 * _SECOND) / (60 * _SECOND)),
    "minute_of_hour": (3600 * _SECOND, lambda ticks: ticks % (3600 * _SECOND) / (3600 * _SECOND)),
    "time_of_day": (_DAY, lambda ticks: ticks % _DAY / _DAY),
    "day_of_week": (7 * _DAY, lambda ticks: (ticks // _DAY + 3) % 7 / 7),
    "day_of_year": (365 * _DAY, _year_phase),
    "month_of_year": (365 * _DAY, _month_phase),
}


def _cycles(frequency: Frequency) -> list[str]:
    if frequency.is_integer:
        return []
    if frequency.months:
        return ["month_of_year"] if frequency.months < 12 else []
    width = frequency.grid.width
    return [name for name, (length, _) in _CYCLES.items() if length > width and name != "month_of_year"]


def calendar_names(frequency: Frequency) -> tuple[str, ...]:
    """Return the names of the C columns of `calendar_features`: `{cycle}_sin` and `{cycle}_cos` in turn."""
    return tuple(f"{name}_{part}" for name in _cycles(frequency) for part in ("sin", "cos"))


def calendar_features(times: Times, frequency: Frequency) -> NDArray[np.float32]:
    """Return sine and cosine of each calendar cycle longer than one step, float32 (T, C); C = 0 for integer time.

    `times`: (T,) `datetime64`, in the local time zone. C depends on the frequency alone: for hourly data the time of
    day, the day of the week and the day of the year give C = 6, for monthly data the month gives C = 2.
    """
    names = _cycles(frequency)
    features = np.empty((len(times), 2 * len(names)), dtype=np.float32)
    if names:
        ticks = times.astype("datetime64[us]").astype(np.int64)
        for i, name in enumerate(names):
            angle = 2 * np.pi * _CYCLES[name][1](ticks)
            features[:, 2 * i] = np.sin(angle)
            features[:, 2 * i + 1] = np.cos(angle)
    return features

"""Calendar features within an exported program; see `foretell.forecasting.covariates.calendar`, which they equal."""

from __future__ import annotations

import math

import torch
from torch import Tensor

_SECOND = 1_000_000
_DAY = 86_400 * _SECOND
_ERA = 146_097
"""Days in 400 years, after which the calendar repeats."""
_ERAS = 20
"""Added to the times, so that whole numbers are divided that are not negative."""


def calendar_program(times: Tensor, names: tuple[str, ...]) -> Tensor:
    """Return sine and cosine of each cycle, float32 (..., C), of local times in microseconds since 1970, int64 (...).

    `names` are those of `calendar_names`.
    """
    ticks = times + _ERAS * _ERA * _DAY
    days = ticks // _DAY
    phases = {
        "second_of_minute": lambda: (ticks % (60 * _SECOND)).double() / (60 * _SECOND),
        "minute_of_hour": lambda: (ticks % (3600 * _SECOND)).double() / (3600 * _SECOND),
        "time_of_day": lambda: (ticks % _DAY).double() / _DAY,
        "day_of_week": lambda: ((days + 3) % 7).double() / 7,  # 1970-01-01 was a Thursday
        "day_of_year": lambda: _year_phase(days),
        "month_of_year": lambda: (_month(days) - 1).double() / 12,
    }
    columns = []
    for cycle in names[::2]:
        angle = 2 * math.pi * phases[cycle.removesuffix("_sin")]()
        columns += [angle.sin(), angle.cos()]
    return torch.stack(columns, -1).float()


def _march_day(days: Tensor) -> tuple[Tensor, Tensor]:
    """Return the year that begins in March, counted from one that 400 divides, and the day of it from 0 on."""
    day = (days + 719_468) % _ERA
    year = (day - day // 1460 + day // 36_524 - day // (_ERA - 1)) // 365
    return year, day - (365 * year + year // 4 - year // 100)


def _month(days: Tensor) -> Tensor:
    _, day = _march_day(days)
    from_march = (5 * day + 2) // 153
    return torch.where(from_march < 10, from_march + 3, from_march - 9)


def _year_phase(days: Tensor) -> Tensor:
    year, day = _march_day(days)
    year = year + (day >= 306)  # January and February belong to the next
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    day = torch.where(day >= 306, day - 306, day + 59 + leap)
    return day.double() / (365 + leap)

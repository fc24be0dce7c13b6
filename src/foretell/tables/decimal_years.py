"""Years with decimals, such as 1970.25, as R writes the times of its series and climatologists those of theirs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from foretell.tables.grids import DAY, Times
from foretell.tables.parsed_times import ParsedTimes

_YEARS = (1500.0, 2200.0)
# How far a time may lie from the middle of the places of all, in steps: two decimals are a sixteenth of a month.
_NEAR = 0.13
_WEEKS, _DAYS = 52, 365


def times_of_decimal_years(values: NDArray[np.float64]) -> ParsedTimes | None:
    """Return the times of years with decimals: months or quarters, weeks or days; None for other numbers.

    `values`: (R,) finite. Weeks, 52 to a year, and days of a year of 365 follow one another evenly from the first on.
    """
    if not len(values) or values.min() < _YEARS[0] or values.max() > _YEARS[1] or np.ptp(values) == 0:
        return None
    months = _numbered(values, 12)
    if months is not None:
        times = (months - 1970 * 12).astype("datetime64[M]").astype("datetime64[us]")
        return ParsedTimes(times, None, "years with decimals")
    days = _days(values)
    if days is not None:
        return ParsedTimes(days, None, "years with decimals")
    for per_year, length in ((_WEEKS, 7), (_DAYS, 1)):
        steps = _numbered(values, per_year)
        if steps is not None:
            first = np.datetime64(f"{int(values.min()):04}-01-01", "us")
            since = (steps - int(values.min()) * per_year) * length * DAY
            said = (
                f"Years with decimals were read as {per_year} steps a year, of {length} day{'s' * (length > 1)} each."
            )
            return ParsedTimes(first + since.astype("timedelta64[us]"), None, "years with decimals", said)
    return None


def _numbered(values: NDArray[np.float64], per_year: int) -> NDArray[np.int64] | None:
    """Return the numbers of the steps of some values, if all lie at one place within their steps, None otherwise."""
    places = values * per_year
    middle = float(np.angle(np.mean(np.exp(2j * np.pi * places)))) / (2 * np.pi)
    # From just before the beginning of a step on.
    middle = middle if middle > -_NEAR else middle + 1
    numbers = np.round(places - middle)
    if np.abs(places - middle - numbers).max() > _NEAR or len(np.unique(numbers)) < len(np.unique(values)):
        return None
    return np.asarray(numbers, np.int64)


def _days(values: NDArray[np.float64]) -> Times | None:
    """Return dates, if all values are those of whole days in years of their own lengths."""
    year = np.floor(values + 1e-6).astype(np.int64)
    first = (year - 1970).astype("datetime64[Y]").astype("datetime64[D]")
    length = ((year - 1969).astype("datetime64[Y]").astype("datetime64[D]") - first).astype(np.int64)
    into = (values - year) * length
    whole = np.round(into)
    # Half a day of the places of 365 steps is reached within a leap year.
    if np.abs(into - whole).max() > _NEAR or len(np.unique(values)) < 3:
        return None
    return np.asarray((first + whole.astype("timedelta64[D]")).astype("datetime64[us]"))

"""Calendar features: what they resolve, and that they turn with the calendar."""

from __future__ import annotations

import numpy as np
import pytest

from foretell.forecasting.covariates.calendar import calendar_features, calendar_names
from foretell.tables.frequency import Frequency


@pytest.mark.parametrize(
    ("alias", "cycles"),
    [
        ("15min", ["minute_of_hour", "time_of_day", "day_of_week", "day_of_year"]),
        ("h", ["time_of_day", "day_of_week", "day_of_year"]),
        ("D", ["day_of_week", "day_of_year"]),
        ("B", ["day_of_week", "day_of_year"]),
        ("W-SUN", ["day_of_year"]),
        ("MS", ["month_of_year"]),
        ("QE", ["month_of_year"]),
        ("YS", []),
        ("1", []),
    ],
)
def test_cycles(alias: str, cycles: list[str]) -> None:
    frequency = Frequency(alias)
    times = frequency.range(0 if frequency.is_integer else np.datetime64("2001-01-31"), 30)
    features = calendar_features(times, frequency)
    assert calendar_names(frequency) == tuple(f"{c}_{part}" for c in cycles for part in ("sin", "cos"))
    assert features.shape == (30, 2 * len(cycles))
    assert features.dtype == np.float32
    np.testing.assert_allclose((features.reshape(30, -1, 2) ** 2).sum(axis=2), 1, atol=1e-6)


def test_they_turn_with_the_calendar() -> None:
    frequency = Frequency("h")
    features = calendar_features(frequency.range(np.datetime64("2001-01-01T00"), 24 * 15), frequency)
    np.testing.assert_allclose(features[:24, :2], features[24:48, :2], atol=1e-6)
    np.testing.assert_allclose(features[:168, 2:4], features[168:336, 2:4], atol=1e-6)
    # Midnight; a Monday; New Year's Day.
    np.testing.assert_allclose(features[0], [0, 1, 0, 1, 0, 1], atol=1e-6)
    np.testing.assert_allclose(features[6, :2], [1, 0], atol=1e-6)


def test_before_1970() -> None:
    frequency = Frequency("D")
    features = calendar_features(np.array(["1969-12-29", "1970-01-05"], "datetime64[us]"), frequency)
    np.testing.assert_allclose(features[0, :2], features[1, :2], atol=1e-6)

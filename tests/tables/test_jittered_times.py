"""Times that jitter are moved onto the grid that people would name, and others are left alone."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from foretell.tables.frequency import Frequency
from foretell.tables.jittered_times import evened

SECOND = 1_000_000


def grid(alias: str, steps: int = 200, start: str = "2024-01-01") -> np.ndarray:
    return pd.date_range(start, periods=steps, freq=alias).to_numpy().astype("datetime64[us]")


def jittered(times: np.ndarray, low: int, high: int) -> np.ndarray:
    return times + np.random.default_rng(0).integers(low, high, len(times)).astype("timedelta64[us]")


def one(times: np.ndarray) -> np.ndarray:
    return np.zeros(len(times), np.int64)


@pytest.mark.parametrize(
    ("alias", "low", "high"),
    [
        ("200ms", -4_000, 4_000), ("10ms", -900, 900), ("s", 0, 90_000), ("min", -3 * SECOND, 3 * SECOND),
        ("h", 0, 40 * SECOND), ("h", 5 * SECOND, 9 * SECOND), ("15min", -20 * SECOND, 60 * SECOND), ("5s", 0, 400_000),
        ("D", -600 * SECOND, 600 * SECOND), ("6h", 0, 300 * SECOND),
    ],
)  # fmt: skip
def test_jitter_is_taken_out(alias: str, low: int, high: int) -> None:
    times = grid(alias)
    kept = np.delete(np.arange(200), [3, 50, 51, 120])
    np.testing.assert_array_equal(evened(jittered(times, low, high)[kept], one(kept)), times[kept])


def test_a_phase_that_is_no_whole_step_is_kept() -> None:
    times = grid("h", start="2024-01-01 00:30")
    np.testing.assert_array_equal(evened(jittered(times, -5 * SECOND, 5 * SECOND), one(times)), times)
    series = np.concatenate([times, times + np.timedelta64(20, "m")])
    owner = np.repeat([0, 1], len(times))
    np.testing.assert_array_equal(evened(jittered(series, -SECOND, SECOND), owner), series)


@pytest.mark.parametrize(
    ("alias", "moved"),
    [
        ("BME", {"2024-03-29": "2024-03-28", "2021-05-31": "2021-05-28"}),
        ("BMS", {"2024-01-01": "2024-01-02", "2021-01-01": "2021-01-04"}),
        ("W-FRI", {"2024-03-29": "2024-03-28", "2021-12-24": "2021-12-23"}),
        ("W-MON", {"2024-01-01": "2024-01-02", "2021-05-31": "2021-06-01"}),
    ],
)
def test_days_held_back_by_holidays(alias: str, moved: dict[str, str]) -> None:
    times = grid(alias, 60 if "M" in alias[:2] else 260, "2020-01-01")
    given = times.copy()
    for regular, held in moved.items():
        given[times == np.datetime64(regular, "us")] = np.datetime64(held, "us")
    assert np.sum(given != times) == 2
    np.testing.assert_array_equal(evened(given, one(times)), times)
    np.testing.assert_array_equal(evened(given, one(times), Frequency(alias)), times)


def test_once_a_day_at_any_time_of_day() -> None:
    days = grid("D", 60)
    clocks = np.random.default_rng(0).integers(6 * 3600, 22 * 3600, 60) * SECOND
    np.testing.assert_array_equal(evened(days + clocks.astype("timedelta64[us]"), one(days)), days)


def test_what_lies_near_no_grid() -> None:
    rng = np.random.default_rng(0)
    scattered = np.sort(np.datetime64("2024-01-01", "us") + rng.integers(0, 10**12, 300).astype("timedelta64[us]"))
    assert evened(scattered, one(scattered)) is None
    hours = grid("h", 50)
    twice = np.sort(np.append(hours, hours[7] + np.timedelta64(60, "s")))
    assert evened(twice, one(twice)) is None
    assert evened(twice, one(twice), Frequency("h")) is None
    assert evened(hours[:1], one(hours[:1])) is None


def test_one_row_in_each_step_of_a_given_frequency() -> None:
    hours = grid("h", 50)
    anywhere = hours + np.random.default_rng(0).integers(0, 3600, 50).astype("timedelta64[s]")
    assert evened(anywhere, one(hours)) is None
    np.testing.assert_array_equal(evened(anywhere, one(hours), Frequency("h")), hours)

"""Open days and hours: found in times, written, read again, and laid out as a grid."""

from __future__ import annotations

import numpy as np
import pytest

from foretell.tables.frequency import Frequency
from foretell.tables.frequency_inference import infer_frequency
from foretell.tables.grids import DAY
from foretell.tables.weekly_pattern import open_slots, pattern_of, slots_of

HOUR = DAY // 24
PATTERNS = {
    "D@MON-SAT": "MON-SAT",
    "D@SUN-THU": "SUN+MON-THU",
    "D@TUE-SUN": "TUE-SUN",
    "D@MON+WED+FRI": "MON+WED+FRI",
    "h@MON-FRI/09:00-17:00": None,
    "h@MON-FRI/09:00-17:00,SAT/09:00-12:00": None,
    "30min@MON-FRI/09:30-11:30+13:00-15:00": None,
    "h@08:00-20:00": None,
    "15min@MON-THU/00:00-23:45,FRI/00:00-21:45,SUN/22:00-23:45": None,
}


def times_of(alias: str, weeks: int = 6, start: str = "2023-01-02") -> np.ndarray:
    grid = Frequency(alias).grid
    return grid.range(np.datetime64(start, "us"), weeks * len(grid.slots))  # type: ignore[union-attr]


@pytest.mark.parametrize("alias", PATTERNS)
def test_found_in_times_and_continued(alias: str) -> None:
    times = times_of(alias)
    frequency = infer_frequency([times[: len(times) * 2 // 3]])
    assert frequency.grid == Frequency(alias).grid
    number, place = frequency.positions(times)
    assert np.all(place == place[0])
    np.testing.assert_array_equal(number - number[0], np.arange(len(times)))
    np.testing.assert_array_equal(frequency.range(times[0], len(times)), times)
    np.testing.assert_array_equal(Frequency.parse(frequency.alias).range(times[5], 9), times[5:14])


@pytest.mark.parametrize("alias", PATTERNS)
def test_written_and_read_again(alias: str) -> None:
    step, _, pattern = alias.partition("@")
    width = Frequency(step).microseconds
    slots = slots_of(pattern, width)
    assert slots is not None
    assert slots_of(pattern_of(slots, width), width) == slots
    assert pattern_of(slots, width) == (PATTERNS[alias] or pattern).replace("SUN+MON-THU", "MON-THU+SUN")


def test_gaps_do_not_hide_the_open_days() -> None:
    times = times_of("D@MON-SAT", 30)
    kept = np.delete(times, [7, 30, 31, 32, 77, 100])
    assert infer_frequency([kept]).alias == "D@MON-SAT"
    with_clock = kept + np.timedelta64(16, "h")
    assert infer_frequency([with_clock]).alias == "D@MON-SAT"
    np.testing.assert_array_equal(
        Frequency("D@MON-SAT").range(with_clock[5], 2), [with_clock[5], with_clock[5] + np.timedelta64(2, "D")]
    )


def test_closed_days_are_not_presumed_from_few_or_sparse_rows() -> None:
    week = np.arange("2023-01-02", "2023-01-23", dtype="datetime64[D]").astype("datetime64[us]")
    assert open_slots(week[:13], DAY) is None  # one Sunday, at the end of a fortnight
    assert open_slots(np.delete(week, 6), DAY) is None  # the next Sunday is there
    weekday = (week.astype("datetime64[D]").astype(int) + 3) % 7
    assert open_slots(week[(weekday == 0) | (weekday == 3)][:3], DAY) is None
    hours = np.arange("2023-01-02", "2023-03-02", dtype="datetime64[h]").astype("datetime64[us]")
    assert open_slots(hours, HOUR) is None
    assert open_slots(np.delete(hours, np.arange(500, 560)), HOUR) is None  # an outage
    nightly = hours[hours.astype("datetime64[h]").astype(int) % 24 != 3]
    assert open_slots(nightly, HOUR) is None  # an hour a day is lost, and nothing is closed


def test_a_time_outside_the_open_hours_is_on_no_grid() -> None:
    grid = Frequency("h@MON-FRI/09:00-17:00").grid
    times = np.array(["2023-01-02T08:00", "2023-01-02T09:00", "2023-01-07T10:00", "2023-01-06T17:00"], "datetime64[us]")
    assert grid.positions(times)[1].tolist() == [-1, 0, -1, 0]
    assert str(grid.range(times[3], 2)[1]) == "2023-01-09T09:00:00.000000"
    assert str(grid.range(times[2], 1)[0]) == "2023-01-09T09:00:00.000000"

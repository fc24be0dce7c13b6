"""The steps that times fall into."""

from __future__ import annotations

import numpy as np
import pytest

from foretell.errors import SettingsError
from foretell.tables.enclosing_steps import enclosing_steps
from foretell.tables.frequency import Frequency


@pytest.mark.parametrize(
    ("frequency", "time", "begin", "end", "label"),
    [
        ("15min", "2024-02-28T13:59:59", "2024-02-28T13:45", "2024-02-28T14:00", "2024-02-28T13:45"),
        ("h", "2024-02-28T13:59", "2024-02-28T13", "2024-02-28T14", "2024-02-28T13"),
        ("D", "1969-12-31T23:59", "1969-12-31", "1970-01-01", "1969-12-31"),
        ("W", "2024-02-28T13:59", "2024-02-26", "2024-03-04", "2024-03-03"),
        ("W", "2024-03-03", "2024-02-26", "2024-03-04", "2024-03-03"),
        ("W-SAT", "2024-03-03", "2024-03-03", "2024-03-10", "2024-03-09"),
        ("W-FRI", "2024-03-01", "2024-02-24", "2024-03-02", "2024-03-01"),
        ("MS", "2024-02-29T13:59", "2024-02-01", "2024-03-01", "2024-02-01"),
        ("ME", "2024-02-01T13:59", "2024-02-01", "2024-03-01", "2024-02-29"),
        ("BME", "2024-03-31", "2024-03-01", "2024-04-01", "2024-03-29"),
        ("QS", "2024-06-30", "2024-04-01", "2024-07-01", "2024-04-01"),
        ("QE", "2024-04-01", "2024-04-01", "2024-07-01", "2024-06-30"),
        ("QS-FEB", "2024-01-31", "2023-11-01", "2024-02-01", "2023-11-01"),
        ("YS", "2024-06-30", "2024-01-01", "2025-01-01", "2024-01-01"),
        ("YS-JUL", "2024-06-30", "2023-07-01", "2024-07-01", "2023-07-01"),
        ("YE-JUN", "2024-07-01", "2024-07-01", "2025-07-01", "2025-06-30"),
        ("B", "2024-03-01T18:00", "2024-03-01", "2024-03-02", "2024-03-01"),
    ],
)
def test_a_time_falls_into_the_step_that_a_calendar_names(
    frequency: str, time: str, begin: str, end: str, label: str
) -> None:
    steps = enclosing_steps(np.array([time], "datetime64[us]"), Frequency.parse(frequency))
    found = [steps.begin[0], steps.end[0], steps.label[0]]
    assert found == [np.datetime64(expected, "us") for expected in (begin, end, label)]


@pytest.mark.parametrize("frequency", ["5h", "D", "W-WED", "2W", "MS", "ME", "BMS", "QE-JAN", "YS-OCT", "2MS"])
def test_labels_lie_on_the_grid_of_their_frequency(frequency: str) -> None:
    parsed = Frequency.parse(frequency)
    hours = np.datetime64("2019-12-20T07", "us") + np.arange(0, 20_000, 5).astype("timedelta64[h]")
    steps = enclosing_steps(hours, parsed)
    assert np.all((steps.begin <= hours) & (hours < steps.end))
    assert len(np.unique(parsed.positions(steps.label)[1])) == 1
    assert np.array_equal(np.unique(steps.begin)[1:], np.unique(steps.end)[:-1])


def test_whole_numbers_fall_into_steps_of_so_many() -> None:
    assert enclosing_steps(np.array([0, 6, 7, 13]), Frequency.parse(7)).label.tolist() == [0, 0, 7, 7]


def test_steps_without_a_fixed_rule_are_refused() -> None:
    with pytest.raises(SettingsError, match="cannot be combined into steps of '4-4-5@SAT-JAN-NEAREST'"):
        enclosing_steps(np.array(["2024-01-01"], "datetime64[us]"), Frequency.parse("4-4-5@SAT-JAN-NEAREST"))

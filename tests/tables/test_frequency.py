"""Frequencies: inferred from gappy series, named by people, laid out as times."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foretell.errors import SettingsError, TableError
from foretell.tables.frequency import Frequency
from foretell.tables.frequency_inference import infer_frequency

ALIASES = [
    "100ms", "s", "10s", "min", "5min", "15min", "30min", "h", "6h", "D", "2D", "B", "W-SUN", "W-WED", "2W-MON", "MS",
    "ME", "2MS", "QS", "QE", "QS-FEB", "QE-NOV", "YS", "YE", "YS-APR", "YE-JUN", "5YS", "BME", "BMS", "BQE", "BQS-FEB",
    "BQE-NOV", "BYE-JUN", "BYS", "2BMS",
]  # fmt: skip


def dates(alias: str, steps: int, start: str = "2001-01-01") -> np.ndarray:
    return pd.date_range(start, periods=steps, freq=alias).to_numpy().astype("datetime64[us]")


@pytest.mark.parametrize("alias", ALIASES)
def test_range_agrees_with_pandas(alias: str) -> None:
    times = dates(alias, 50)
    np.testing.assert_array_equal(Frequency(alias).range(times[0], 50), times)


@given(st.sampled_from(ALIASES), st.sets(st.integers(0, 59), min_size=30, max_size=60))
def test_inferred_through_gaps(alias: str, kept: set[int]) -> None:
    times = dates(alias, 60)[sorted(kept | {0, 1, 2, 3, 4, 5, 6})]
    frequency = infer_frequency([times, dates(alias, 20)])
    assert frequency.alias == alias
    number, place = frequency.positions(times)
    assert np.all(place == place[0])
    np.testing.assert_array_equal(frequency.range(times[0], 60)[number - number[0]], times)


@pytest.mark.parametrize(
    ("alias", "seasons"),
    [
        ("h", (24, 168)), ("30min", (48, 336)), ("15min", (96, 672)), ("min", (60, 1440)), ("10s", (360, 8640)),
        ("s", (60, 3600)), ("D", (7,)), ("B", (5,)), ("W-SUN", (52,)), ("MS", (12,)), ("ME", (12,)), ("QS-FEB", (4,)),
        ("YS", ()), ("1", ()), ("6h", (4, 28)), ("2MS", (6,)), ("12MS", ()), ("BME", (12,)), ("BQS", (4,)),
        ("MS-30", (12,)),
        ("D@MON-SAT", (6,)), ("h@MON-FRI/09:00-17:00", (9, 45)), ("h@MON-FRI/09:00-17:00,SAT/09:00-12:00", (49,)),
        ("30min@09:30-12:00", (6, 42)), ("D@MON", ()),
    ],
)  # fmt: skip
def test_seasons(alias: str, seasons: tuple[int, ...]) -> None:
    assert Frequency(alias).seasons == seasons


@pytest.mark.parametrize(
    ("text", "alias"),
    [
        ("H", "h"), ("hourly", "h"), ("15min", "15min"), ("15m", "15min"), ("15T", "15min"), ("d", "D"), ("days", "D"),
        ("W", "W-SUN"), ("w-tue", "W-TUE"), ("M", "ME"), ("1mo", "MS"), ("monthly", "MS"), ("Q", "QE"), ("A", "YE"),
        ("QS-FEB", "QS-FEB"), (" 7 ", "7"), ("3", "3"), ("2 h", "2h"), ("BM", "BME"), ("BQ", "BQE"),
        ("MS-30", "MS-30"), ("d@mon-sat", "D@MON-SAT"), ("H@Mon-Fri/09:00-17:00", "h@MON-FRI/09:00-17:00"),
    ],
)  # fmt: skip
def test_parse(text: str, alias: str) -> None:
    assert Frequency.parse(text).alias == alias


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "h2",
        "fortnight",
        "-3",
        "MS-JAN",
        "W-XXX",
        "0h",
        "1.5h",
        "9" * 20,
        "9" * 20 + "D",
        "1000000YS",
        "MS-31",
        "D@",
        "D@XXX",
        "W@MON",
        "h@MON",
        "D@MON/09:00",
        "h@09:30+10:00",
        "h@25:00",
        "QS-30",
    ],
)
def test_parse_refuses_and_names_examples(text: str) -> None:
    with pytest.raises(SettingsError, match='such as "h"'):
        Frequency.parse(text)


@given(st.text(max_size=8))
def test_parse_of_any_text_works_or_refuses(text: str) -> None:
    try:
        frequency = Frequency.parse(text)
    except SettingsError:
        return
    assert len(frequency.range(0 if frequency.is_integer else np.datetime64("2001-01-01"), 3)) == 3


@pytest.mark.parametrize(
    "series",
    [
        [],
        [np.array(["2001-01-01"], "datetime64[us]")],
        [np.array(["2001-01-01"] * 2, "datetime64[us]")],
        [np.array(["2001-01-01T00:00", "2001-01-01T01:17", "2001-01-03T05:01", "2001-01-08T11:59"], "datetime64[us]")],
        [np.array([0, 3, 10, 11_000, 11_007])],
    ],
)
def test_what_cannot_be_inferred_says_how_to_give_it(series: list[np.ndarray]) -> None:
    with pytest.raises(TableError, match=r"--frequency or frequency="):
        infer_frequency(series)


def test_integers() -> None:
    frequency = infer_frequency([np.array([10, 20, 40]), np.array([5])])
    assert frequency == Frequency("10")
    assert frequency.is_integer
    assert Frequency.parse(10) == frequency
    np.testing.assert_array_equal(frequency.range(5, 3), [5, 15, 25])


def test_same_day_of_every_month() -> None:
    times = np.array(["2001-01-15", "2001-02-15", "2001-04-15"], "datetime64[us]")
    frequency = infer_frequency([times])
    assert frequency.alias == "MS"
    np.testing.assert_array_equal(frequency.range(times[0], 4)[[0, 1, 3]], times)


def test_one_stray_time_does_not_change_the_step() -> None:
    times = np.sort(np.append(dates("h", 200), np.datetime64("2001-01-03T04:00:01", "us")))
    assert infer_frequency([times]).alias == "h"


@pytest.mark.parametrize(
    ("first", "days", "alias"),
    [
        ("2019-01-30", ["2019-02-28", "2019-03-30", "2019-04-30"], "MS-30"),
        ("2020-02-29", ["2020-03-30", "2020-04-30"], "MS-30"),
        ("2019-12-29", ["2020-01-29", "2020-02-29", "2020-03-29", "2020-04-29"], "MS-29"),
        ("2019-01-31", ["2019-02-28", "2019-03-31", "2019-04-30"], "ME"),
        ("2019-01-30", ["2019-04-30", "2019-07-30", "2019-10-30"], "3MS-30"),
    ],
)
def test_the_last_days_of_months(first: str, days: list[str], alias: str) -> None:
    times = np.array([first, *days], "datetime64[us]")
    frequency = infer_frequency([times])
    assert frequency.alias == alias
    np.testing.assert_array_equal(frequency.range(times[0], len(times)), times)


def test_the_thirtieth_goes_on_from_a_february() -> None:
    start = np.datetime64("2023-02-28", "us")
    assert str(Frequency("MS-30").range(start, 3).astype("datetime64[D]")[1]) == "2023-03-30"

"""Time steps of business: days without holidays, weeks that end on any day, and months of whole weeks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from foretell.errors import SettingsError
from foretell.tables.frequency import Frequency
from foretell.tables.frequency_inference import infer_frequency
from foretell.tables.retail_months import MONTHS

BANK = "B/2024-12-25+2024-12-26+2025-01-01"


def days(*texts: str) -> np.ndarray:
    return np.array(texts, dtype="datetime64[us]")


def test_business_days_without_some() -> None:
    found = Frequency.parse(BANK).range(np.datetime64("2024-12-23"), 6)
    expected = days("2024-12-23", "2024-12-24", "2024-12-27", "2024-12-30", "2024-12-31", "2025-01-02")
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("start", ["2024-12-23", "2025-03-03"])
def test_steps_of_business_days_are_numbered_without_gaps(start: str) -> None:
    frequency = Frequency.parse(BANK)
    number, place = frequency.positions(frequency.range(np.datetime64(start), 400))
    assert (np.diff(number) == 1).all()
    assert (place == 0).all()
    assert (frequency.positions(days("2024-12-25", "2024-12-28"))[1] == -1).all()
    pandas = pd.offsets.CustomBusinessDay(holidays=["2024-12-25", "2024-12-26", "2025-01-01"])
    expected = pd.date_range(start, periods=400, freq=pandas)
    np.testing.assert_array_equal(frequency.range(np.datetime64(start), 400), expected.to_numpy())


def test_business_days_of_a_stock_exchange() -> None:
    pytest.importorskip("holidays")
    frequency = Frequency.parse("b/nyse + 2024-12-26")
    assert frequency.alias == "B/NYSE+2024-12-26"
    found = frequency.range(np.datetime64("2024-12-24"), 3)
    np.testing.assert_array_equal(found, days("2024-12-24", "2024-12-27", "2024-12-30"))


@pytest.mark.parametrize(("text", "said"), [("B/2024-02-30", "no day 2024-02-30"), ("B/XQ", "did you mean")])
def test_days_off_that_do_not_exist(text: str, said: str) -> None:
    if "XQ" in text:
        pytest.importorskip("holidays")
    with pytest.raises(SettingsError, match=said):
        Frequency.parse(text)


@pytest.mark.parametrize("day", ["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"])
def test_weeks_that_end_on_any_day(day: str) -> None:
    weeks = pd.date_range("2024-01-01", periods=30, freq=f"W-{day}")
    found = infer_frequency([weeks[:20].to_numpy()])
    assert found.alias == f"W-{day}"
    np.testing.assert_array_equal(found.range(weeks[20].to_datetime64(), 10), weeks[20:].to_numpy())


@pytest.mark.parametrize(
    ("rule", "weekday", "month"), [("nearest", 5, 1), ("last", 4, 12), ("nearest", 6, 8), ("last", 0, 6)]
)
def test_quarters_of_months_of_whole_weeks_are_those_of_pandas(rule: Any, weekday: int, month: int) -> None:
    quarter: Any = pd.offsets.FY5253Quarter
    offset = quarter(weekday=weekday, startingMonth=month, variation=rule, qtr_with_extra_week=4)
    quarters = pd.date_range("1995-01-01", "2039-12-31", freq=offset).to_numpy().astype("datetime64[us]")
    day = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")[weekday]
    frequency = Frequency.parse(f"4-4-5@{day}-{MONTHS[month - 1]}-{rule}")
    months = frequency.range(quarters[0], 3 * len(quarters) - 2)
    np.testing.assert_array_equal(months[::3], quarters)
    assert set(np.diff(months.astype("datetime64[D]")).astype(int).tolist()) == {28, 35, 42}
    assert (np.diff(frequency.positions(months)[0]) == 1).all()


@pytest.mark.parametrize(
    "alias", ["4-4-5@SAT-JAN-NEAREST", "4-5-4@SAT-JAN-NEAREST", "5-4-4@FRI-DEC-LAST", "4-4-5@SUN-DEC-LAST"]
)
@pytest.mark.parametrize("at", ["end", "begin"])
def test_months_of_whole_weeks_are_found(alias: str, at: str) -> None:
    last = _ends_of(alias)
    times = last if at == "end" else last[:-1] + np.timedelta64(1, "D")
    found = infer_frequency([times[:30]])
    np.testing.assert_array_equal(found.range(times[29], 7)[1:], times[30:36])
    assert infer_frequency([np.delete(times[:36], [7, 20])]).alias == found.alias


def _ends_of(alias: str) -> np.ndarray:
    """The last days of 40 months."""
    pattern = [int(weeks) for weeks in alias.split("@")[0].split("-")]
    weekday = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN").index(alias.split("@")[1][:3])
    month = MONTHS.index(alias.split("-")[3]) + 1
    rule: Any = alias.split("-")[4].lower()
    years = pd.date_range(
        "2016-01-01", periods=5, freq=pd.offsets.FY5253(weekday=weekday, startingMonth=month, variation=rule)
    )
    ends = []
    for first in years[:-1]:
        weeks = np.cumsum(np.tile(pattern, 4))[:-1]
        ends += [first, *(first + pd.Timedelta(weeks=int(n)) for n in weeks)]
    return np.array(ends, dtype="datetime64[us]")


@pytest.mark.parametrize(
    "times", [pd.date_range("2024-01-01", periods=20, freq="MS"), pd.date_range("2024-01-05", periods=20, freq="4W")]
)
def test_other_months_are_not_taken_for_them(times: pd.DatetimeIndex) -> None:
    assert not infer_frequency([times.to_numpy()]).alias.startswith(("4-", "5-"))
